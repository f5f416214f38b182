"""The people of an account in the API: who may manage them, what a manager cannot do, and that accounts stay apart."""

from datetime import timedelta

import pytest

from tests.builders.api import (
    API_SETTINGS,
    MANAGER_NAME,
    Api,
    a_token,
    believe_test_tokens,
    embedded,
    host,
    person_claims,
    viewer,
)
from tests.builders.items import ACCOUNT, NOW
from undelivered.domain.identifiers import timestamp
from undelivered.domain.people import INVITATION_VALID_FOR, MAX_PEOPLE, Person, PersonRole, PersonState
from undelivered.services.request_limits import LimitedWork

GRACE, ME = "grace@example.com", "11111111-2222"


@pytest.fixture
def api(monkeypatch):
    believe_test_tokens(monkeypatch)
    return Api()


@pytest.fixture
def grace(api):
    return api.post("/people", {"email": GRACE, "role": "viewer"}).json["person_id"]


def someone(sub, account_id=ACCOUNT, group="managers", *, since=None):
    """The headers of another user of the pool, who signed in at a time."""
    issued_at = since.timestamp() if since else None
    return {"Authorization": a_token(person_claims(group, account_id=account_id, sub=sub, iat=issued_at))}


def people(api):
    return {each["email"]: each for each in api.get("/people").json["people"]}


def test_a_manager_invites_a_colleague_who_then_is_listed_with_the_end_of_the_invitation(api):
    invited = api.post("/people", {"email": "Grace@Example.com", "role": "viewer"})

    assert invited.status == 201
    assert api.users.invitations == ["grace@example.com"]
    shown = people(api)["grace@example.com"]
    assert shown == invited.json
    assert (shown["role"], shown["state"], shown["added_by"]) == ("viewer", "invited", MANAGER_NAME)
    assert shown["invitation_ends_at"] == timestamp(NOW + INVITATION_VALID_FOR)
    assert not shown["is_you"]
    assert people(api)["manager@example.com"]["is_you"]


def test_an_invitation_is_accepted_with_the_first_sign_in(api, grace):
    api.users.add(ACCOUNT, GRACE, PersonRole.VIEWER, person_id=grace)

    shown = people(api)[GRACE]

    assert (shown["state"], shown["invitation_ends_at"]) == ("active", None)
    again = api.post(f"/people/{grace}/invitation")
    assert (again.status, again.json["code"]) == (409, "invitation_accepted")


def test_an_invitation_is_sent_again_and_valid_as_long_as_the_first(api, grace):
    api.time = NOW + timedelta(minutes=30)

    again = api.post(f"/people/{grace}/invitation")

    assert again.json["invitation_ends_at"] == timestamp(api.time + INVITATION_VALID_FOR)
    assert api.users.invitations == [GRACE, GRACE]


def test_a_role_is_changed_in_the_pool_and_ends_the_sessions(api, grace):
    changed = api.patch(f"/people/{grace}", {"role": "manager"})

    assert changed.json["role"] == people(api)[GRACE]["role"] == "manager"
    assert api.users.users[grace].role is PersonRole.MANAGER
    assert api.users.signed_out == [grace]


def test_a_person_who_is_removed_is_gone_from_the_list_and_the_pool(api, grace):
    removed = api.delete(f"/people/{grace}")

    assert removed.status == 200
    assert GRACE not in people(api)
    assert grace not in api.users.users


def test_nobody_changes_or_removes_themselves_so_an_account_keeps_a_manager(api, grace):
    refused = [api.patch(f"/people/{ME}", {"role": "viewer"}), api.delete(f"/people/{ME}")]

    assert [(each.status, each.json["code"]) for each in refused] == [(409, "person_is_you")] * 2
    assert people(api)["manager@example.com"]["role"] == "manager"


def test_a_manager_who_was_removed_or_demoted_can_change_nobody_with_a_token_that_is_still_valid(api, grace):
    # As in the half minute in which the API may not know yet that the sessions ended.
    api.sessions.ended_at = lambda *_: None
    api.patch(f"/people/{grace}", {"role": "manager"})
    assert api.get("/people", someone(grace)).status == 200
    api.patch(f"/people/{grace}", {"role": "viewer"})
    demoted = api.patch(f"/people/{ME}", {"role": "viewer"}, headers=someone(grace))
    api.delete(f"/people/{grace}")
    removed = api.delete(f"/people/{ME}", headers=someone(grace))

    assert [each.json["code"] for each in (demoted, removed)] == ["no_manager"] * 2
    assert people(api)["manager@example.com"]["role"] == "manager"


@pytest.mark.parametrize("act", ["demote", "remove"])
def test_a_person_who_is_removed_or_has_another_role_is_signed_out_of_pages_that_are_open(api, grace, act):
    before, after = (someone(grace, since=NOW + timedelta(seconds=each)) for each in (-60, 1))
    other = someone("someone-else", "acc-2", since=NOW - timedelta(seconds=60))
    assert api.get("/undelivered", before).status == 200

    api.patch(f"/people/{grace}", {"role": "viewer"}) if act == "demote" else api.delete(f"/people/{grace}")

    assert (api.get("/undelivered", before).status, api.get("/undelivered", someone(grace)).status) == (401, 401)
    assert [api.get("/undelivered", headers).status for headers in (after, other)] == [200, 200]
    assert api.get("/undelivered").status == 200


