"""The people of an account: who may sign in, what they may do, and their invitations."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

INVITATION_VALID_FOR: Final = timedelta(days=7)
"""How long a temporary password is valid: ``TemporaryPasswordValidityDays`` of the user pool."""

TOKEN_LIFETIME: Final = timedelta(hours=1)
"""How long a token of the user pool is valid: ``IdTokenValidity`` of the console's client."""

MAX_PEOPLE: Final = 500
"""The people that an account can have. They are one document of at most 400 KB (DynamoDB quotas)."""


class PersonRole(StrEnum):
    """What a person may do."""

    MANAGER = "manager"  #: may act
    VIEWER = "viewer"  #: may read


class PersonState(StrEnum):
    """Whether a person can sign in."""

    INVITED = "invited"  #: has a temporary password, and has not signed in yet
    ACTIVE = "active"  #: has signed in, or signs in through an identity provider
    REMOVING = "removing"  #: is being deleted from the user pool


class Person(Struct, frozen=True):
    """A person of an account. ``person_id`` is the subject in the user pool, which never changes.

    ``through_provider`` is whether the person signs in through the operator's identity provider. ``added_by`` is the
    name of who invited the person, empty if that is not known.
    """

    person_id: str
    email: str
    role: PersonRole
    state: PersonState
    added_at: datetime
    added_by: str = ""
    invited_at: datetime | None = None
    through_provider: bool = False

    @property
    def invitation_ends_at(self) -> datetime | None:
        """When the invitation expires, None for a person who has signed in."""
        waits = self.state is PersonState.INVITED and self.invited_at
        return self.invited_at + INVITATION_VALID_FOR if waits and self.invited_at else None


class AccountPeople(Struct, frozen=True):
    """The people of an account, in the order in which they were added."""

    account_id: str
    people: tuple[Person, ...] = ()
    version: int = 0

    def find(self, person_id: str) -> Person | None:
        """Return a person, or None."""
        return next((person for person in self.people if person.person_id == person_id), None)

    def with_person(self, person: Person) -> "AccountPeople":
        """Return the people with a person added or replaced."""
        if self.find(person.person_id) is None:
            return replace(self, people=(*self.people, person))
        changed = tuple(person if each.person_id == person.person_id else each for each in self.people)
        return replace(self, people=changed)

    def without(self, person_id: str) -> "AccountPeople":
        """Return the people without a person."""
        return replace(self, people=tuple(each for each in self.people if each.person_id != person_id))
