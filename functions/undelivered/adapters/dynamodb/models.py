"""The seven tables: keys, indexes and attributes. Nothing here reads the environment at import."""

from threading import Lock
from typing import Any, ClassVar

from msgspec import Struct
from pynamodb.attributes import BooleanAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.connection import Connection
from pynamodb.connection.table import TableConnection
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

_CONNECT_TIMEOUT_SECONDS = 2
_READ_TIMEOUT_SECONDS = 10
_SHARING = Lock()


class Table(Model):
    """The base of all tables. They share one botocore client, which is created at the first call.

    PynamoDB would create one for each model, and in a cold Lambda each costs as much as the function's own work.
    botocore finds region, credentials and endpoint (``AWS_ENDPOINT_URL``).
    """

    shared: ClassVar[Connection | None] = None

    @classmethod
    def _get_connection(cls) -> TableConnection:
        with _SHARING:  # several threads may be the first to use a table
            table = super()._get_connection()
            shared = shared_connection()
            if table.connection is not shared:
                shared.add_meta_table(table.get_meta_table())
                table.connection = shared
            return table

    @classmethod
    def table(cls) -> TableConnection:
        """Return the connection to this table, for requests without PynamoDB's models."""
        return cls._get_connection()


def shared_connection() -> Connection:
    """Return the connection of all tables."""
    if Table.shared is None:
        Table.shared = Connection(
            connect_timeout_seconds=_CONNECT_TIMEOUT_SECONDS, read_timeout_seconds=_READ_TIMEOUT_SECONDS
        )
    return Table.shared


class ByClass(GlobalSecondaryIndex[Any]):
    """Items of a class and group, in order of sending. Filters of the report read several partitions in parallel."""

    class Meta:
        index_name = "by_class"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    class_partition = UnicodeAttribute(hash_key=True)
    entry_key = UnicodeAttribute(range_key=True)


class ByCustomer(GlobalSecondaryIndex[Any]):
    """Items of one customer, in order of sending."""

    class Meta:
        index_name = "by_customer"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    customer_partition = UnicodeAttribute(hash_key=True)
    entry_key = UnicodeAttribute(range_key=True)


class ByReady(GlobalSecondaryIndex[Any]):
    """Sparse: the items ready to resend (partition: the account), and the items of each state but open."""

    class Meta:
        index_name = "by_ready"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    ready_partition = UnicodeAttribute(hash_key=True)
    entry_key = UnicodeAttribute(range_key=True)


class ByAttention(GlobalSecondaryIndex[Any]):
    """Sparse: items being resent, by the end of their grace period."""

    class Meta:
        index_name = "by_attention"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    settle_partition = UnicodeAttribute(hash_key=True)
    settle_at = NumberAttribute(range_key=True)


class ItemTable(Table):
    """The attributes that Undelivered and History share; see ``item_rows``."""

    account_id = UnicodeAttribute(hash_key=True)
    entry_key = UnicodeAttribute(range_key=True)
    class_partition = UnicodeAttribute()
    customer_partition = UnicodeAttribute()
    recipient = UnicodeAttribute()
    notification_id = UnicodeAttribute(null=True)
    title = UnicodeAttribute(null=True)
    customer_id = UnicodeAttribute(null=True)
    customer_name = UnicodeAttribute(null=True)
    ready_contact = UnicodeAttribute(null=True)
    attempts = UnicodeAttribute()
    dismissal = UnicodeAttribute(null=True)
    audit = UnicodeAttribute(null=True)
    # Set if the host application sent the message itself.
    no_content = BooleanAttribute(null=True)
    version = NumberAttribute()

    by_class = ByClass()
    by_customer = ByCustomer()


class UndeliveredModel(ItemTable):
    """Items of the past thirty days, in every state."""

    class Meta:
        table_name = "undelivered"
        billing_mode = "PAY_PER_REQUEST"
        stream_view_type = "NEW_AND_OLD_IMAGES"

    ready_partition = UnicodeAttribute(null=True)
    settle_partition = UnicodeAttribute(null=True)
    settle_at = NumberAttribute(null=True)
    # Set before an item is erased, so that the stream shows why it was deleted.
    erased = BooleanAttribute(null=True)
    expires_at = TTLAttribute()

    by_ready = ByReady()
    by_attention = ByAttention()


class HistoryModel(ItemTable):
    """Items whose thirty days are over, in their final state, for as long as the account keeps history."""

    class Meta:
        table_name = "history"
        billing_mode = "PAY_PER_REQUEST"

    purge_at = TTLAttribute()


class CountsModel(Table):
    """Counters of one day: ``L~<day>~<shard>`` live items, ``T~<day>~<shard>`` failures, ``I~…`` and ``S~<day>``.

    See ``counters``, ``sent_count_store``, and ``counter_names`` for the attributes.
    """

    class Meta:
        table_name = "counts"
        billing_mode = "PAY_PER_REQUEST"

    account_id = UnicodeAttribute(hash_key=True)
    bucket = UnicodeAttribute(range_key=True)
    # Of the counters of incidents and of sends only.
    purge_at = TTLAttribute(null=True)


class ByProviderMessageId(GlobalSecondaryIndex[Any]):
    """Attempts by the provider's message id, to correlate events without tags."""

    class Meta:
        index_name = "by_provider_message_id"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    provider_message_id = UnicodeAttribute(hash_key=True)


