"""The users of a local stack, and the client of its host application."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from infrastructure.local.deployment import DEFAULT_ACCOUNT, OTHER_ACCOUNT
from infrastructure.local.emulator_process import emulator_client

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

Role = Literal["manager", "viewer"]


@dataclass(frozen=True, slots=True)
class User:
    """A user who can sign in."""

    email: str
    password: str
    account_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class HostClient:
    """The host application's client credentials, and where it gets its token."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str


def create_users(endpoint: str, outputs: Mapping[str, str]) -> tuple[User, ...]:
    """Create a manager and a viewer in each of the two accounts; return all users."""
    cognito: CognitoIdentityProviderClient = emulator_client(endpoint, "cognito-idp")
    pool = outputs["UserPoolId"]
    users: list[User] = []
    for account_id, domain in ((DEFAULT_ACCOUNT, "harbor.example"), (OTHER_ACCOUNT, "meadow.example")):
        roles: tuple[Role, ...] = ("manager", "viewer")
        for role in roles:
            user = User(f"{role}@{domain}", _new_password(), account_id, role)
            attributes = {"email": user.email, "email_verified": "true", "custom:account_id": account_id}
            cognito.admin_create_user(
                UserPoolId=pool,
                Username=user.email,
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
                MessageAction="SUPPRESS",
            )
            cognito.admin_set_user_password(
                UserPoolId=pool, Username=user.email, Password=user.password, Permanent=True
            )
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=user.email, GroupName=f"{role}s")
            users.append(user)
    return tuple(users)


def _new_password() -> str:
    """Return a password that meets the pool's policy and is easy to type."""
    letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
    return f"{letters.capitalize()}-{secrets.randbelow(900) + 100}"


def host_client(endpoint: str, outputs: Mapping[str, str]) -> HostClient:
    """Return the client that the template created for the host application."""
    cognito: CognitoIdentityProviderClient = emulator_client(endpoint, "cognito-idp")
    client = cognito.describe_user_pool_client(UserPoolId=outputs["UserPoolId"], ClientId=outputs["HostClientId"])
    return HostClient(
        token_url=f"{outputs['SignInUrl']}/oauth2/token",
        client_id=outputs["HostClientId"],
        client_secret=client["UserPoolClient"]["ClientSecret"],
        scope=outputs["HostScope"],
    )
