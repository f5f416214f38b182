"""Checks of what the stack itself is made of: tables, queues, what wakes functions, alarms."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infrastructure.cli.redrive import QueueName, dead_letter_queue
from infrastructure.doctor.checks import CheckResult, StackSnapshot, fragment, ok, warning, wrong

_ROLLED_BACK: Final = "ROLLBACK"
_RATE: Final = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_EVERY_HOUR: Final = re.compile(r"cron\(\d+ \* ")
_MISSED: Final = 3
_NAME_IN_ARN: Final = 6
"""Which part of a function's ARN is its name; its alias comes after it."""
_SLACK: Final = timedelta(minutes=10)
"""Until a run's lines are in the log."""
_API_SECONDS: Final = 30
"""API Gateway gives up on a function after 29."""
_UNCONFIRMED: Final = frozenset({"PendingConfirmation", "Deleted"})


def credentials(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Say who looks, and where."""
    sts = examined.client("sts")
    yield ok(f"AWS account {sts.get_caller_identity()['Account']}, region {sts.meta.region_name}")


def stack(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether the last deployment went through."""
    if examined.status.endswith("IN_PROGRESS"):
        yield warning(f"{examined.name} is {examined.status}", "Wait until it finishes, then run doctor again.")
    elif "FAILED" in examined.status:
        yield wrong(f"{examined.name} is {examined.status}", "Check the stack events, then deploy again.")
    elif _ROLLED_BACK in examined.status:
        yield warning(f"the last deployment of {examined.name} was rolled back", "Check the stack events.")
    else:
        yield ok(f"{examined.name} is {examined.status}")


def api(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether the API answers, from here."""
    import httpx

    url = f"{examined.outputs['ApiUrl']}/health"
    try:
        answer = httpx.get(url, timeout=_API_SECONDS)
    except httpx.HTTPError as error:
        yield wrong(
            f"{url} does not respond: {type(error).__name__}",
            "Check that PublicUrl is correct and that its domain points to the API.",
        )
        return
    if answer.is_success:
        yield ok(f"{url} responds")
    else:
        yield wrong(f"{url} responds with status {answer.status_code}", "Check the log of APIHandler.")


def people(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether anybody can sign in and act."""
    pool = examined.outputs["UserPoolId"]
    cognito = examined.client("cognito-idp")
    if cognito.list_users_in_group(UserPoolId=pool, GroupName="managers", Limit=1)["Users"]:
        yield ok("there is at least one manager")
    else:
        yield warning(
            "there are no managers, so nobody can sign in and act",
            f"Create one: infrastructure/docs/deployment.md#after-the-first-time explains how. The pool is {pool}.",
        )


def tables(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether every table can be recovered, and lets go of what is past its time."""
    dynamodb = examined.client("dynamodb")
    for logical, table in fragment("tables.yaml").items():
        name = examined.physical(logical)
        yield _recoverable(dynamodb, logical, name)
        if expires := table["Properties"].get("TimeToLiveSpecification", {}).get("AttributeName"):
            yield _forgetful(dynamodb, logical, name, expires)


def _recoverable(dynamodb: Any, logical: str, name: str) -> CheckResult:
    told = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if told["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED":
        return ok(f"{logical} has point-in-time recovery turned on")
    switch = "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
    remedy = f"aws dynamodb update-continuous-backups --table-name {name} {switch}"
    return wrong(f"{logical} has point-in-time recovery turned off", remedy)


def _forgetful(dynamodb: Any, logical: str, name: str, expires: str) -> CheckResult:
    told = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if told.get("AttributeName") == expires and told["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}:
        return ok(f"{logical} deletes expired items (TTL is on)")
    switch = f"--time-to-live-specification Enabled=true,AttributeName={expires}"
    return wrong(
        f"{logical} does not delete expired items (TTL is off)",
        f"aws dynamodb update-time-to-live --table-name {name} {switch}",
    )


def event_sources(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether queues and streams wake their functions."""
    functions = examined.client("lambda")
    for name, uuid in examined.of_kind("AWS::Lambda::EventSourceMapping").items():
        mapping = functions.get_event_source_mapping(UUID=uuid)
        problem = str(mapping.get("LastProcessingResult", ""))
        if mapping["State"] not in {"Enabled", "Enabling", "Creating", "Updating"}:
            yield wrong(
                f"{name} is {mapping['State']}, so nothing reaches its function",
                f"aws lambda update-event-source-mapping --uuid {uuid} --enabled",
            )
        elif problem.startswith("PROBLEM"):
            yield wrong(f"{name}: {problem}", "Check the function's policy and its log.")
        else:
            yield ok(f"{name} is {mapping['State']}")


def dead_letters(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether anything was given up."""
    commands = {dead_letter_queue(queue): f"--queue {queue}" for queue in QueueName}
    for name, url in examined.of_kind("AWS::SQS::Queue").items():
        if not name.endswith("DeadLetterQueue"):
            continue
        number = _waiting(examined.client("sqs"), url)
        if not number:
            yield ok(f"{name} is empty")
        elif name in commands:
            yield wrong(
                f"{name} has {number} messages",
                f"uv run undelivered redrive --stack-name {examined.name} {commands[name]} --dry-run",
            )
        else:
            yield wrong(f"{name} has {number} messages", "Start the failed exports again, then purge the queue.")


def _waiting(sqs: Any, url: str) -> int:
    kinds = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    return sum(
        int(each) for each in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=kinds)["Attributes"].values()
    )


def feedback_subscription(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether what SES publishes gets into the queue."""
    topic = examined.physical("FeedbackTopic")
    name = examined.physical("FeedbackQueue").rpartition("/")[2]
    ours = [each for each in _subscriptions(examined, topic) if each["Endpoint"].endswith(f":{name}")]
    if any(each["SubscriptionArn"] not in _UNCONFIRMED for each in ours):
        yield ok("the feedback queue is subscribed to the feedback topic")
    else:
        yield wrong("the feedback queue is not subscribed to the feedback topic", "Deploy the stack again.")


def _subscriptions(examined: StackSnapshot, topic: str) -> list[dict[str, str]]:
    pages = examined.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [each for page in pages for each in page["Subscriptions"]]


def alarms(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether alarms tell somebody, and which of them do so now."""
    names = sorted(examined.of_kind("AWS::CloudWatch::Alarm").values())
    pages = examined.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=names)
    found = [each for page in pages for each in page["MetricAlarms"]]
    missing = set(names) - {each["AlarmName"] for each in found}
    mute = [each["AlarmName"] for each in found if not (each["ActionsEnabled"] and each["AlarmActions"])]
    if missing:
        yield wrong(f"missing alarms: {', '.join(sorted(missing))}", "Deploy the stack again.")
    if mute:
        yield wrong(
            f"alarms with no active actions: {', '.join(mute)}",
            f"aws cloudwatch enable-alarm-actions --alarm-names {mute[0]} …",
        )
    for topic in sorted({topic for each in found for topic in each["AlarmActions"]}):
        yield from _hears(examined, topic)
    for each in found:
        if each["StateValue"] == "ALARM":
            yield warning(f"{each['AlarmName']} is in alarm", str(each.get("AlarmDescription", "")))
    if found and not missing and not mute:
        yield ok(f"all {len(found)} alarms exist and are turned on")


def _hears(examined: StackSnapshot, topic: str) -> Iterator[CheckResult]:
    """Say whether anybody is subscribed to a topic that alarms go to."""
    subscriptions = _subscriptions(examined, topic)
    if any(each["SubscriptionArn"] not in _UNCONFIRMED for each in subscriptions):
        yield ok(f"the alarm topic {topic} has subscribers")
    elif subscriptions:
        yield wrong(
            f"the alarm topic {topic} has no confirmed subscribers", "Open the confirmation link in the email from AWS."
        )
    else:
        yield wrong(
            f"the alarm topic {topic} has no confirmed subscribers",
            "Deploy with --parameter OperatorEmail=… or --parameter AlarmTopicArn=…, or subscribe to the topic.",
        )


def schedules(examined: StackSnapshot) -> Iterator[CheckResult]:
    """Look whether schedules are on, and when their functions last ran."""
    events = examined.client("events")
    for name, rule_name in examined.of_kind("AWS::Events::Rule").items():
        rule = events.describe_rule(Name=rule_name)
        if rule["State"] != "ENABLED":
            yield wrong(f"{name} is {rule['State']}", f"aws events enable-rule --name {rule_name}")
            continue
        for target in events.list_targets_by_rule(Rule=rule_name)["Targets"]:
            function = target["Arn"].split(":")[_NAME_IN_ARN]
            yield _last_run(examined, name, function, rule["ScheduleExpression"])


def _last_run(examined: StackSnapshot, name: str, function: str, expression: str) -> CheckResult:
    streams = examined.client("logs").describe_log_streams(
        logGroupName=f"/aws/lambda/{function}", orderBy="LastEventTime", descending=True, limit=1
    )["logStreams"]
    last = max((_last_line(each) for each in streams), default=None)
    patience = _MISSED * _interval(expression) + _SLACK
    if last is None:
        return warning(
            f"{name} is enabled, but {function} has not run yet", "Run doctor again after the next scheduled run."
        )
    if datetime.now(UTC) - last > patience:
        return wrong(f"{function} last ran at {last:%Y-%m-%dT%H:%M:%SZ}", "Check its alarms and its log.")
    return ok(f"{name} is enabled, and {function} last ran at {last:%Y-%m-%dT%H:%M:%SZ}")


def _last_line(stream: dict[str, Any]) -> datetime:
    """Return when a log stream was last written to; the time of its last event lags behind."""
    newest = max(stream.get("lastIngestionTime", 0), stream.get("lastEventTimestamp", 0), stream["creationTime"])
    return datetime.fromtimestamp(newest / 1000, UTC)


def _interval(expression: str) -> timedelta:
    """Return the time between two runs of a schedule; a day for one that is not of the simple kinds."""
    if rate := _RATE.fullmatch(expression):
        return timedelta(**{f"{rate[2]}s": int(rate[1])})
    return timedelta(hours=1) if _EVERY_HOUR.match(expression) else timedelta(days=1)