class BySettle(GlobalSecondaryIndex[Any]):
    """Attempts by the time of the claim: all unrecorded attempts together, recorded attempts by account and address."""

    class Meta:
        index_name = "by_settle"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    settle_partition = UnicodeAttribute(hash_key=True)
    settle_at = NumberAttribute(range_key=True)


class NotificationsByCustomer(GlobalSecondaryIndex[Any]):
    """The notifications of a customer, without their attempts, to export or erase the customer's data."""

    class Meta:
        index_name = "by_customer"
        projection = KeysOnlyProjection()
        billing_mode = "PAY_PER_REQUEST"

    customer_partition = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)


class NotificationModel(Table):
    """Notifications (``record`` is the id) and their attempts (``<id>~<attempt, 4 digits>``)."""

    class Meta:
        table_name = "notifications"
        billing_mode = "PAY_PER_REQUEST"

    account_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute()
    outcome = UnicodeAttribute(null=True)
    provider_message_id = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(null=True)
    # Of attempts only.
    settle_partition = UnicodeAttribute(null=True)
    settle_at = NumberAttribute(null=True)
    # Of notifications only.
    customer_partition = UnicodeAttribute(null=True)
    purge_at = TTLAttribute()

    by_provider_message_id = ByProviderMessageId()
    by_settle = BySettle()
    by_customer = NotificationsByCustomer()


class ByEmail(GlobalSecondaryIndex[Any]):
    """Customers by email address. Several customers can have the same address."""

    class Meta:
        index_name = "by_email"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    email_partition = UnicodeAttribute(hash_key=True)


class ByPhone(GlobalSecondaryIndex[Any]):
    """Customers by phone number. Several customers can have the same number."""

    class Meta:
        index_name = "by_phone"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    phone_partition = UnicodeAttribute(hash_key=True)


class ByFollowUp(GlobalSecondaryIndex[Any]):
    """Customers to look at again, by the day; sparse."""

    class Meta:
        index_name = "by_follow_up"
        projection = AllProjection()
        billing_mode = "PAY_PER_REQUEST"

    follow_up_partition = UnicodeAttribute(hash_key=True)
    look_again_on = UnicodeAttribute(range_key=True)


class CustomerModel(Table):
    """Customers and their contacts."""

    class Meta:
        table_name = "customers"
        billing_mode = "PAY_PER_REQUEST"

    account_id = UnicodeAttribute(hash_key=True)
    customer_id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute(default="")
    email = UnicodeAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    email_changed_at = UnicodeAttribute(null=True)
    phone_changed_at = UnicodeAttribute(null=True)
    email_changed_by = UnicodeAttribute(null=True)
    phone_changed_by = UnicodeAttribute(null=True)
    consents = UnicodeAttribute(null=True)
    email_partition = UnicodeAttribute(null=True)
    phone_partition = UnicodeAttribute(null=True)
    note = UnicodeAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    # The account, and the day to look again; both or neither.
    follow_up_partition = UnicodeAttribute(null=True)
    look_again_on = UnicodeAttribute(null=True)
    follow_up_audit = UnicodeAttribute(null=True)
    version = NumberAttribute()

    by_email = ByEmail()
    by_phone = ByPhone()
    by_follow_up = ByFollowUp()


class SuppressionModel(Table):
    """Suppressions by ``<channel>#<address>``, including lifted ones with their audit trail."""

    class Meta:
        table_name = "suppressions"
        billing_mode = "PAY_PER_REQUEST"

    account_id = UnicodeAttribute(hash_key=True)
    address_key = UnicodeAttribute(range_key=True)
    reason = UnicodeAttribute()
    since = UnicodeAttribute()
    origin = UnicodeAttribute(null=True)
    lifted_at = UnicodeAttribute(null=True)
    audit = UnicodeAttribute(null=True)
    # Set for erased addresses: the key holds a keyed hash in place of the address.
    hidden = BooleanAttribute(null=True)
    # The address as SES reported it, where that is not the normal form.
    spellings = UnicodeSetAttribute(null=True)
    version = NumberAttribute()


class AccountModel(Table):
    """Settings, resend batches, exports, idempotency keys, erasures and request counts of an account, by ``record``."""

    class Meta:
        table_name = "accounts"
        billing_mode = "PAY_PER_REQUEST"

    account_id = UnicodeAttribute(hash_key=True)
    record = UnicodeAttribute(range_key=True)
    body = UnicodeAttribute(default="{}")
    # Of exports and erasures only, which several invocations may write.
    version = NumberAttribute(null=True)
    # Of numbers of requests only.
    number = NumberAttribute(null=True)
    purge_at = TTLAttribute(null=True)


class TableNames(Struct, frozen=True):
    """Names of the deployed tables."""

    undelivered: str
    history: str
    counts: str
    notifications: str
    customers: str
    suppressions: str
    accounts: str


MODELS: dict[str, type[Table]] = {
    "undelivered": UndeliveredModel,
    "history": HistoryModel,
    "counts": CountsModel,
    "notifications": NotificationModel,
    "customers": CustomerModel,
    "suppressions": SuppressionModel,
    "accounts": AccountModel,
}
"""Each model by its key in ``TableNames`` and in the command line's ``tables``."""


def use_tables(names: TableNames) -> None:
    """Set the names of the deployed tables, and drop the client."""
    Table.shared = None
    for key, model in MODELS.items():
        model.Meta.table_name = getattr(names, key)
        model._connection = None  # noqa: SLF001 - PynamoDB has no other way to drop a connection
