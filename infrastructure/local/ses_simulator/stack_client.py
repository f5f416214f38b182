"""The AWS calls that the simulator makes to the local stack."""

import contextlib
import json
import logging
import os
import time
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config

from infrastructure.local.ses_simulator.mail_rules import Event
from infrastructure.local.ses_simulator.send_calls import template_parts

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

logger = logging.getLogger("simulator")

_SUBJECT = "Amazon SES Email Event Notification"
_DESTINATIONS_CACHE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Destination:
    """An event destination of a configuration set: its SNS topic and its event types."""

    topic_arn: str
    event_types: frozenset[str]


class StackClient:
    """The AWS calls that the simulator makes to the local stack. The caller retries calls that fail."""

    def __init__(self, endpoint_url: str, region: str) -> None:
        session = boto3.Session(
            aws_access_key_id=os.environ.get("AWS_ACCESS_KEY_ID", "test"),
            aws_secret_access_key=os.environ.get("AWS_SECRET_ACCESS_KEY", "test"),
            region_name=region,
        )
        # The endpoint is explicit because an endpoint in the environment would lead back to the proxy.
        make = partial(
            session.client,
            endpoint_url=endpoint_url,
            config=Config(connect_timeout=2, read_timeout=20, retries={"total_max_attempts": 1}),
        )
        self._region = region
        self._sns: SNSClient = make("sns")
        self._ses: SESV2Client = make("sesv2")
        self._logs: CloudWatchLogsClient = make("logs")
        self._http = httpx.Client(base_url=endpoint_url, timeout=5.0)
        self._destinations: dict[str, tuple[float, list[Destination]]] = {}
        self._log_stream = str(uuid.uuid4())
        self._log_groups: set[str] = set()

    def has_configuration_set(self, name: str) -> bool:
        """Whether there is a configuration set with a name."""
        try:
            self.destinations(name)
        except self._ses.exceptions.NotFoundException:
            return False
        return True

    def destinations(self, configuration_set: str) -> list[Destination]:
        """Return the event destinations of a configuration set; raises NotFoundException if there is no such set."""
        cached = self._destinations.get(configuration_set)
        if cached and time.monotonic() - cached[0] < _DESTINATIONS_CACHE_SECONDS:
            return cached[1]
        response = self._ses.get_configuration_set_event_destinations(ConfigurationSetName=configuration_set)
        destinations = [
            Destination(destination["SnsDestination"]["TopicArn"], frozenset(destination["MatchingEventTypes"]))
            for destination in response.get("EventDestinations", [])
            if destination.get("Enabled") and "SnsDestination" in destination
        ]
        self._destinations[configuration_set] = (time.monotonic(), destinations)
        return destinations

    def template_parts(self, name: str) -> tuple[str, ...]:
        """Return the parts of a template, the subject first."""
        content = self._ses.get_email_template(TemplateName=name)["TemplateContent"]
        return template_parts({key: str(value) for key, value in content.items()})

    def publish(self, topic_arn: str, event: Event) -> None:
        """Publish an event as SES does: one line of JSON that ends in a line feed."""
        self._sns.publish(TopicArn=topic_arn, Subject=_SUBJECT, Message=json.dumps(event) + "\n")

    def published_texts(self) -> list[tuple[str, str]]:
        """Return the message id and the phone number of every published text."""
        response = self._http.get("/_ministack/sns/sms-messages", params={"region": self._region})
        response.raise_for_status()
        records: dict[str, list[dict[str, Any]]] = response.json()["sms_messages"]
        return [(text["MessageId"], number) for number, texts in records.items() for text in texts]

    def write_log(self, group: str, message: str) -> None:
        """Write an entry to a log group; create the group if it does not exist."""
        if group not in self._log_groups:
            exists = self._logs.exceptions.ResourceAlreadyExistsException
            with contextlib.suppress(exists):
                self._logs.create_log_group(logGroupName=group)
            with contextlib.suppress(exists):
                self._logs.create_log_stream(logGroupName=group, logStreamName=self._log_stream)
            self._log_groups.add(group)
        self._logs.put_log_events(
            logGroupName=group,
            logStreamName=self._log_stream,
            logEvents=[{"timestamp": int(time.time() * 1000), "message": message}],
        )
