"""The simulator's proxy of SES's APIs in front of an SES that accepts every email, and clients that call it."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from infrastructure.local.ses_simulator.send_calls import Send
from infrastructure.local.ses_simulator.sending_limits import SendingLimits
from infrastructure.local.ses_simulator.ses_api_proxy import SesApiProxy, SuppressionList
from tests.builders.aws_calls import client_answered_by

SETS = {"undelivered-sends", "undelivered-resends"}
SUBJECT = {"Subject": {"Data": "Rent"}, "Body": {"Text": {"Data": "Dear Ada"}}}


def accept(request: httpx.Request) -> httpx.Response:
    """Answer as ministack answers sends."""
    content = request.content.decode(errors="replace")
    if action := re.search(r"Action=(\w+)", content):
        sends = max(content.count(".Destination.ToAddresses.member.1="), 1)
        members = "".join(f"<member><MessageId>m-{number + 1}</MessageId></member>" for number in range(sends))
        result = f"<Status>{members}</Status>" if "Bulk" in action[1] else "<MessageId>m-1</MessageId>"
        body = (
            f'<R xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><{action[1]}Result>{result}</{action[1]}Result></R>'
        )
        return httpx.Response(200, text=body)
    if request.url.path.endswith("outbound-bulk-emails"):
        return httpx.Response(200, json={"BulkEmailEntryResults": [{"Status": "SUCCESS", "MessageId": "m-1"}]})
    return httpx.Response(200, json={"MessageId": "m-1"})


@dataclass
class Ses:
    """A proxy, the emails that it delivered by message id, and clients."""

    answers: Any = accept
    limits: SendingLimits = field(default_factory=SendingLimits)
    delivered: dict[str, Send] = field(default_factory=dict)

    def __post_init__(self) -> None:
        transport = httpx.MockTransport(self.answers)
        self.proxy = SesApiProxy("http://stack", self, SuppressionList(), self.deliver, self.limits, transport)

    def has_configuration_set(self, name: str) -> bool:
        return name in SETS

    def deliver(self, message_id: str, send: Send) -> None:
        self.delivered[message_id] = send

    def client(self, service: str = "sesv2") -> Any:
        """Return a client of a version of SES's API."""
        return client_answered_by(service, self._answer)

    def _answer(self, *request: Any) -> Any:
        response = self.proxy.handle(*request)
        return response.status, response.headers, response.body

    def send(self, *recipients: str, **changes: Any) -> Any:
        """Send an email by the v2 API."""
        call = {
            "FromEmailAddress": "Harbor <office@example.com>",
            "Destination": {"ToAddresses": list(recipients or ("ada@example.com",))},
            "Content": {"Simple": SUBJECT},
            "ConfigurationSetName": "undelivered-sends",
            "EmailTags": [{"Name": "undelivered-account", "Value": "acc-harbor"}],
        }
        return self.client().send_email(**(call | changes))
