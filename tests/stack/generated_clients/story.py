"""The story with a client that openapi-python-client made of the API's document."""

import json
import os
import time

from undelivered_client import AuthenticatedClient
from undelivered_client.api.act import resend_item
from undelivered_client.api.customers import replace_customer, update_customer
from undelivered_client.api.host import accept_notifications
from undelivered_client.api.report import count_undelivered, find_undelivered, list_undelivered
from undelivered_client.models import (
    Channel,
    CustomerBody,
    CustomerPatch,
    NotificationBody,
    NotificationsBody,
    Problem,
    Reason,
    ResendBody,
    ResendCode,
    State,
)

SUFFIX = os.environ["SUFFIX"]
ACCOUNT = os.environ["ACCOUNT_ID"]
CUSTOMER = f"generated-{SUFFIX}"


def client(token):
    return AuthenticatedClient(os.environ["API_URL"], token=os.environ[token], raise_on_unexpected_status=True)


def eventually(look):
    for _ in range(90):
        if found := look():
            return found
        time.sleep(1)
    raise AssertionError("nothing was found in time")


host, manager = client("HOST_TOKEN"), client("MANAGER_TOKEN")

body = CustomerBody(name="Ada Byron", email=f"unknown-user.generated.{SUFFIX}@undelivered.example")
replace_customer.sync(CUSTOMER, client=host, body=body, x_account_id=ACCOUNT)
notification = NotificationBody(customer_id=CUSTOMER, channel=Channel.EMAIL, title="Rent reminder", text="Rent is due.")
handed = accept_notifications.sync(client=host, body=NotificationsBody([notification]), x_account_id=ACCOUNT)
assert handed.refused == [], handed

status = list_undelivered.ListUndeliveredStatusItem
wanted = {"status": [status.INVALID, status.BOUNCED_HARD], "channel": [Channel.EMAIL], "customer_id": CUSTOMER}
(item,) = eventually(lambda: list_undelivered.sync(client=manager, **wanted).items)
assert item.reason is Reason.ADDRESS_NOT_FOUND, item
assert item.resend.code is ResendCode.RESEND_NEEDS_CHANGED_ADDRESS, item

problem = update_customer.sync(CUSTOMER, client=manager, body=CustomerPatch(email="ada@"))
assert isinstance(problem, Problem), problem
assert problem.errors[0].field == "email", problem

body = CustomerPatch(email=f"success.generated.{SUFFIX}@undelivered.example")
update_customer.sync(CUSTOMER, client=manager, body=body)
resend_item.sync(
    item.id, client=manager, body=ResendBody(note="Corrected by telephone."), idempotency_key=f"generated-{SUFFIX}"
)


def resolved():
    detail = find_undelivered.sync(item.id, client=manager)
    return detail if detail.state is State.RESOLVED else None


detail = eventually(resolved)
assert all(attempt.at.tzinfo for attempt in detail.attempt_chain), detail
print(  # noqa: T201 - the result
    json.dumps({"attempts": len(detail.attempt_chain), "total": count_undelivered.sync(client=manager).total})
)
