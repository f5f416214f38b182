"""Roles are granted what their functions use, and no more.

The stack enforces policies while the other tests of this folder use the product; here the emulator's notes of
what was asked for are held against what is granted. What nothing asked for is listed with its reason.
"""

import json
from collections import defaultdict
from fnmatch import fnmatchcase

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
    modules = {item.path.name for item in request.session.items}
    if not {"test_story.py", "test_acting.py", "test_bulk_resend.py", "test_export.py", "test_rare_ways.py"} <= modules:
        pytest.skip("it takes the whole folder to use everything")

    unused = [
        (role, action, resource)
        for role, action, resource in granted
        if not any(
            (role, action) == question[:2] and "Allow" in answers and fnmatchcase(question[2], resource)
            for question, answers in asked.items()
        )
    ]

    assert [each for each in unused if each[1] not in BY_LAMBDA_ITSELF and DEAD_LETTERS not in each[2]] == []
