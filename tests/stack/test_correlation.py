"""One id leads from the API's answer over the queue and the send to what was reported of the message."""

import json
import time

from infrastructure.local.scenario import eventually
from tests.stack.acting import WITHIN

LATELY = 600.0
"""Seconds of log that are searched: far more than the story takes."""


def lines_with(stack, text):
    """Return what each function logged of late with a text in it, by the function's logical id."""
    resources = stack.client("cloudformation").get_paginator("list_stack_resources")
    functions = {
        each["LogicalResourceId"]: each["PhysicalResourceId"]
        for page in resources.paginate(StackName="undelivered")
        for each in page["StackResourceSummaries"]
        if each["ResourceType"] == "AWS::Lambda::Function"
    }
    logs = stack.client("logs")
    since = int((time.time() - LATELY) * 1000)
    found = {}
    for name, function in functions.items():
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=f"/aws/lambda/{function}", startTime=since
        )
        lines = [event["message"] for page in pages for event in page["events"] if text in event["message"]]
        if lines:
            found[name] = lines
    return found


def resent_as(stack, item):
    """Return the id of the API request that an item's resend goes back to, as the API logged it."""
    for line in lines_with(stack, f"{item['notification_id']}~2").get("APIHandler", []):
        return json.loads(line)["correlation_id"]
    return None


def test_a_resend_is_followed_from_the_click_to_the_event_by_the_requests_id(stack, acting):
    item = acting.undelivered("correl", acting.mailbox("mailbox-full", "correl"))
    answer = acting.manager.post(f"/undelivered/{item['id']}/resend", json={})
    acting.comes_to(item, "open", attempts=2)

    request = eventually(lambda: resent_as(stack, item), "the API logged no request id", WITHIN)
    eventually(lambda: "IngestFeedback" in lines_with(stack, request), "the event does not name the request", WITHIN)
    told = lines_with(stack, request)
    resend = next(each for each in acting.sent(item["recipient"]) if each["tags"]["undelivered-attempt"] == ["2"])

    assert answer.status_code == 202
    assert answer.headers["X-Request-Id"] == request
    assert {"APIHandler", "ProcessResends", "IngestFeedback"} <= set(told)
    assert resend["tags"]["undelivered-request"] == [request]
    assert any("mailbox_full" in line and f"{item['notification_id']}~2" in line for line in told["IngestFeedback"])


def test_what_happened_is_measured_under_the_stacks_name(stack, acting):
    item = acting.undelivered("figure", acting.mailbox("mailbox-full", "figure"))
    acting.resend(item)
    acting.comes_to(item, "open", attempts=2)

    def measured():
        forms = [json.loads(line) for lines in lines_with(stack, '"_aws"').values() for line in lines]
        directives = [form["_aws"]["CloudWatchMetrics"][0] for form in forms]
        return {
            metric["Name"] for each in directives if each["Namespace"] == "undelivered" for metric in each["Metrics"]
        }

    wanted = {
        "Feedback",
        "OldestEvent",
        "EventToVisible",
        "Unattributed",
        "Sends",
        "ItemChanges",
        "Failures",
        "ResendsAsked",
    }
    eventually(lambda: wanted <= measured(), "not everything was measured", WITHIN)
