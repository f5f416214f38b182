"""Announcements of changes on the outcome topic of Amazon SNS."""

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.domain.announcement import Announcement, announced_form
from undelivered.domain.errors import RetryableError


class SnsAnnouncer(Struct, frozen=True):
    """Publishes to the outcome topic. Attributes let subscribers filter by account and type."""

    client: Any
    topic_arn: str
    with_address: bool

    def announce(self, told: Announcement) -> None:
        """Announce a change; see ``ports.Announcer``."""
        form = announced_form(told, with_address=self.with_address)
        try:
            self.client.publish(
                TopicArn=self.topic_arn,
                Message=json.dumps(form),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": str(form[name])} for name in ("account_id", "type")
                },
            )
        except (ClientError, BotoCoreError) as error:
            raise RetryableError(f"not announced: {type(error).__name__}") from error
