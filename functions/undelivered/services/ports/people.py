"""Ports of people: their records, the user pool, and the function that changes both."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from undelivered.domain.people import AccountPeople, Person, PersonRole


class PoolUser(Struct, frozen=True):
    """A user of the user pool. ``role`` is None for a user in neither group."""

    person_id: str
    account_id: str
    email: str
    role: PersonRole | None
    has_signed_in: bool
    through_provider: bool


class Caller(Struct, frozen=True):
    """The manager who makes a request. ``name`` is for the audit trail."""

    person_id: str
    name: str


class PeopleStore(Protocol):
    """The people of accounts."""

    def of_account(self, account_id: str) -> AccountPeople:
        """Return the people of an account (a consistent read)."""

    def save(self, people: AccountPeople) -> AccountPeople:
        """Write people and return them with their new version; raises StaleWriteError."""


class EndedSessions(Protocol):
    """When the sessions of users were ended: the API refuses tokens from before, although they are still valid."""

    def end(self, account_id: str, person_id: str, at: datetime) -> None:
        """Record that all sessions of a user that were there at a time have ended."""

    def ended_at(self, account_id: str, person_id: str) -> datetime | None:
        """Return when the sessions of a user last ended, None if their tokens have expired since, or they did not end.

        What was recorded in the past half minute may be missing.
        """


class UserPool(Protocol):
    """The user pool. All calls raise RetryableError when it is busy."""

    def invite(self, account_id: str, email: str, role: PersonRole) -> PoolUser | None:
        """Create a user, who gets an invitation; return None if the address has a user already."""

    def invite_again(self, person_id: str) -> bool:
        """Send an invitation with a new temporary password; return False if the user has signed in already."""

    def find(self, name: str) -> PoolUser | None:
        """Return the user with an ID or an email address."""

    def of_account(self, account_id: str) -> Sequence[PoolUser]:
        """Return the users of an account who have a role. This reads the whole pool."""

    def set_role(self, person_id: str, role: PersonRole) -> None:
        """Put a user in the group of a role alone, and end the sessions; raises NotFoundError."""

    def remove(self, person_id: str) -> None:
        """End the sessions of a user and delete the user; does nothing if there is none."""


class People(Protocol):
    """The use cases on people. All raise NotFoundError, RefusedError, InvalidInputError and RetryableError."""

    def find_all(self, account_id: str, caller: Caller) -> Sequence[Person]:
        """Return the people of an account."""

    def invite(self, account_id: str, caller: Caller, email: str, role: PersonRole) -> Person:
        """Invite a person."""

    def invite_again(self, account_id: str, caller: Caller, person_id: str) -> Person:
        """Send a person another invitation."""

    def change_role(self, account_id: str, caller: Caller, person_id: str, role: PersonRole) -> Person:
        """Change the role of a person."""

    def remove(self, account_id: str, caller: Caller, person_id: str) -> Person:
        """Remove a person, and return the person as removed."""
