"""Corrections of the emulator's Cognito.

1. **Users can write only the attributes that their app client may write.** In ministack they can write all.
2. **Nobody can sign up if only an administrator creates users.** In ministack everyone can.
3. **User names are case-sensitive only if the pool says so.** In ministack they always are.
4. **An invitation is sent again only to users who have not set a password** (botocore, AdminCreateUser *MessageAction*
   and UnsupportedUserStateException). In ministack it is sent to all.
"""

from collections.abc import Mapping
from typing import Any, Final

from infrastructure.local.emulator_internals import require

Request = dict[str, Any]
Pool = dict[str, Any]

_STANDARD: Final = frozenset(
    {
        "address", "birthdate", "email", "family_name", "gender", "given_name", "locale", "middle_name", "name",
        "nickname", "phone_number", "picture", "preferred_username", "profile", "updated_at", "website", "zoneinfo",
    }
)  # fmt: skip
"""The attributes that a client without WriteAttributes may write (botocore, cognito-idp
CreateUserPoolClientRequest)."""


def enforce_write_attributes() -> None:
    """Refuse the attributes that the client of the user's token may not write."""
    from ministack.services import cognito

    update, claims_of = require(cognito, "_update_user_attributes"), require(cognito, "_token_claims")
    refuse, pool_of = require(cognito, "error_response_json"), require(cognito, "_pool_for_client")

    def update_writable(data: Request) -> Any:
        client_id = claims_of(data.get("AccessToken", "")).get("client_id", "")
        pool, _ = pool_of(client_id)
        writable = set(pool["_clients"][client_id]["WriteAttributes"] or _STANDARD) if pool else set()
        if pool and not {each["Name"] for each in data["UserAttributes"]} <= writable:
            return refuse("NotAuthorizedException", "A client attempted to write unauthorized attribute", 400)
        return update(data)

    cognito._update_user_attributes = update_writable  # noqa: SLF001 - see the module's docstring


def close_sign_up() -> None:
    """Refuse to sign up in a pool whose users only an administrator creates."""
    from ministack.services import cognito

    sign_up, pool_of = require(cognito, "_sign_up"), require(cognito, "_pool_for_client")
    refuse = require(cognito, "error_response_json")

    def sign_up_where_open(data: Request) -> Any:
        pool, _ = pool_of(data.get("ClientId", ""))
        if pool and pool["AdminCreateUserConfig"].get("AllowAdminCreateUserOnly"):
            return refuse("NotAuthorizedException", "SignUp is not permitted for this user pool", 400)
        return sign_up(data)

    cognito._sign_up = sign_up_where_open  # noqa: SLF001 - see the module's docstring


def refuse_invitations_of_confirmed_users() -> None:
    """Refuse to send an invitation again to a user who has a password of their own."""
    from ministack.services import cognito

    create, resolve = require(cognito, "_admin_create_user"), require(cognito, "_resolve_user")
    refuse, resolve_pool = require(cognito, "error_response_json"), require(cognito, "_resolve_pool")

    def create_or_resend(data: Request) -> Any:
        pool, _ = resolve_pool(data.get("UserPoolId"))
        user, _ = (
            resolve(pool, data.get("Username")) if pool and data.get("MessageAction") == "RESEND" else (None, None)
        )
        if user and user["UserStatus"] != "FORCE_CHANGE_PASSWORD":
            message = f"Resend not possible. {user['UserStatus']} status is not FORCE_CHANGE_PASSWORD"
            return refuse("UnsupportedUserStateException", message, 400)
        return create(data)

    cognito._admin_create_user = create_or_resend  # noqa: SLF001 - see the module's docstring


def ignore_case_of_user_names() -> None:
    """Find a user by a name in any case, unless the pool is case-sensitive, which is the default."""
    from ministack.services import cognito

    resolve = require(cognito, "_resolve_user")

    def resolve_in_any_case(pool: Pool, username: str | None) -> Any:
        user, error = resolve(pool, username)
        if user or not username or pool.get("UsernameConfiguration", {}).get("CaseSensitive", True):
            return user, error
        same = (each for each in pool["_users"].values() if username.lower() in _names(pool, each))
        return (found, None) if (found := next(same, None)) else (user, error)

    cognito._resolve_user = resolve_in_any_case  # noqa: SLF001 - see the module's docstring


def _names(pool: Pool, user: Mapping[str, Any]) -> set[str]:
    """Return the names that a user can sign in with, in lower case."""
    attributes = {each["Name"]: each["Value"] for each in user["Attributes"]}
    aliases = (attributes.get(name, "") for name in pool["UsernameAttributes"])
    return {name.lower() for name in (user["Username"], *aliases)}