def test_people_of_another_account_are_not_found_and_their_addresses_cannot_be_invited(api, grace):
    api.users.add("acc-2", "eve@example.com", PersonRole.MANAGER, person_id="eve")
    eve = someone("eve", "acc-2")
    answers = [
        api.patch(f"/people/{grace}", {"role": "manager"}, headers=eve),
        api.delete(f"/people/{grace}", headers=eve),
        api.post(f"/people/{grace}/invitation", headers=eve),
    ]
    taken = api.post("/people", {"email": GRACE, "role": "viewer"}, headers=eve)

    assert [each.status for each in answers] == [404] * 3
    assert [each["email"] for each in api.get("/people", eve).json["people"]] == ["eve@example.com"]
    assert (taken.status, taken.json["code"]) == (409, "person_not_available")
    assert people(api)[GRACE]["role"] == "viewer"


def test_a_user_whom_the_operator_created_in_the_account_is_taken_over(api):
    api.get("/people")
    api.users.add(ACCOUNT, GRACE, PersonRole.VIEWER, person_id="by-operator")

    invited = api.post("/people", {"email": GRACE, "role": "manager"})

    assert (invited.status, invited.json["state"]) == (201, "active")
    assert api.users.users["by-operator"].role is PersonRole.MANAGER


def test_the_first_list_has_the_users_whom_the_operator_created_before(api):
    api.users.add(ACCOUNT, GRACE, PersonRole.VIEWER, has_signed_in=False)
    api.users.add("acc-2", "eve@example.com", PersonRole.VIEWER)

    assert {email: (each["role"], each["state"]) for email, each in people(api).items()} == {
        "manager@example.com": ("manager", "active"),
        GRACE: ("viewer", "invited"),
    }


def test_who_signs_in_through_a_provider_is_shown_as_such_and_gets_no_invitation(api):
    api.users.add(ACCOUNT, GRACE, PersonRole.VIEWER, person_id="sso", has_signed_in=False, through_provider=True)
    shown = people(api)[GRACE]

    again = api.post(f"/people/{shown['person_id']}/invitation")

    assert (shown["state"], shown["through_provider"], shown["invitation_ends_at"]) == ("active", True, None)
    assert again.json["code"] == "invitation_accepted"


def test_a_removal_that_was_interrupted_is_shown_and_completed_by_the_next(api, grace, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(api.users, "remove", lambda _: 1 / 0)
        assert api.delete(f"/people/{grace}").status == 500
    assert people(api)[GRACE]["state"] == "removing"

    assert api.delete(f"/people/{grace}").status == 200
    assert GRACE not in people(api)


def test_an_invitation_that_was_interrupted_is_completed_by_the_next(api, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(api.people, "save", lambda _: 1 / 0)
        assert api.post("/people", {"email": GRACE, "role": "viewer"}).status == 500

    assert api.post("/people", {"email": GRACE, "role": "viewer"}).status == 201
    assert api.users.invitations == [GRACE]


def test_an_address_that_is_no_address_and_a_person_who_is_here_are_refused_at_their_field(api, grace):
    invalid = api.post("/people", {"email": "grace@", "role": "viewer"})
    twice = api.post("/people", {"email": GRACE, "role": "manager"})

    assert (invalid.status, invalid.json["errors"][0]["field"]) == (400, "email")
    assert (twice.status, twice.json["code"]) == (409, "person_exists")


def test_an_account_has_a_limited_number_of_people(api):
    stored = api.people.of_account(ACCOUNT)
    for number in range(MAX_PEOPLE):
        person = Person(f"p-{number}", f"p{number}@example.com", PersonRole.VIEWER, PersonState.ACTIVE, NOW)
        stored = stored.with_person(person)
    api.people.save(stored)

    refused = api.post("/people", {"email": GRACE, "role": "viewer"})

    assert (refused.status, refused.json["code"]) == (409, "too_many_people")


def test_an_account_sends_ten_invitations_in_a_minute(api):
    api.limits = api.limits | {LimitedWork.INVITATIONS: API_SETTINGS.per_minute["invitations"]}
    sent = [api.post("/people", {"email": f"p{n}@example.com", "role": "viewer"}) for n in range(11)]

    assert [each.status for each in sent] == [201] * 10 + [429]
    assert sent[-1].json["code"] == "too_many_invitations"
    assert sent[-1].headers["Retry-After"]


@pytest.mark.parametrize("who", [viewer, host, embedded])
def test_only_managers_who_signed_in_themselves_see_people(api, who):
    assert api.get("/people", who()).status == 403
    assert api.post("/people", {"email": GRACE, "role": "viewer"}, headers=who()).status == 403
    assert api.users.invitations == []
