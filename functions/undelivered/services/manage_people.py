"""Invite the people of an account, change their roles and remove them.

Our own record of people and the user pool are changed one after the other. Each use case can be repeated after it was
interrupted in between, and then completes.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from undelivered.domain.errors import NotFoundError, RefusedError
from undelivered.domain.people import MAX_PEOPLE, AccountPeople, Person, PersonRole, PersonState
from undelivered.services.concurrency import retry_on_conflict
from undelivered.services.contact_validation import checked_email
from undelivered.services.ports.people import Caller, EndedSessions, PeopleStore, PoolUser, UserPool

_LOOKED_UP_AT_MOST = 20
"""How many invitations are looked up in the user pool for a list: each takes a call of Cognito."""


class ManagePeople(Struct, frozen=True):
    """``ports.people.People``. Only a manager of the account as it is now can use it, whatever the token says."""

    store: PeopleStore
    users: UserPool
    sessions: EndedSessions
    clock: Callable[[], datetime]

    def find_all(self, account_id: str, caller: Caller) -> Sequence[Person]:
        """Return the people of an account, after looking up which invitations were accepted."""
        return self._accepted(account_id, caller).people

    @retry_on_conflict
    def _accepted(self, account_id: str, caller: Caller) -> AccountPeople:
        stored = after = self._of_manager(account_id, caller)
        invited = [person for person in stored.people if person.state is PersonState.INVITED]
        for person in invited[-_LOOKED_UP_AT_MOST:]:
            user = self.users.find(person.person_id)
            if user is None:  # the operator deleted the user
                after = after.without(person.person_id)
            elif user.has_signed_in or user.through_provider:
                active = replace(person, state=PersonState.ACTIVE, through_provider=user.through_provider)
                after = after.with_person(active)
        return self.store.save(after) if after != stored else stored

    @retry_on_conflict
    def invite(self, account_id: str, caller: Caller, email: str, role: PersonRole) -> Person:
        """Invite a person.

        Raises InvalidInputError, and RefusedError if the account has ``MAX_PEOPLE``, or the address has a user already.
        """
        stored = self._of_manager(account_id, caller)
        address = checked_email(email, "email")
        if any(person.email == address for person in stored.people):
            raise RefusedError("person_exists", "This person is here already.", "email")
        if len(stored.people) >= MAX_PEOPLE:
            raise RefusedError("too_many_people", "Your account has as many people as it can. Remove somebody first.")
        user = self.users.invite(account_id, address, role) or self._left_behind(account_id, address, role)
        now = self.clock()
        person = replace(person_of(user, role, now), added_by=caller.name, invited_at=now)
        self.store.save(stored.with_person(person))
        return person

    def _left_behind(self, account_id: str, address: str, role: PersonRole) -> PoolUser:
        """Return a user of this account whom our record does not have, with a role.

        The operator created the user, or an invitation was interrupted. Raises RefusedError if the address has a user
        of another account. Nothing about that user is said.
        """
        user = self.users.find(address)
        if user is None or user.account_id != account_id:
            raise RefusedError(
                "person_not_available", "This address cannot be invited. Ask your administrator.", "email"
            )
        if user.role is not role:
            self.users.set_role(user.person_id, role)
        return user

    @retry_on_conflict
    def invite_again(self, account_id: str, caller: Caller, person_id: str) -> Person:
        """Send a person another invitation, valid as long as the first; raises RefusedError after the first sign-in."""
        stored = self._of_manager(account_id, caller)
        person = _person_in(stored, person_id)
        if person.state is not PersonState.INVITED or not self.users.invite_again(person_id):
            raise RefusedError("invitation_accepted", "This person has signed in already, and needs no invitation.")
        invited = replace(person, invited_at=self.clock())
        self.store.save(stored.with_person(invited))
        return invited

    @retry_on_conflict
    def change_role(self, account_id: str, caller: Caller, person_id: str, role: PersonRole) -> Person:
        """Change the role of a person; raises RefusedError for the caller's own role.

        The caller stays a manager, so an account never loses its last one.
        """
        stored = self._of_manager(account_id, caller)
        person = _person_in(stored, person_id)
        if person_id == caller.person_id:
            raise RefusedError("person_is_you", "You cannot change your own role. Ask another manager.")
        if person.state is PersonState.REMOVING:
            raise RefusedError("conflict", "This person is being removed.")
        changed = replace(person, role=role)
        if changed != person:
            self.store.save(stored.with_person(changed))
        self.users.set_role(person_id, role)
        self.sessions.end(account_id, person_id, self.clock())
        return changed

    @retry_on_conflict
    def remove(self, account_id: str, caller: Caller, person_id: str) -> Person:
        """Remove a person; raises RefusedError for the caller."""
        stored = self._of_manager(account_id, caller)
        person = _person_in(stored, person_id)
        if person_id == caller.person_id:
            raise RefusedError("person_is_you", "You cannot remove yourself. Ask another manager.")
        # Shown until the user is deleted, so that an interrupted removal can be seen and repeated.
        removing = replace(person, state=PersonState.REMOVING)
        if removing != person:
            stored = self.store.save(stored.with_person(removing))
        self.users.remove(person_id)
        # Afterwards, so that no token is issued later than this and before the user is gone.
        self.sessions.end(account_id, person_id, self.clock())
        self.store.save(stored.without(person_id))
        return removing

    def _of_manager(self, account_id: str, caller: Caller) -> AccountPeople:
        """Return the people of an account, with the caller; raises RefusedError if the caller is no manager now.

        The API refuses the tokens of a person who was removed or lost the role, but only half a minute later. With the
        first request for an account, the record is made from the user pool. A manager who is not in it was created
        later by the operator, and is added.
        """
        stored = self.store.of_account(account_id)
        if not stored.version:
            stored = self.store.save(with_users(stored, self.users.of_account(account_id), self.clock()))
        person = stored.find(caller.person_id)
        if person is None:
            user = self.users.find(caller.person_id)
            if user is None or user.account_id != account_id or user.role is None:
                raise _no_manager()
            person = person_of(user, user.role, self.clock())
            stored = self.store.save(stored.with_person(person))
        if person.role is not PersonRole.MANAGER or person.state is PersonState.REMOVING:
            raise _no_manager()
        return stored


def with_users(stored: AccountPeople, users: Sequence[PoolUser], now: datetime) -> AccountPeople:
    """Return the record of an account that has these users in the pool, all of them."""
    people = []
    for user in users:
        if user.role is not None:
            person = person_of(user, user.role, now)
            known = stored.find(user.person_id) or person
            state = known.state if known.state is PersonState.REMOVING else person.state
            changed = {"email": user.email, "role": user.role, "through_provider": user.through_provider}
            people.append(replace(known, state=state, **changed))
    return replace(stored, people=tuple(people))


def _no_manager() -> RefusedError:
    return RefusedError("no_manager", "You are no longer a manager of this account. Sign in again.")


def _person_in(stored: AccountPeople, person_id: str) -> Person:
    person = stored.find(person_id)
    if person is None:
        raise NotFoundError("person not found")
    return person


def person_of(user: PoolUser, role: PersonRole, now: datetime) -> Person:
    """Return a user of the pool as a person whose record starts now."""
    state = PersonState.ACTIVE if user.has_signed_in or user.through_provider else PersonState.INVITED
    return Person(user.person_id, user.email, role, state, now, through_provider=user.through_provider)
