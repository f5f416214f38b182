"""Checks of the stack's own resources: API, users, tables, queues, event sources, schedules and alarms."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from infrastructure.dead_letters.queues import QueueName, dead_letter_queue_id
from infrastructure.deployed_stack import stage_arguments
from infrastructure.doctor.checks import CheckResult, StackSnapshot, fragment, ok, warning, wrong
from infrastructure.schedules import interval_of

_ROLLED_BACK: Final = "ROLLBACK"
_MISSED_RUNS: Final = 3
_FUNCTION_NAME_INDEX: Final = 6
"""The position of the function name in a function's ARN. The alias comes after it."""
_LOG_DELAY: Final = timedelta(minutes=10)
"""The time until the log lines of a run are visible."""
_API_TIMEOUT_SECONDS: Final = 30
"""API Gateway's own timeout for a function is 29 seconds."""
_REPLIES: Final = "ReadRepliesReceived"
"""The event source mapping that is enabled only with a topic of replies."""

_UNCONFIRMED: Final = frozenset({"PendingConfirmation", "Deleted"})


def credentials(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Show the AWS account and the region."""
    sts = snapshot.client("sts")
    yield ok(f"AWS account {sts.get_caller_identity()['Account']}, region {sts.meta.region_name}")


def stack(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the last deployment succeeded."""
    if snapshot.status.endswith("IN_PROGRESS"):
        yield warning(f"{snapshot.name} is {snapshot.status}", "Wait until it finishes, then run doctor again.")
    elif "FAILED" in snapshot.status:
        yield wrong(f"{snapshot.name} is {snapshot.status}", "Check the stack events, then deploy again.")
    elif _ROLLED_BACK in snapshot.status:
        yield warning(f"the last deployment of {snapshot.name} was rolled back", "Check the stack events.")
    else:
        yield ok(f"{snapshot.name} is {snapshot.status}")


def api(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the API responds to this machine."""
    import httpx

    url = f"{snapshot.outputs['ApiUrl']}/health"
    try:
        response = httpx.get(url, timeout=_API_TIMEOUT_SECONDS)
    except httpx.HTTPError as error:
        yield wrong(
            f"{url} does not respond: {type(error).__name__}",
            "Check that PublicUrl is correct and that its domain points to the API.",
        )
        return
    if response.is_success:
        yield ok(f"{url} responds")
    else:
        yield wrong(f"{url} responds with status {response.status_code}", "Check the log of APIHandler.")


def users(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that there is a manager."""
    pool = snapshot.outputs["UserPoolId"]
    cognito = snapshot.client("cognito-idp")
    if cognito.list_users_in_group(UserPoolId=pool, GroupName="managers", Limit=1)["Users"]:
        yield ok("there is at least one manager")
    else:
        yield warning(
            "there are no managers, so nobody can sign in and act",
            "Create one: infrastructure/docs/deployment.md#after-the-first-deployment explains how. "
            f"The pool is {pool}.",
        )


def tables(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that each table has point-in-time recovery, and TTL if the template sets it."""
    dynamodb = snapshot.client("dynamodb")
    for logical, table in fragment("tables.yaml").items():
        name = snapshot.physical_id(logical)
        yield _point_in_time_recovery(dynamodb, logical, name)
        if expires := table["Properties"].get("TimeToLiveSpecification", {}).get("AttributeName"):
            yield _time_to_live(dynamodb, logical, name, expires)


def _point_in_time_recovery(dynamodb: Any, logical: str, name: str) -> CheckResult:
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    if backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED":
        return ok(f"{logical} has point-in-time recovery turned on")
    switch = "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
    remedy = f"aws dynamodb update-continuous-backups --table-name {name} {switch}"
    return wrong(f"{logical} has point-in-time recovery turned off", remedy)


def _time_to_live(dynamodb: Any, logical: str, name: str, expires: str) -> CheckResult:
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if ttl.get("AttributeName") == expires and ttl["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}:
        return ok(f"{logical} deletes expired items (TTL is on)")
    switch = f"--time-to-live-specification Enabled=true,AttributeName={expires}"
    return wrong(
        f"{logical} does not delete expired items (TTL is off)",
        f"aws dynamodb update-time-to-live --table-name {name} {switch}",
    )


def event_sources(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the event source mappings of queues and streams are enabled and report no problem."""
    functions = snapshot.client("lambda")
    for name, uuid in snapshot.of_type("AWS::Lambda::EventSourceMapping").items():
        mapping = functions.get_event_source_mapping(UUID=uuid)
        problem = str(mapping.get("LastProcessingResult", ""))
        if name == _REPLIES and not snapshot.parameters.get("RepliesTopicArn"):
            yield ok(f"{name} is {mapping['State']}: the stack has no topic for replies to texts")
        elif mapping["State"] not in {"Enabled", "Enabling", "Creating", "Updating"}:
            yield wrong(
                f"{name} is {mapping['State']}, so nothing reaches its function",
                f"aws lambda update-event-source-mapping --uuid {uuid} --enabled",
            )
        elif problem.startswith("PROBLEM"):
            yield wrong(f"{name}: {problem}", "Check the function's policy and its log.")
        else:
            yield ok(f"{name} is {mapping['State']}")


def dead_letters(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the dead-letter queues are empty."""
    commands = {dead_letter_queue_id(queue): f"--queue {queue}" for queue in QueueName}
    for name, url in snapshot.of_type("AWS::SQS::Queue").items():
        if not name.endswith("DeadLetterQueue"):
            continue
        number = _message_count(snapshot.client("sqs"), url)
        if not number:
            yield ok(f"{name} is empty")
        elif name in commands:
            yield wrong(
                f"{name} has {number} messages",
                f"uv run undelivered redrive {stage_arguments(snapshot.name)}{commands[name]} --dry-run",
            )
        else:
            yield wrong(f"{name} has {number} messages", "Start the failed exports again, then purge the queue.")


def _message_count(sqs: Any, url: str) -> int:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(count) for count in attributes.values())


def feedback_subscription(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the feedback queue is subscribed to the topic to which SES publishes."""
    if _is_subscribed(snapshot, "FeedbackQueue", snapshot.physical_id("FeedbackTopic")):
        yield ok("the feedback queue is subscribed to the feedback topic")
    else:
        yield wrong("the feedback queue is not subscribed to the feedback topic", "Deploy the stack again.")


def replies_subscription(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the queue of replies is subscribed to the topic of the two-way number, if there is one."""
    topic = snapshot.parameters.get("RepliesTopicArn", "")
    if not topic:
        yield ok("texts from customers are not read, because the stack has no topic for them")
    elif _is_subscribed(snapshot, "RepliesQueue", topic):
        yield ok("the queue of replies is subscribed to the topic of the two-way number")
    else:
        yield wrong("the queue of replies is not subscribed, so STOP is not read", "Deploy the stack again.")


def _is_subscribed(snapshot: StackSnapshot, queue: str, topic: str) -> bool:
    name = snapshot.physical_id(queue).rpartition("/")[2]
    subscriptions = _subscriptions(snapshot, topic)
    return _has_confirmed([each for each in subscriptions if each["Endpoint"].endswith(f":{name}")])


def _subscriptions(snapshot: StackSnapshot, topic: str) -> list[dict[str, str]]:
    pages = snapshot.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    return [subscription for page in pages for subscription in page["Subscriptions"]]


def _has_confirmed(subscriptions: list[dict[str, str]]) -> bool:
    return any(subscription["SubscriptionArn"] not in _UNCONFIRMED for subscription in subscriptions)


def alarms(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the alarms exist and have actions and subscribers, and list the alarms that are in alarm."""
    names = sorted(snapshot.of_type("AWS::CloudWatch::Alarm").values())
    pages = snapshot.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNames=names)
    existing = [alarm for page in pages for alarm in page["MetricAlarms"]]
    missing = set(names) - {alarm["AlarmName"] for alarm in existing}
    inactive = [alarm["AlarmName"] for alarm in existing if not (alarm["ActionsEnabled"] and alarm["AlarmActions"])]
    if missing:
        yield wrong(f"missing alarms: {', '.join(sorted(missing))}", "Deploy the stack again.")
    if inactive:
        yield wrong(
            f"alarms with no active actions: {', '.join(inactive)}",
            f"aws cloudwatch enable-alarm-actions --alarm-names {inactive[0]} …",
        )
    for topic in sorted({topic for alarm in existing for topic in alarm["AlarmActions"]}):
        yield _alarm_topic(snapshot, topic)
    for alarm in existing:
        if alarm["StateValue"] == "ALARM":
            yield warning(f"{alarm['AlarmName']} is in alarm", str(alarm.get("AlarmDescription", "")))
    if existing and not missing and not inactive:
        yield ok(f"all {len(existing)} alarms exist and are turned on")


def _alarm_topic(snapshot: StackSnapshot, topic: str) -> CheckResult:
    """Check that an alarm topic has a confirmed subscription."""
    subscriptions = _subscriptions(snapshot, topic)
    if _has_confirmed(subscriptions):
        return ok(f"the alarm topic {topic} has subscribers")
    if subscriptions:
        return wrong(
            f"the alarm topic {topic} has no confirmed subscribers", "Open the confirmation link in the email from AWS."
        )
    return wrong(
        f"the alarm topic {topic} has no confirmed subscribers",
        "Deploy with --parameter OperatorEmail=… or --parameter AlarmTopicArn=…, or subscribe to the topic.",
    )


def schedules(snapshot: StackSnapshot) -> Iterator[CheckResult]:
    """Check that the schedules are enabled and that their functions ran recently."""
    events = snapshot.client("events")
    for name, rule_name in snapshot.of_type("AWS::Events::Rule").items():
        rule = events.describe_rule(Name=rule_name)
        if rule["State"] != "ENABLED":
            yield wrong(f"{name} is {rule['State']}", f"aws events enable-rule --name {rule_name}")
            continue
        for target in events.list_targets_by_rule(Rule=rule_name)["Targets"]:
            function = target["Arn"].split(":")[_FUNCTION_NAME_INDEX]
            yield _last_run(snapshot, name, function, rule["ScheduleExpression"])


def _last_run(snapshot: StackSnapshot, name: str, function: str, expression: str) -> CheckResult:
    streams = snapshot.client("logs").describe_log_streams(
        logGroupName=f"/aws/lambda/{function}", orderBy="LastEventTime", descending=True, limit=1
    )["logStreams"]
    last = max((_last_write(stream) for stream in streams), default=None)
    tolerance = _MISSED_RUNS * interval_of(expression) + _LOG_DELAY
    if last is None:
        return warning(
            f"{name} is enabled, but {function} has not run yet", "Run doctor again after the next scheduled run."
        )
    if datetime.now(UTC) - last > tolerance:
        return wrong(f"{function} last ran at {last:%Y-%m-%dT%H:%M:%SZ}", "Check its alarms and its log.")
    return ok(f"{name} is enabled, and {function} last ran at {last:%Y-%m-%dT%H:%M:%SZ}")


def _last_write(stream: dict[str, Any]) -> datetime:
    """Return when a log stream was last written to. Its last event timestamp alone is updated with a delay."""
    latest = max(stream.get("lastIngestionTime", 0), stream.get("lastEventTimestamp", 0), stream["creationTime"])
    return datetime.fromtimestamp(latest / 1000, UTC)
