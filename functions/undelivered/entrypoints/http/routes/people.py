"""The people of the account: invite colleagues, change their roles, remove them."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from undelivered.domain.identifiers import timestamp
from undelivered.domain.people import Person, PersonRole, PersonState
from undelivered.entrypoints.http.route import Access, ApiRequest, ApiResponse, Route
from undelivered.entrypoints.http.schemas.audit import Time, optional_timestamp
from undelivered.services.ports.people import Caller
from undelivered.services.request_limits import LimitedWork


class PersonView(msgspec.Struct, frozen=True, kw_only=True):
    """A person of the account. ``state`` is ``removing`` while a removal is not complete: delete the person again.

    ``invitation_ends_at`` is null for people who have signed in. ``through_provider`` is whether the person signs in
    through your company's identity provider. ``is_you`` marks the caller.
    """

    person_id: str
    email: str
    role: PersonRole
    state: PersonState
    through_provider: bool
    added_at: Time
    added_by: str
    invitation_ends_at: Time | None
    is_you: bool


class PeopleView(msgspec.Struct, frozen=True):
    """The people of the account, in the order in which they were added."""

    people: tuple[PersonView, ...]


class InvitationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite, and what the person may do."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=320, examples=["grace@example.com"])]
    role: PersonRole


class RoleBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the person may do from now on."""

    role: PersonRole


def list_people(request: ApiRequest) -> ApiResponse:
    """Return the people of the account."""
    people = request.use_cases.people.find_all(request.account_id, _caller(request))
    return ApiResponse(PeopleView(tuple(_view(person, request) for person in people)))


def invite_person(request: ApiRequest) -> ApiResponse:
    """Invite a colleague by email. The temporary password in the email is valid for seven days."""
    body = request.body(InvitationBody)
    request.use_cases.request_limits.take(request.account_id, LimitedWork.INVITATIONS)
    person = request.use_cases.people.invite(request.account_id, _caller(request), body.email, body.role)
    return ApiResponse(_view(person, request), HTTPStatus.CREATED, subject=_subject(person))


def invite_person_again(request: ApiRequest) -> ApiResponse:
    """Send another invitation, with a new temporary password, to a person who has not signed in yet."""
    request.use_cases.request_limits.take(request.account_id, LimitedWork.INVITATIONS)
    person = request.use_cases.people.invite_again(request.account_id, _caller(request), request.path["person_id"])
    return ApiResponse(_view(person, request), subject=_subject(person))


def change_person(request: ApiRequest) -> ApiResponse:
    """Change the role of a person, whose sessions end. An open page can go on with the old role for half a minute."""
    body = request.body(RoleBody)
    person = request.use_cases.people.change_role(
        request.account_id, _caller(request), request.path["person_id"], body.role
    )
    return ApiResponse(_view(person, request), subject=_subject(person))


def remove_person(request: ApiRequest) -> ApiResponse:
    """Remove a person, whose sessions end. An open page can go on for half a minute."""
    person = request.use_cases.people.remove(request.account_id, _caller(request), request.path["person_id"])
    return ApiResponse(_view(person, request), subject=_subject(person))


def _subject(person: Person) -> str:
    return f"{person.email} ({person.role})"


def _caller(request: ApiRequest) -> Caller:
    return Caller(request.principal.subject, request.principal.name)


def _view(person: Person, request: ApiRequest) -> PersonView:
    return PersonView(
        person_id=person.person_id,
        email=person.email,
        role=person.role,
        state=person.state,
        through_provider=person.through_provider,
        added_at=timestamp(person.added_at),
        added_by=person.added_by,
        invitation_ends_at=optional_timestamp(person.invitation_ends_at),
        is_you=person.person_id == request.principal.subject,
    )


_REFUSALS: Final = (HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
_CONFLICT: Final = (HTTPStatus.CONFLICT,)
_LIMIT: Final = "Ten invitations were sent in this minute: `too_many_invitations`."
_PERSON: Final = "/people/{person_id}"

ROUTES = (
    Route(
        "GET", "/people", Access.MANAGE, list_people, "List the people of the account", PeopleView,
        refusals=_CONFLICT, tag="people",
    ),
    Route(
        "POST", "/people", Access.MANAGE, invite_person, "Invite a person", PersonView, status=HTTPStatus.CREATED,
        body=InvitationBody, refusals=_CONFLICT, limit=_LIMIT, tag="people",
    ),
    Route(
        "POST", f"{_PERSON}/invitation", Access.MANAGE, invite_person_again, "Send another invitation", PersonView,
        refusals=_REFUSALS, limit=_LIMIT, tag="people",
    ),
    Route(
        "PATCH", _PERSON, Access.MANAGE, change_person, "Change the role of a person", PersonView,
        body=RoleBody, refusals=_REFUSALS, tag="people",
    ),
    Route(
        "DELETE", _PERSON, Access.MANAGE, remove_person, "Remove a person", PersonView,
        refusals=_REFUSALS, tag="people",
    ),
)  # fmt: skip
