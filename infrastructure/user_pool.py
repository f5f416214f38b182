"""A stack's user pool: users, the client of the host application, and the URLs of the console's client."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from infrastructure.errors import ToolError

Role = Literal["manager", "viewer"]

ACCOUNT_ATTRIBUTE: Final = "custom:account_id"
"""The attribute with the ID of a user's account."""


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


def create_user(cognito: Any, pool: str, email: str, account_id: str, role: Role) -> User:
    """Create a user who can sign in at once."""
    user = User(email, _new_password(), account_id, role)
    add_user(cognito, pool, email, account_id, role, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=user.email, Password=user.password, Permanent=True)
    return user


def add_user(cognito: Any, pool: str, email: str, account_id: str, role: Role, **invitation: Any) -> None:
    """Add a user to the pool. ``invitation`` are the arguments of AdminCreateUser about the message to the user."""
    attributes = {"email": email, "email_verified": "true", ACCOUNT_ATTRIBUTE: account_id}
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=email,
        UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
        **invitation,
    )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=email, GroupName=f"{role}s")


def _new_password() -> str:
    """Return a password that meets the pool's policy and is easy to type."""
    letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
    return f"{letters.capitalize()}-{secrets.randbelow(900) + 100}"


def sign_in(cognito: Any, client_id: str, user: User) -> str:
    """Sign a user in and return the ID token for the API; raise ToolError if the pool requires a second factor."""
    response = cognito.initiate_auth(
        ClientId=client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": user.email, "PASSWORD": user.password},
    )
    if challenge := response.get("ChallengeName"):
        raise ToolError(f"{user.email} cannot sign in with a password alone: Cognito asks for {challenge}.")
    token: str = response["AuthenticationResult"]["IdToken"]
    return token


def host_client(cognito: Any, outputs: Mapping[str, str]) -> HostClient:
    """Return the client that the template created for the host application."""
    client = cognito.describe_user_pool_client(UserPoolId=outputs["UserPoolId"], ClientId=outputs["HostClientId"])
    return HostClient(
        token_url=f"{outputs['SignInUrl']}/oauth2/token",
        client_id=outputs["HostClientId"],
        client_secret=client["UserPoolClient"]["ClientSecret"],
        scope=outputs["HostScope"],
    )


def host_token(host: HostClient) -> str:
    """Return an access token of the host application (client credentials)."""
    import httpx

    response = httpx.post(
        host.token_url,
        data={"grant_type": "client_credentials", "scope": host.scope},
        auth=(host.client_id, host.client_secret),
    ).raise_for_status()
    token: str = response.json()["access_token"]
    return token


def set_console_urls(cognito: Any, outputs: Mapping[str, str]) -> None:
    """Allow the sign-in to redirect to the console. Includes both loopback names, for a local stack."""
    client = {"UserPoolId": outputs["UserPoolId"], "ClientId": outputs["ConsoleClientId"]}
    current = cognito.describe_user_pool_client(**client)["UserPoolClient"]
    # An update resets all settings that it does not include to their defaults.
    settings = {name: value for name, value in current.items() if value and name not in _READ_ONLY}
    console = f"{outputs['ApiUrl']}/console/"
    urls = list(dict.fromkeys([console, console.replace("127.0.0.1", "localhost")]))
    cognito.update_user_pool_client(**settings | {"CallbackURLs": urls, "LogoutURLs": urls})


_READ_ONLY = frozenset({"CreationDate", "LastModifiedDate"})
