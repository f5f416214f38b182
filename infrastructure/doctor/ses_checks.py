"""Checks of Amazon SES, which the stack sends through and hears from."""

import re
from collections.abc import Iterator
from typing import Any, Final

from infrastructure.doctor.checks import CheckResult, StackSnapshot, fragment, ok, warning, wrong

_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NEARLY: Final = 0.8
"""Of a quota: worth a warning."""


def production_access(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether SES sends to anybody."""
    if examined.client("sesv2").get_account()["ProductionAccessEnabled"]:
        yield ok("SES can send to any address")
    else:
        yield wrong(
            "SES is in the sandbox and sends only to verified addresses",
            "In the SES console, open Account dashboard and choose Request production access.",
        )


def sending(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether SES takes mail from this AWS account, and how much is left of today's."""
    account = examined.client("sesv2").get_account()
    if not account["SendingEnabled"]:
        yield wrong("sending is paused", "aws sesv2 put-account-sending-attributes --sending-enabled")
    if account.get("EnforcementStatus") == "SHUTDOWN":
        yield wrong("SES has paused this AWS account", "Reply to the SES case in AWS Support Center.")
    elif account.get("EnforcementStatus") == "PROBATION":
        yield warning(
            "SES is reviewing this AWS account",
            "Reply to the SES case in AWS Support Center. Check bounces and complaints.",
        )
    quota = account["SendQuota"]
    limit, sent = quota["Max24HourSend"], quota["SentLast24Hours"]
    if limit > 0 and sent >= _NEARLY * limit:
        yield warning(
            f"{sent:.0f} of {limit:.0f} emails sent in 24 hours", "Request a higher quota: Service Quotas, Amazon SES."
        )
    elif account["SendingEnabled"]:
        yield ok(f"sending is enabled, {sent:.0f} of {limit:.0f} emails sent in 24 hours")


def sender_identity(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether the sender may send, and signs."""
    sender = examined.parameters["Sender"]
    domain = sender.rpartition("@")[2]
    for name in dict.fromkeys((sender, domain)):
        identity = _identity(examined.client("sesv2"), name)
        if identity is not None:
            yield from _about_identity(name, identity)
            return
    yield wrong(
        f"neither {sender} nor {domain} is an SES identity",
        f"Deploy with --parameter SenderDomain={domain} and publish the DKIM records that SES shows for it.",
    )


def _identity(ses: Any, name: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = ses.get_email_identity(EmailIdentity=name)
    except ses.exceptions.NotFoundException:
        return None
    return found


def _about_identity(name: str, identity: dict[str, Any]) -> Iterator[CheckResult]:
    if identity["VerifiedForSendingStatus"]:
        yield ok(f"{name} is verified")
    else:
        yield wrong(
            f"{name} is not verified", f"Publish its records: aws sesv2 get-email-identity --email-identity {name}"
        )
    dkim = identity.get("DkimAttributes", {})
    if dkim.get("SigningEnabled") and dkim.get("Status") == "SUCCESS":
        yield ok(f"email from {name} is signed with DKIM")
    else:
        yield wrong(
            f"email from {name} is not signed with DKIM (status: {dkim.get('Status', 'not set up')})",
            f"Publish the three CNAME records: aws sesv2 get-email-identity --email-identity {name}",
        )


def configuration_sets(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether what becomes of mail is published to the feedback topic."""
    ses, topic = examined.client("sesv2"), examined.physical("FeedbackTopic")
    for logical, wanted in published_events().items():
        name = examined.physical(logical)
        if (
            not ses.get_configuration_set(ConfigurationSetName=name)
            .get("SendingOptions", {})
            .get("SendingEnabled", True)
        ):
            yield wrong(
                f"sending is disabled for the configuration set {name}",
                f"aws sesv2 put-configuration-set-sending-options --configuration-set-name {name} --sending-enabled",
            )
        destinations = ses.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
        published = {
            event
            for each in destinations
            if each["Enabled"] and each.get("SnsDestination", {}).get("TopicArn") == topic
            for event in each["MatchingEventTypes"]
        }
        if missing := wanted - published:
            yield wrong(
                f"the configuration set {name} does not publish {', '.join(sorted(missing))} to the feedback topic",
                "Deploy the stack again. If there are no changes, correct the event destination in the SES console.",
            )
        else:
            yield ok(f"the configuration set {name} publishes all required events")


def published_events() -> dict[str, set[str]]:
    """Return what each configuration set of the template publishes, as SES's API calls it."""
    destinations = [
        each["Properties"]
        for each in fragment("email.yaml").values()
        if each["Type"] == "AWS::SES::ConfigurationSetEventDestination"
    ]
    return {
        each["ConfigurationSetName"]["Ref"]: {
            _HUMP.sub("_", event).upper() for event in each["EventDestination"]["MatchingEventTypes"]
        }
        for each in destinations
    }


def suppression_list(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether SES itself remembers who bounced or complained."""
    reasons = set(examined.client("sesv2").get_account().get("SuppressionAttributes", {}).get("SuppressedReasons", []))
    if missing := {"BOUNCE", "COMPLAINT"} - reasons:
        yield warning(
            f"SES's account-level suppression list does not include {' and '.join(sorted(missing))} addresses",
            "aws sesv2 put-account-suppression-attributes --suppressed-reasons BOUNCE COMPLAINT",
        )
    else:
        yield ok("SES's account-level suppression list includes bounces and complaints")
