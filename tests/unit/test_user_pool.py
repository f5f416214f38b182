"""The calls of Cognito: each is checked against AWS's own model, and each error has its meaning."""

import pytest

from tests.builders.aws import stubbed
from undelivered.adapters.aws.user_pool import CognitoUserPool
from undelivered.domain.errors import NotFoundError, RetryableError
from undelivered.domain.people import PersonRole
from undelivered.services.ports.people import PoolUser

POOL, ADA, SUB = "eu-central-1_Test", "ada@example.com", "11111111-2222"
NAMED = {"UserPoolId": POOL, "Username": SUB}
ATTRIBUTES = [
    {"Name": "sub", "Value": SUB},
    {"Name": "email", "Value": ADA},
    {"Name": "custom:account_id", "Value": "acc-1"},
]
INVITED = {"Username": SUB, "UserStatus": "FORCE_CHANGE_PASSWORD"}
ADA_INVITED = PoolUser(SUB, "acc-1", ADA, PersonRole.VIEWER, has_signed_in=False, through_provider=False)
CREATION = {
    "UserPoolId": POOL,
    "Username": ADA,
    "UserAttributes": [
        {"Name": "email", "Value": ADA},
        {"Name": "email_verified", "Value": "true"},
        {"Name": "custom:account_id", "Value": "acc-1"},
    ],
    "DesiredDeliveryMediums": ["EMAIL"],
}


@pytest.fixture
def pool():
    with stubbed("cognito-idp") as (client, stub):
        yield CognitoUserPool(client, POOL), stub


def is_found(stub, name, status="FORCE_CHANGE_PASSWORD", groups=("viewers",), more=()):
    user = {"Username": SUB, "UserStatus": status, "UserAttributes": [*ATTRIBUTES, *more]}
    stub.add_response("admin_get_user", user, {"UserPoolId": POOL, "Username": name})
    listed = {"Groups": [{"GroupName": group} for group in groups]}
    stub.add_response("admin_list_groups_for_user", listed, NAMED)


def test_who_is_invited_is_created_with_the_account_and_in_the_group_of_the_role(pool):
    users, stub = pool
    stub.add_response("admin_create_user", {"User": INVITED | {"Attributes": ATTRIBUTES}}, CREATION)
    stub.add_response("admin_add_user_to_group", {}, NAMED | {"GroupName": "viewers"})

    assert users.invite("acc-1", ADA, PersonRole.VIEWER) == ADA_INVITED


def test_an_address_with_a_user_is_not_invited(pool):
    users, stub = pool
    stub.add_client_error("admin_create_user", "UsernameExistsException")

    assert users.invite("acc-1", ADA, PersonRole.VIEWER) is None


def test_an_invitation_is_sent_again_by_the_address(pool):
    users, stub = pool
    is_found(stub, SUB)
    again = {"UserPoolId": POOL, "Username": ADA, "MessageAction": "RESEND", "DesiredDeliveryMediums": ["EMAIL"]}
    stub.add_response("admin_create_user", {"User": INVITED}, again)

    assert users.invite_again(SUB)


def test_no_invitation_is_sent_to_who_signed_in_before_or_meanwhile(pool):
    users, stub = pool
    is_found(stub, SUB, status="CONFIRMED")
    assert not users.invite_again(SUB)

    is_found(stub, SUB)
    stub.add_client_error("admin_create_user", "UnsupportedUserStateException")
    assert not users.invite_again(SUB)


def test_a_user_is_found_with_account_role_and_provider(pool):
    users, stub = pool
    linked = {"Name": "identities", "Value": '[{"providerName": "CompanyOIDC"}]'}
    is_found(stub, ADA, groups=("other", "managers"), more=[linked])

    found = users.find(ADA)

    assert (found.account_id, found.role, found.through_provider) == ("acc-1", PersonRole.MANAGER, True)


def test_the_users_of_an_account_are_read_from_the_groups_of_all(pool):
    users, stub = pool
    other = [each if each["Name"] != "custom:account_id" else each | {"Value": "acc-2"} for each in ATTRIBUTES]
    for group, attributes in (("managers", other), ("viewers", ATTRIBUTES)):
        page = {"Users": [INVITED | {"Attributes": attributes}]}
        stub.add_response("list_users_in_group", page, {"UserPoolId": POOL, "GroupName": group})

    assert users.of_account("acc-1") == [ADA_INVITED]


def test_a_new_role_is_the_only_group_and_ends_the_sessions(pool):
    users, stub = pool
    stub.add_response("admin_add_user_to_group", {}, NAMED | {"GroupName": "managers"})
    stub.add_response("admin_remove_user_from_group", {}, NAMED | {"GroupName": "viewers"})
    stub.add_response("admin_user_global_sign_out", {}, NAMED)

    users.set_role(SUB, PersonRole.MANAGER)


def test_who_is_removed_is_signed_out_first_and_who_is_gone_is_no_error(pool):
    users, stub = pool
    stub.add_response("admin_user_global_sign_out", {}, NAMED)
    stub.add_response("admin_delete_user", {}, NAMED)
    users.remove(SUB)

    stub.add_client_error("admin_user_global_sign_out", "UserNotFoundException")
    users.remove(SUB)


def test_a_user_who_is_gone_is_not_found(pool):
    users, stub = pool
    stub.add_client_error("admin_get_user", "UserNotFoundException")
    assert users.find(SUB) is None

    stub.add_client_error("admin_add_user_to_group", "UserNotFoundException")
    with pytest.raises(NotFoundError):
        users.set_role(SUB, PersonRole.VIEWER)


@pytest.mark.parametrize("code", ["TooManyRequestsException", "InternalErrorException"])
def test_a_busy_pool_can_be_tried_again(pool, code):
    users, stub = pool
    stub.add_client_error("admin_get_user", code)

    with pytest.raises(RetryableError):
        users.find(SUB)
