"""The members of an account: the users of the Cognito user pool with the account's ID."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from infrastructure.errors import ToolError
from infrastructure.user_pool import ACCOUNT_ATTRIBUTE, Role, add_user

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
    """The users of a pool, by account."""

    cognito: Any
    pool: str

    def of(self, account_id: str) -> Iterator[Member]:
        """Yield the members of an account. Cognito cannot filter by a custom attribute (ListUsers, *Filter*)."""
        for page in self.cognito.get_paginator("list_users").paginate(UserPoolId=self.pool):
            for user in page["Users"]:
                attributes = _attributes(user["Attributes"])
                if attributes.get(ACCOUNT_ATTRIBUTE) == account_id:
                    yield Member(attributes.get("email", ""), self._roles(user["Username"]), user["UserStatus"])

    def add(self, account_id: str, email: str, role: Role) -> None:
        """Create a user; Cognito sends the invitation. Raises ToolError if a user with this address exists."""
        try:
            add_user(self.cognito, self.pool, email, account_id, role, DesiredDeliveryMediums=["EMAIL"])
        except self.cognito.exceptions.UsernameExistsException as error:
            raise ToolError(f"The user {email} already exists. A user belongs to one account.") from error

    def remove(self, account_id: str, email: str) -> None:
        """Delete a user.

        Raises ToolError if the account has no such member. The user's tokens stay valid until they expire.
        """
        self._user_name(account_id, email)
        self.cognito.admin_delete_user(UserPoolId=self.pool, Username=email)

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
