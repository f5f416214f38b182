"""Roles are granted what their functions use, and no more.

The stack enforces policies while the other tests of this folder use the product; here the emulator's notes of
what was asked for are held against what is granted. What nothing asked for is listed with its reason.
"""

import json
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from infrastructure.local.emulator import AUTHORIZATIONS

BY_LAMBDA_ITSELF = {
    # Asked for with the function's role, but by the service, so the emulator does not ask.
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
}
DEAD_LETTERS = "DeadLetterQueue"  # written to by Lambda itself, see above
BY_SNS_ITSELF = "SmsDeliveryStatusRole"

FIRST_SEEN = "whichever function sees an account first registers it"
EDGE = "an item that is about to leave is counted with a look at its day's edge"
ENDING = "the thirty days of an item end while it is worked on"
OTHERS = "somebody else writes the same row at the same moment"
NOT_TRIED = {
    ("Archive", "dynamodb:PutItem", "AccountsTable"): FIRST_SEEN,
    ("FollowUp", "dynamodb:PutItem", "AccountsTable"): FIRST_SEEN,
    ("IngestFeedback", "dynamodb:PutItem", "AccountsTable"): FIRST_SEEN,
    ("IngestSmsLogs", "dynamodb:PutItem", "AccountsTable"): FIRST_SEEN,
    ("ProcessResends", "dynamodb:PutItem", "AccountsTable"): FIRST_SEEN,
    ("SendNotifications", "dynamodb:PutItem", "AccountsTable"): FIRST_SEEN,
    ("Cleanup", "dynamodb:PutItem", "AccountsTable"): FIRST_SEEN,
    ("ApiHandler", "dynamodb:GetItem", "CountsTable"): EDGE,
    ("Archive", "dynamodb:GetItem", "CountsTable"): EDGE,
    ("IngestFeedback", "dynamodb:GetItem", "CountsTable"): EDGE,
    ("IngestSmsLogs", "dynamodb:GetItem", "CountsTable"): EDGE,
    ("ProcessResends", "dynamodb:GetItem", "CountsTable"): EDGE,
    ("SendDigests", "dynamodb:GetItem", "CountsTable"): EDGE,
    ("SendNotifications", "dynamodb:GetItem", "CountsTable"): EDGE,
    ("ProcessResends", "dynamodb:ConditionCheckItem", "UndeliveredTable"): ENDING,
    ("ProcessResends", "dynamodb:GetItem", "HistoryTable"): ENDING,
    ("ProcessResends", "dynamodb:PutItem", "HistoryTable"): ENDING,
    ("FollowUp", "dynamodb:GetItem", "UndeliveredTable"): OTHERS,
    ("Cleanup", "dynamodb:DeleteItem", "CountsTable"): "many writers spread an account's counters over several rows",
    ("Cleanup", "dynamodb:Query", "HistoryTable"): "counters are counted anew now and then",
    ("Cleanup", "dynamodb:UpdateItem", "AccountsTable"): "counters are counted anew now and then",
    ("Cleanup", "dynamodb:DeleteItem", "AccountsTable"): "counters are counted anew now and then",
    ("Archive", "dynamodb:GetItem", "HistoryTable"): "a part of the stream comes twice",
    ("ApiHandler", "dynamodb:Query", "index/by_class"): "a history is long enough for its index to pay",
    ("ApiHandler", "ses:DeleteSuppressedDestination", "*"): "the receiving world keeps SES's list, not the emulator",
    ("ExportReport", "s3:AbortMultipartUpload", "exports/"): "an export is given up",
    ("ExportReport", "s3:GetObject", "exports/"): "the answer to the last step of an export is lost",
}
"""What no test of this folder gets to use, and when it is used."""


@pytest.fixture(scope="module")
def asked(stack):
    """Answers by question: role, action, resource."""
    answers = defaultdict(set)
    for line in (stack.state_dir / AUTHORIZATIONS).read_text().splitlines():
        role, action, resource, answer = json.loads(line)
        # Others than roles are AWS's services, whom the resources' own policies let in, and these tests.
        if not role.startswith(("arn:", "*")):
            answers[role, action, resource].add(answer)
    return answers


@pytest.fixture(scope="module")
def granted(stack):
    """Every role, action and resource that a policy allows, with the names of the deployed stack."""
    iam = stack.client("iam")
    roles = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    return sorted(
        (role, action, resource)
        for role in roles
        for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement.get("Resource", "*"))
    )


def listed(value):
    return value if isinstance(value, list) else [value]


def test_nothing_is_refused_that_a_function_needs(asked):
    # An answer may be a refusal first and then, for the resource's own policy, none.
    refused = sorted(question for question, answers in asked.items() if "Allow" not in answers)

    assert asked
    assert refused == []


def test_nothing_is_granted_that_no_function_uses(asked, granted, request):
    folder = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    if not folder <= {item.path.name for item in request.session.items}:
        pytest.skip("it takes the whole folder to use everything")

    unused = [
        (role, action, resource)
        for role, action, resource in granted
        if not any(
            (role, action) == question[:2] and "Allow" in answers and fnmatchcase(question[2], resource)
            for question, answers in asked.items()
        )
    ]

    assert [each for each in unused if not is_excused(*each)] == []


def test_taking_any_used_grant_away_would_refuse_something(asked, granted):
    """Each question has one grant that allows it, so without that one it would be refused."""
    used = [question for question, answers in asked.items() if "Allow" in answers]

    allowed_by = {
        (role, action, resource): [
            grant for grant in granted if grant[:2] == (role, action) and fnmatchcase(resource, grant[2])
        ]
        for role, action, resource in used
    }

    assert {question: grants for question, grants in allowed_by.items() if len(grants) != 1} == {}


def is_excused(role, action, resource):
    if action in BY_LAMBDA_ITSELF or DEAD_LETTERS in resource or BY_SNS_ITSELF in role:
        return True
    return any(
        (f"-{name}Role-" in role, action, place in resource) == (True, known, True) for name, known, place in NOT_TRIED
    )
