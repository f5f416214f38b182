"""Nothing that all the other tests made the functions log tells of anybody."""

import json
import re

import pytest

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
NUMBER = re.compile(r"\+\d{7,15}\b")
# Words that a tester's people and the code's own keys share.
COMMON = 5


@pytest.fixture(scope="module")
def logged(stack):
    """Every line of the functions' and the API's logs."""
    logs = stack.client("logs")
    groups = [
        group["logGroupName"]
        for page in logs.get_paginator("describe_log_groups").paginate()
        for group in page["logGroups"]
    ]
    # SNS writes the numbers that it sends to into groups of its own; that is how it reports.
    ours = [group for group in groups if not group.startswith("sns/")]
    return [
        (group, event["message"])
        for group in ours
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        for event in page["events"]
    ]


@pytest.fixture(scope="module")
def told(stack):
    """What customers are called, and what was written to them."""
    database = stack.client("dynamodb")

    def rows(table):
        pages = database.get_paginator("scan").paginate(TableName=stack.tables[table])
        return [row for page in pages for row in page["Items"]]

    contents = [json.loads(row["body"]["S"]) for row in rows("notifications") if "~" not in row["record"]["S"]]
    texts = {content[name] for content in contents for name in ("title", "text", "subject")}
    names = {row["name"]["S"] for row in rows("customers")}
    return {text for text in texts | names if len(text) > COMMON}


def test_no_address_and_no_number_is_logged(logged):
    assert logged
    assert [line for line in logged if ADDRESS.search(line[1]) or NUMBER.search(line[1])] == []


def words_of(text):
    return set(re.findall(r"\w+", text))


def test_no_name_title_or_text_is_logged(logged, told):
    assert told
    logged_words = set().union(*(words_of(line) for _, line in logged))
    # A text that is logged is logged with all its words. Searching every line for every text takes half a minute.
    patterns = [re.compile(rf"(?<!\w){re.escape(text)}(?!\w)") for text in told if words_of(text) <= logged_words]

    assert [(pattern.pattern, line) for pattern in patterns for line in logged if pattern.search(line[1])] == []
