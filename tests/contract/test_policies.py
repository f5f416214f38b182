"""The policies of the functions, against AWS's list of all actions and their resources."""

import copy

import pytest

from infrastructure.build.policy_rules import EXCUSED, policy_problems
from infrastructure.build.sam import transformed


@pytest.fixture(scope="module")
def deployed(built):
    return transformed(built.for_bucket("artifacts", {}))


@pytest.fixture
def changed(deployed):
    return copy.deepcopy(deployed)


def statement(template, role, sid):
    (policy,) = template["Resources"][role]["Properties"]["Policies"]
    (found,) = [each for each in policy["PolicyDocument"]["Statement"] if each["Sid"] == sid]
    return found


def test_the_policies_break_no_rule(deployed):
    assert list(policy_problems(deployed)) == []


def test_an_action_that_does_not_exist_fails(changed):
    statement(changed, "ArchiveRole", "KeepHistory")["Action"].append("dynamodb:PutItems")

    (problem,) = policy_problems(changed)

    assert problem == "ArchiveRole: KeepHistory grants dynamodb:PutItems, which does not exist"


@pytest.mark.parametrize(
    "resource",
    [
        {"Fn::GetAtt": ["SendsQueue", "Arn"]},
        {"Fn::GetAtt": ["UndeliveredTable", "StreamArn"]},
        {"Ref": "ExportsBucket"},
    ],
)
def test_an_action_on_a_resource_of_another_kind_fails(changed, resource):
    statement(changed, "ArchiveRole", "KeepHistory")["Resource"] = resource

    assert any("grants dynamodb:PutItem on arn:aws" in problem for problem in policy_problems(changed))


def test_an_action_on_a_resource_fails_if_it_has_none(changed):
    statement(changed, "ArchiveRole", "FindStreams")["Resource"] = {"Fn::GetAtt": ["UndeliveredTable", "StreamArn"]}

    assert any("grants dynamodb:ListStreams on arn:aws" in problem for problem in policy_problems(changed))


def test_an_action_on_all_resources_fails_if_it_has_some(changed):
    statement(changed, "ArchiveRole", "KeepHistory")["Resource"] = "*"

    assert any(
        "grants dynamodb:PutItem on *, but it applies to arn:" in problem for problem in policy_problems(changed)
    )


def test_a_resource_that_no_action_of_its_statement_has_fails(changed):
    kept = statement(changed, "ArchiveRole", "KeepHistory")
    kept["Resource"] = [kept["Resource"], {"Fn::GetAtt": ["SendsQueue", "Arn"]}]

    (problem,) = policy_problems(changed)

    assert problem.endswith(":sqs:us-east-1:111111111111:name, to which none of its actions applies")


@pytest.mark.parametrize("excuse", EXCUSED)
def test_an_excuse_is_needed(deployed, monkeypatch, excuse):
    monkeypatch.delitem(EXCUSED, excuse)

    assert any(f"grants {excuse[0]} on {excuse[1]}" in problem for problem in policy_problems(deployed))
