"""The users of the Cognito user pool."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from msgspec import Struct

from undelivered.domain.errors import NotFoundError, RetryableError
from undelivered.domain.people import PersonRole
from undelivered.services.ports.people import PoolUser

ACCOUNT_ATTRIBUTE: Final = "custom:account_id"
"""The attribute with the ID of a user's account."""

_INVITED: Final = "FORCE_CHANGE_PASSWORD"
"""The status of a user who has a temporary password (botocore, cognito-idp *UserStatusType*)."""

_BUSY: Final = frozenset(
    {"TooManyRequestsException", "LimitExceededException", "InternalErrorException", "ConcurrentModificationException"}
)


def group_of(role: PersonRole) -> str:
    """Return the group of a role in the user pool."""
    return f"{role}s"


def pool_user(attributes: Sequence[Mapping[str, str]], status: str, role: PersonRole | None) -> PoolUser:
    """Return the user with these attributes."""
    values = {attribute["Name"]: attribute["Value"] for attribute in attributes}
    return PoolUser(
        person_id=values["sub"],
        account_id=values.get(ACCOUNT_ATTRIBUTE, ""),
        email=values.get("email", ""),
        role=role,
        has_signed_in=status != _INVITED,
        through_provider="identities" in values,
    )


class CognitoUserPool(Struct, frozen=True):
    """``ports.people.UserPool`` in Amazon Cognito.

    Cognito finds a local user by the name, the email address or the subject (botocore, AdminGetUser *Username*).
    """

    client: Any
    pool: str

    def invite(self, account_id: str, email: str, role: PersonRole) -> PoolUser | None:
        """Create a user, to whom Cognito sends a temporary password; return None if the address has a user."""
        attributes = {"email": email, "email_verified": "true", ACCOUNT_ATTRIBUTE: account_id}
        with _busy_is_retryable():
            try:
                user = self.client.admin_create_user(
                    UserPoolId=self.pool,
                    Username=email,
                    UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
                    DesiredDeliveryMediums=["EMAIL"],
                )["User"]
            except ClientError as error:
                if _code(error) == "UsernameExistsException":
                    return None
                raise
            created = pool_user(user["Attributes"], user["UserStatus"], role)
            self._add_to_group(created.person_id, role)
        return created

    def invite_again(self, person_id: str) -> bool:
        """Send a new temporary password; return False if the user has set a password of their own.

        The call needs the address, because Cognito takes no subject when it sends again.
        """
        user = self.find(person_id)
        if user is None or user.has_signed_in:
            return False
        with _busy_is_retryable():
            try:
                self.client.admin_create_user(
                    UserPoolId=self.pool, Username=user.email, MessageAction="RESEND", DesiredDeliveryMediums=["EMAIL"]
                )
            except ClientError as error:
                if _code(error) == "UnsupportedUserStateException":
                    return False
                raise
        return True

    def find(self, name: str) -> PoolUser | None:
        """Return the user with an ID or an email address."""
        with _busy_is_retryable():
            try:
                user = self.client.admin_get_user(UserPoolId=self.pool, Username=name)
            except ClientError as error:
                if _code(error) == "UserNotFoundException":
                    return None
                raise
            groups = self.client.admin_list_groups_for_user(UserPoolId=self.pool, Username=user["Username"])["Groups"]
        names = {group["GroupName"] for group in groups}
        role = next((role for role in PersonRole if group_of(role) in names), None)
        return pool_user(user["UserAttributes"], user["UserStatus"], role)

    def of_account(self, account_id: str) -> Sequence[PoolUser]:
        """Return the users of an account who have a role.

        Cognito cannot filter by a custom attribute (botocore, ListUsers *Filter*), so this reads the groups of all
        accounts, 60 users a call.
        """
        with _busy_is_retryable():
            return [
                user
                for role in PersonRole
                for page in self.client.get_paginator("list_users_in_group").paginate(
                    UserPoolId=self.pool, GroupName=group_of(role)
                )
                for listed in page["Users"]
                if (user := pool_user(listed["Attributes"], listed["UserStatus"], role)).account_id == account_id
            ]

    def set_role(self, person_id: str, role: PersonRole) -> None:
        """Put a user in the group of a role alone, and end the sessions; raises NotFoundError."""
        with _busy_is_retryable():
            try:
                self._add_to_group(person_id, role)
                for other in PersonRole:
                    if other is not role:
                        self.client.admin_remove_user_from_group(
                            UserPoolId=self.pool, Username=person_id, GroupName=group_of(other)
                        )
                self.client.admin_user_global_sign_out(UserPoolId=self.pool, Username=person_id)
            except ClientError as error:
                if _code(error) == "UserNotFoundException":
                    raise NotFoundError("person not found") from error
                raise

    def remove(self, person_id: str) -> None:
        """End the sessions of a user and delete the user; does nothing if there is none."""
        with _busy_is_retryable():
            try:
                self.client.admin_user_global_sign_out(UserPoolId=self.pool, Username=person_id)
                self.client.admin_delete_user(UserPoolId=self.pool, Username=person_id)
            except ClientError as error:
                if _code(error) != "UserNotFoundException":
                    raise

    def _add_to_group(self, person_id: str, role: PersonRole) -> None:
        self.client.admin_add_user_to_group(UserPoolId=self.pool, Username=person_id, GroupName=group_of(role))


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


@contextmanager
def _busy_is_retryable() -> Iterator[None]:
    """Raise RetryableError for throttling and network errors. Other errors pass unchanged."""
    try:
        yield
    except ClientError as error:
        if _code(error) in _BUSY:
            raise RetryableError(f"Cognito is busy: {_code(error)}") from error
        raise
    except BotoCoreError as error:
        raise RetryableError(f"Cognito cannot be reached: {type(error).__name__}") from error
