"""People are kept the same in memory and on DynamoDB, and their invitations as long as the pool's passwords."""

from datetime import timedelta

import pytest
import regex
from botocore.session import get_session
from msgspec.structs import replace

from infrastructure.build.template import load_fragments
from infrastructure.paths import RESOURCES
from tests.builders.items import ACCOUNT, NOW
from tests.contract.worlds import on_moto
from tests.fakes import FakePeopleStore
from undelivered.adapters.dynamodb.models import AccountModel
from undelivered.adapters.dynamodb.people_store import DynamoPeopleStore
from undelivered.domain.errors import StaleWriteError
from undelivered.domain.people import (
    INVITATION_VALID_FOR,
    MAX_PEOPLE,
    TOKEN_LIFETIME,
    AccountPeople,
    Person,
    PersonRole,
    PersonState,
)

ADA = Person("sub-1", "ada@example.com", PersonRole.MANAGER, PersonState.INVITED, NOW, "Grace", NOW)


@pytest.fixture(params=["memory", "moto"])
def store(request):
    if request.param == "memory":
        yield FakePeopleStore()
        return
    with on_moto():
        yield DynamoPeopleStore()


def test_people_come_back_as_they_were_written_and_a_stale_write_is_refused(store):
    assert store.of_account(ACCOUNT) == AccountPeople(ACCOUNT)
    saved = store.save(AccountPeople(ACCOUNT).with_person(ADA))

    assert store.of_account(ACCOUNT) == saved
    assert store.of_account("acc-2") == AccountPeople("acc-2")
    with pytest.raises(StaleWriteError):
        store.save(AccountPeople(ACCOUNT))


def test_the_most_people_fit_in_a_row_of_dynamodb():
    longest = replace(ADA, email=f"{'a' * 64}@{'b' * 250}"[:254], person_id="s" * 36, added_by="n" * 300)
    people = tuple(replace(longest, person_id=f"{number:036}") for number in range(MAX_PEOPLE))
    with on_moto():
        DynamoPeopleStore().save(AccountPeople(ACCOUNT, people))
        (row,) = AccountModel.query(ACCOUNT)

    assert len(row.body) < 400_000


def test_an_invitation_is_valid_as_long_as_the_temporary_password():
    pool = load_fragments([RESOURCES / "identity.yaml"])["Resources"]["UserPool"]["Properties"]
    days = pool["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"]

    assert timedelta(days=days) == INVITATION_VALID_FOR


def test_tokens_are_valid_as_long_as_the_end_of_their_sessions_is_kept():
    client = load_fragments([RESOURCES / "identity.yaml"])["Resources"]["ConsoleClient"]["Properties"]

    assert client["TokenValidityUnits"]["IdToken"] == "minutes"
    assert timedelta(minutes=client["IdTokenValidity"]) == TOKEN_LIFETIME


def test_the_invitation_has_the_address_the_password_and_until_when_as_cognito_wants_them():
    pool = load_fragments([RESOURCES / "identity.yaml"])["Resources"]["UserPool"]["Properties"]
    with_url, without_url = pool["AdminCreateUserConfig"]["InviteMessageTemplate"]["EmailMessage"]["Fn::If"][1:]
    shape = get_session().get_service_model("cognito-idp").shape_for("EmailInviteMessageType").metadata

    assert "${PublicUrl}/console/" in with_url["Fn::Sub"]
    for message in (with_url["Fn::Sub"].replace("${PublicUrl}", "https://undelivered.example"), without_url):
        assert "{username}" in message
        assert "{####}" in message
        assert "seven days" in message
        assert shape["min"] <= len(message) <= shape["max"]
        assert regex.fullmatch(shape["pattern"], message)
