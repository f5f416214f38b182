"""The store of positions in the providers' lists on DynamoDB."""

from undelivered.adapters.dynamodb.documents import get_document, put_document
from undelivered.domain.taxonomy import Channel
from undelivered.services.ports import ListPosition

PARTITION = "~lists"
"""The partition of the positions, which belong to the AWS account and not to an account."""


class DynamoListPositionStore:
    """``ports.ListPositionStore`` on the table Accounts."""

    def find(self, channel: Channel) -> ListPosition:
        """Return the position in the list of a channel; see ``ports.ListPositionStore``."""
        return get_document(PARTITION, channel.value, ListPosition) or ListPosition()

    def save(self, channel: Channel, position: ListPosition) -> None:
        """Write the position in the list of a channel."""
        put_document(PARTITION, channel.value, position)
