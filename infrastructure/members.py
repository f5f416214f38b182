"""The members of an account: the users of the Cognito user pool with the account's ID."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

from msgspec.structs import replace

from infrastructure.errors import ToolError
from infrastructure.user_pool import ACCOUNT_ATTRIBUTE, Role
from undelivered.adapters.aws.user_pool import CognitoUserPool, pool_user
from undelivered.domain.people import PersonRole
from undelivered.services.manage_people import person_of, with_users
from undelivered.services.ports.people import EndedSessions, PeopleStore, PoolUser

Provider = Literal["CompanyOIDC", "CompanySAML"]
"""The identity providers of the template."""

_SUBJECT: Final = "Cognito_Subject"
"""The subject of a user at an identity provider (botocore, AdminLinkProviderForUser, *SourceUser*)."""


@dataclass(frozen=True, slots=True)
class Member:
    """A user of an account."""

    email: str
    roles: tuple[str, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Members:
    """The users of a pool, by account. ``people`` is the record of people that the console shows."""

    cognito: Any
    pool: str
    people: PeopleStore
    sessions: EndedSessions

    def of(self, account_id: str) -> Iterator[Member]:
        """Yield the members of an account, and bring the record of people up to date.

        Cognito cannot filter by a custom attribute (ListUsers, *Filter*).
        """
        users: list[PoolUser] = []
        for page in self.cognito.get_paginator("list_users").paginate(UserPoolId=self.pool):
            for user in page["Users"]:
                attributes = _attributes(user["Attributes"])
                if attributes.get(ACCOUNT_ATTRIBUTE) == account_id:
                    roles = self._roles(user["Username"])
                    role = next((each for each in PersonRole if each in roles), None)
                    users.append(pool_user(user["Attributes"], user["UserStatus"], role))
                    yield Member(attributes.get("email", ""), roles, user["UserStatus"])
        self.people.save(with_users(self.people.of_account(account_id), users, datetime.now(UTC)))

    def add(self, account_id: str, email: str, role: Role) -> None:
        """Create a user; Cognito sends the invitation. Raises ToolError if a user with this address exists."""
        wanted = PersonRole(role)
        user = CognitoUserPool(self.cognito, self.pool).invite(account_id, email, wanted)
        if user is None:
            raise ToolError(f"The user {email} already exists. A user belongs to one account.")
        now = datetime.now(UTC)
        person = replace(person_of(user, wanted, now), added_by="operator", invited_at=now)
        self.people.save(self.people.of_account(account_id).with_person(person))

    def remove(self, account_id: str, email: str) -> None:
        """Delete a user.

        Raises ToolError if the account has no such member. The API refuses the user's tokens half a minute later.
        """
        name = self._user_name(account_id, email)
        CognitoUserPool(self.cognito, self.pool).remove(name)
        self.sessions.end(account_id, name, datetime.now(UTC))
        self.people.save(self.people.of_account(account_id).without(name))

    def link(self, account_id: str, email: str, provider: Provider, subject: str) -> None:
        """Let a member sign in through an identity provider, as the user with this subject there.

        Raises ToolError if the account has no such member.
        """
        self.cognito.admin_link_provider_for_user(
            UserPoolId=self.pool,
            DestinationUser={"ProviderName": "Cognito", "ProviderAttributeValue": self._user_name(account_id, email)},
            SourceUser={
                "ProviderName": provider,
                "ProviderAttributeName": _SUBJECT,
                "ProviderAttributeValue": subject,
            },
        )

    def _user_name(self, account_id: str, email: str) -> str:
        """Return the name of a member in the pool, which is not the address."""
        try:
            user = self.cognito.admin_get_user(UserPoolId=self.pool, Username=email)
        except self.cognito.exceptions.UserNotFoundException:
            user = {"UserAttributes": []}
        if _attributes(user["UserAttributes"]).get(ACCOUNT_ATTRIBUTE) != account_id:
            raise ToolError(f"{email} is not a member of {account_id}.")
        name: str = user["Username"]
        return name

    def _roles(self, username: str) -> tuple[str, ...]:
        groups = self.cognito.admin_list_groups_for_user(UserPoolId=self.pool, Username=username)["Groups"]
        return tuple(sorted(group["GroupName"].removesuffix("s") for group in groups))


def _attributes(listed: list[dict[str, str]]) -> dict[str, str]:
    return {attribute["Name"]: attribute["Value"] for attribute in listed}
