"""Roles are granted what their functions use, and no more.

The stack enforces policies while the other tests of this folder use the product; here the emulator's notes of
what was asked for are held against what is granted. What nothing asked for is listed with its reason.
"""

import json
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from infrastructure.local.emulator import AUTHORIZATIONS
from infrastructure.local.emulator_calls import REFUSED_CALLS
from infrastructure.local.emulator_process import CREDENTIALS

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
# Written to by Lambda itself, see above. The stream functions also write to theirs.
DEAD_LETTERS = ("SmsLogsDeadLetterQueue",)
BY_SNS_ITSELF = "SmsDeliveryStatusRole"

NOT_TRIED = {
    ("ApiHandler", "ses:DeleteSuppressedDestination", "*"): "the SES simulator keeps SES's list, not the emulator",
    ("SyncSuppressions", "ses:ListSuppressedDestinations", "*"): "the SES simulator keeps SES's list, not the emulator",
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


def test_no_call_of_a_function_breaks_the_model_of_its_service(stack):
    """Also a call whose error the function ignores. The tests and the simulator call with a key of their own."""
    record = stack.state_dir / REFUSED_CALLS
    refused = [json.loads(line) for line in record.read_text().splitlines()] if record.exists() else []

    assert [call for access_key, *call in refused if access_key != CREDENTIALS["AWS_ACCESS_KEY_ID"]] == []


@pytest.fixture(scope="module")
def whole_folder(request):
    folder = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    if not folder <= {item.path.name for item in request.session.items}:
        pytest.skip("it takes the whole folder to use everything")


def test_nothing_is_granted_that_no_function_uses(asked, granted, whole_folder):
    unused = [
        (role, action, resource)
        for role, action, resource in granted
        if not any(
            (role, action) == question[:2] and "Allow" in answers and fnmatchcase(question[2], resource)
            for question, answers in asked.items()
        )
    ]

    assert [each for each in unused if not is_excused(*each)] == []


def test_taking_any_grant_away_refuses_something_that_was_used(asked, granted, whole_folder):
    """What was allowed is asked again, of the emulator's own evaluation, with one grant after the other taken away."""
    used = [question for question, answers in asked.items() if "Allow" in answers]

    spared = []
    for grant in granted:
        without = policies_of(grant[0], [each for each in granted if each != grant])
        mine = [question for question in used if question[:2] == grant[:2]]
        if all(evaluate(asking(question), without).decision == "Allow" for question in mine):
            spared.append(grant)

    assert used
    assert [grant for grant in spared if not is_excused(*grant)] == []


def test_no_excuse_outlives_its_reason(asked, granted, whole_folder):
    used = [
        (name, action, place)
        for name, action, place in NOT_TRIED
        for question, answers in asked.items()
        if f"-{name}Role-" in question[0] and action == question[1] and place in question[2] and "Allow" in answers
    ]

    assert used == []
    assert all(any(is_about(grant, excuse) for grant in granted) for excuse in NOT_TRIED)


def policies_of(role, granted):
    """A role's policies as the emulator reads them, made of some grants."""
    statements = [
        {"Effect": "Allow", "Action": action, "Resource": resource}
        for name, action, resource in granted
        if name == role
    ]
    return [parse_policy_document({"Version": "2012-10-17", "Statement": statements})]


def asking(question):
    role, action, resource = question
    principal = f"arn:aws:sts::000000000000:assumed-role/{role}/session"
    return EvalContext(principal, "AssumedRole", "000000000000", action, resource, "us-east-1")


def is_excused(role, action, resource):
    if action in BY_LAMBDA_ITSELF or any(name in resource for name in DEAD_LETTERS) or BY_SNS_ITSELF in role:
        return True
    return any(is_about((role, action, resource), excuse) for excuse in NOT_TRIED)


def is_about(grant, excuse):
    role, action, resource = grant
    name, known, place = excuse
    return f"-{name}Role-" in role and action == known and place in resource
