"""Checks of Amazon SES: sending, the sender's identity, configuration sets and the suppression list."""

import re
from collections.abc import Iterator
from math import ceil
from typing import Any, Final

from infrastructure.doctor.checks import CheckResult, StackSnapshot, fragment, ok, warning, wrong
from undelivered.domain.account_mapping import covering_identities
from undelivered.domain.sender import parse_sender

_WORD_BOUNDARY: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_EMAILS_PER_EXECUTION: Final = 20
"""Emails per second of one execution of ``send_notifications`` (``undelivered bench --only sending``)."""
_WARNING_SHARE: Final = 0.8
"""The share of a quota from which the check warns."""


def production_access(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that SES can send to any address."""
    if snapshot.client("sesv2").get_account()["ProductionAccessEnabled"]:
        yield ok("SES can send to any address")
    else:
        yield wrong(
            "SES is in the sandbox and sends only to verified addresses",
            "In the SES console, open Account dashboard and choose Request production access.",
        )


def sending(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that sending is enabled for this AWS account, and how much of the daily quota is used."""
    account = snapshot.client("sesv2").get_account()
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
    if limit > 0 and sent >= _WARNING_SHARE * limit:
        yield warning(
            f"{sent:.0f} of {limit:.0f} emails sent in 24 hours", "Request a higher quota: Service Quotas, Amazon SES."
        )
    elif account["SendingEnabled"]:
        yield ok(f"sending is enabled, {sent:.0f} of {limit:.0f} emails sent in 24 hours")


def sending_rate(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the functions can use SES's rate."""
    rate = snapshot.client("sesv2").get_account()["SendQuota"]["MaxSendRate"]
    concurrency = int(snapshot.parameters["SendConcurrency"])
    if rate > concurrency * _EMAILS_PER_EXECUTION:
        needed = ceil(rate / _EMAILS_PER_EXECUTION)
        yield warning(
            f"SES accepts {rate:g} emails a second, but {concurrency} executions send about"
            f" {concurrency * _EMAILS_PER_EXECUTION}",
            f"Deploy with --parameter SendConcurrency={needed}, if Lambda's concurrency allows it.",
        )
    else:
        yield ok(f"SES accepts {rate:g} emails a second")


def sender_identity(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the sender's identity is verified and signs with DKIM."""
    sender = parse_sender(snapshot.parameters["Sender"])
    if sender is None:
        yield wrong(
            "the parameter Sender is not one address with an optional display name, so no email can be sent",
            "Deploy with --parameter Sender=ADDRESS.",
        )
        return
    for name in covering_identities(sender.address):
        identity = find_identity(snapshot.client("sesv2"), name)
        if identity is not None:
            yield from _check_identity(name, identity)
            return
    domain = sender.address.rpartition("@")[2]
    yield wrong(
        f"neither {sender.address} nor {domain} is an SES identity",
        f"Deploy with --parameter SenderDomain={domain} and publish the DKIM records that SES shows for it.",
    )


def find_identity(ses: Any, name: str) -> dict[str, Any] | None:
    """Return an SES identity, or None if SES does not have it."""
    try:
        identity: dict[str, Any] = ses.get_email_identity(EmailIdentity=name)
    except ses.exceptions.NotFoundException:
        return None
    return identity


def _check_identity(name: str, identity: dict[str, Any]) -> Iterator[CheckResult]:
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


def configuration_sets(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that sending is enabled for each configuration set, and that it publishes its events to the topic."""
    ses, topic = snapshot.client("sesv2"), snapshot.physical_id("FeedbackTopic")
    for logical, required in published_events().items():
        name = snapshot.physical_id(logical)
        options = ses.get_configuration_set(ConfigurationSetName=name).get("SendingOptions", {})
        if not options.get("SendingEnabled", True):
            yield wrong(
                f"sending is disabled for the configuration set {name}",
                f"aws sesv2 put-configuration-set-sending-options --configuration-set-name {name} --sending-enabled",
            )
        destinations = ses.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
        published = {
            event
            for destination in destinations
            if destination["Enabled"] and destination.get("SnsDestination", {}).get("TopicArn") == topic
            for event in destination["MatchingEventTypes"]
        }
        if missing := required - published:
            yield wrong(
                f"the configuration set {name} does not publish {', '.join(sorted(missing))} to the feedback topic",
                "Deploy the stack again. If there are no changes, correct the event destination in the SES console.",
            )
        else:
            yield ok(f"the configuration set {name} publishes all required events")


def published_events() -> dict[str, set[str]]:
    """Return the event types that each configuration set of the template publishes, with the names of SES's API."""
    destinations = [
        resource["Properties"]
        for resource in fragment("email.yaml").values()
        if resource["Type"] == "AWS::SES::ConfigurationSetEventDestination"
    ]
    return {
        destination["ConfigurationSetName"]["Ref"]: {
            _WORD_BOUNDARY.sub("_", event).upper() for event in destination["EventDestination"]["MatchingEventTypes"]
        }
        for destination in destinations
    }


def suppression_list(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that SES adds addresses to its account-level suppression list after bounces and complaints."""
    reasons = set(snapshot.client("sesv2").get_account().get("SuppressionAttributes", {}).get("SuppressedReasons", []))
    if missing := {"BOUNCE", "COMPLAINT"} - reasons:
        yield warning(
            f"SES's account-level suppression list does not include {' and '.join(sorted(missing))} addresses",
            "aws sesv2 put-account-suppression-attributes --suppressed-reasons BOUNCE COMPLAINT",
        )
    else:
        yield ok("SES's account-level suppression list includes bounces and complaints")
