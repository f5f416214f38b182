"""Members of an account: linking them to a user of an identity provider."""

import pytest

from infrastructure.errors import ToolError
from infrastructure.members import Members
from tests.builders.aws import stubbed
from tests.fakes import FakeEndedSessions, FakePeopleStore

POOL, ADA = "eu-central-1_Test", "ada@example.com"


@pytest.fixture
def pool():
    with stubbed("cognito-idp") as (client, stub):
        yield Members(client, POOL, FakePeopleStore(), FakeEndedSessions()), stub


def knows(stub, account_id):
    attributes = [{"Name": "custom:account_id", "Value": account_id}]
    answer = {"Username": "11111111-2222", "UserAttributes": attributes}
    stub.add_response("admin_get_user", answer, {"UserPoolId": POOL, "Username": ADA})


def test_a_member_is_linked_by_the_subject_at_the_provider(pool):
    members, stub = pool
    knows(stub, "acc-1")
    expected = {
        "UserPoolId": POOL,
        "DestinationUser": {"ProviderName": "Cognito", "ProviderAttributeValue": "11111111-2222"},
        "SourceUser": {
            "ProviderName": "CompanySAML",
            "ProviderAttributeName": "Cognito_Subject",
            "ProviderAttributeValue": "ada-at-work",
        },
    }
    stub.add_response("admin_link_provider_for_user", {}, expected)

    members.link("acc-1", ADA, "CompanySAML", "ada-at-work")

    stub.assert_no_pending_responses()


def test_a_member_of_another_account_is_not_linked(pool):
    members, stub = pool
    knows(stub, "acc-2")

    with pytest.raises(ToolError, match="not a member of acc-1"):
        members.link("acc-1", ADA, "CompanyOIDC", "ada")


def test_a_user_who_does_not_exist_is_not_linked(pool):
    members, stub = pool
    stub.add_client_error("admin_get_user", "UserNotFoundException")

    with pytest.raises(ToolError, match="not a member"):
        members.link("acc-1", ADA, "CompanyOIDC", "ada")
