"""People on the stack: an invitation, a first sign-in, a role, a removal, and that accounts stay apart."""

import httpx
import pytest

from infrastructure.local.deployment import OTHER_ACCOUNT
from infrastructure.local.scenario import call_api

NEW_PASSWORD = "Long-enough-7"


@pytest.fixture
def grace(acting):
    email = f"{acting.name('grace')}@example.com"
    invited = acting.call_api("POST", "/people", 201, json={"email": email, "role": "viewer"})
    yield invited
    acting.manager.delete(f"/people/{invited['person_id']}")


@pytest.fixture
def meadow(acting):
    token = acting.stack.token(acting.stack.user(account_id=OTHER_ACCOUNT).email)
    with httpx.Client(base_url=acting.stack.api_url, headers={"Authorization": token}, timeout=30) as client:
        yield client


def listed(acting, email):
    people = acting.call_api("GET", "/people")["people"]
    return next((each for each in people if each["email"] == email), None)


def test_the_people_whom_the_operator_created_are_there_from_the_start(acting):
    people = {each["email"]: each["role"] for each in acting.call_api("GET", "/people")["people"]}

    assert people["manager@harbor.example"] == "manager"
    assert people["viewer@harbor.example"] == "viewer"
    assert not [email for email in people if email.endswith("meadow.example")]


def test_who_is_invited_signs_in_is_made_a_manager_and_is_removed(acting, grace):
    cognito, pool = acting.stack.client("cognito-idp"), acting.stack.outputs["UserPoolId"]
    again = acting.call_api("POST", f"/people/{grace['person_id']}/invitation")
    assert again["invitation_ends_at"] >= grace["invitation_ends_at"]
    cognito.admin_set_user_password(UserPoolId=pool, Username=grace["email"], Password=NEW_PASSWORD, Permanent=True)

    assert listed(acting, grace["email"])["state"] == "active"
    acting.call_api("POST", f"/people/{grace['person_id']}/invitation", 409)
    acting.call_api("PATCH", f"/people/{grace['person_id']}", json={"role": "manager"})
    groups = cognito.admin_list_groups_for_user(UserPoolId=pool, Username=grace["email"])["Groups"]
    acting.call_api("DELETE", f"/people/{grace['person_id']}")

    assert [group["GroupName"] for group in groups] == ["managers"]
    assert listed(acting, grace["email"]) is None
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        cognito.admin_get_user(UserPoolId=pool, Username=grace["email"])


def test_a_user_whom_the_operator_added_later_is_taken_over(acting):
    cognito, pool = acting.stack.client("cognito-idp"), acting.stack.outputs["UserPoolId"]
    email = f"{acting.name('bob')}@example.com"
    acting.call_api("GET", "/people")
    attributes = {"email": email, "custom:account_id": acting.stack.user().account_id}
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        MessageAction="SUPPRESS",
    )

    invited = acting.call_api("POST", "/people", 201, json={"email": email, "role": "viewer"})
    acting.call_api("DELETE", f"/people/{invited['person_id']}")


def test_another_account_finds_nobody_of_this_one(acting, grace, meadow):
    path = f"/people/{grace['person_id']}"
    call_api(meadow, "GET", "/people")

    call_api(meadow, "PATCH", path, 404, json={"role": "manager"})
    call_api(meadow, "DELETE", path, 404)
    call_api(meadow, "POST", f"{path}/invitation", 404)
    taken = call_api(meadow, "POST", "/people", 409, json={"email": grace["email"], "role": "viewer"})
    assert taken["code"] == "person_not_available"
    assert listed(acting, grace["email"])["role"] == "viewer"
