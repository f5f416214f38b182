"""The members of an account: the users of the Cognito user pool with the account's ID."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infrastructure.errors import ToolError
from infrastructure.user_pool import ACCOUNT_ATTRIBUTE, Role, add_user


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
        try:
            user = self.cognito.admin_get_user(UserPoolId=self.pool, Username=email)
        except self.cognito.exceptions.UserNotFoundException:
            user = {"UserAttributes": []}
        if _attributes(user["UserAttributes"]).get(ACCOUNT_ATTRIBUTE) != account_id:
            raise ToolError(f"{email} is not a member of {account_id}.")
        self.cognito.admin_delete_user(UserPoolId=self.pool, Username=email)

    def _roles(self, username: str) -> tuple[str, ...]:
        groups = self.cognito.admin_list_groups_for_user(UserPoolId=self.pool, Username=username)["Groups"]
        return tuple(sorted(group["GroupName"].removesuffix("s") for group in groups))


def _attributes(listed: list[dict[str, str]]) -> dict[str, str]:
    return {attribute["Name"]: attribute["Value"] for attribute in listed}
