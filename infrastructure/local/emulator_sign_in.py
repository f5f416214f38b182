"""Corrections of the emulator's Cognito.

1. **Users can write only the attributes that their app client may write.** In ministack they can write all.
2. **Nobody can sign up if only an administrator creates users.** In ministack everyone can.
3. **User names are case-sensitive only if the pool says so.** In ministack they always are.
4. **An invitation is sent again only to users who have not set a password** (botocore, AdminCreateUser *MessageAction*
   and UnsupportedUserStateException). In ministack it is sent to all.
5. **An authenticator app is asked for only after SetUserMFAPreference, and only users who verified one can set that**
   (botocore, SoftwareTokenMfaSettingsType, "Users must register a TOTP authenticator before"). In ministack the app is
   on as soon as it is verified, and can be on without one.
6. **The sign-in page asks for the code of the app** (Cognito Developer Guide, "Adding MFA to a user pool"). In
   ministack only the API asks.
"""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qs

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


def turn_apps_on_by_preference() -> None:
    """Leave an authenticator app off until the user's preference turns it on, which needs a verified app.

    Users of a pool that requires a second factor have it on once they have verified it, as in ministack.
    """
    from ministack.services import cognito

    verify, prefer = require(cognito, "_verify_software_token"), require(cognito, "_set_user_mfa_preference")
    user_of, refuse = require(cognito, "_user_pool_for_access_token"), require(cognito, "error_response_json")

    def verify_alone(data: Request) -> Any:
        user, pool = user_of(data.get("AccessToken"))
        if not user or pool["MfaConfiguration"] != "OPTIONAL":
            return verify(data)
        before = {"_mfa_enabled": list(user.get("_mfa_enabled", [])), "_preferred_mfa": user.get("_preferred_mfa", "")}
        answer = verify(data)
        user.update(before)
        return answer

    def prefer_verified(data: Request) -> Any:
        user, _ = user_of(data.get("AccessToken"))
        is_on = data.get("SoftwareTokenMfaSettings", {}).get("Enabled")
        if user and is_on and not user.get("_totp_secret"):
            return refuse("InvalidParameterException", "User has not set up software token mfa", 400)
        return prefer(data)

    cognito._verify_software_token = verify_alone  # noqa: SLF001 - see the module's docstring
    cognito._set_user_mfa_preference = prefer_verified  # noqa: SLF001 - see the module's docstring


_CODE_PAGE: Final = """<!doctype html><html lang="en"><title>Sign in</title>
<form method="post" action="/login"><p>{message}</p><input type="hidden" name="mfa_token" value="{token}">
<label>Code of your authenticator app <input name="mfa_code" inputmode="numeric" autocomplete="one-time-code"></label>
<button type="submit">Sign in</button></form></html>"""


def ask_for_the_code_on_the_sign_in_page() -> None:
    """Ask users with an authenticator app for a code after the password, before they are sent back."""
    from ministack.services import cognito

    submit, pool_of = require(cognito, "handle_login_submit"), require(cognito, "_find_pool_by_client_id")
    resolve, matches = require(cognito, "_resolve_user"), require(cognito, "_totp_matches")
    waiting: dict[str, tuple[str, Any]] = {}

    def page(token: str, message: str = "") -> Any:
        return (
            200,
            {"Content-Type": "text/html; charset=utf-8"},
            _CODE_PAGE.format(token=token, message=message).encode(),
        )

    def submit_with_code(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if token := form.get("mfa_token"):
            secret, answer = waiting.get(token, ("", None))
            if not matches(secret, form.get("mfa_code", "")):
                return page(token, "This code is not valid.")
            del waiting[token]
            return answer
        answer = submit(method, path, headers, body, query)
        _, pool, _ = pool_of(form.get("client_id", ""))
        user, _ = resolve(pool, form.get("username")) if pool else (None, None)
        if answer[0] != HTTPStatus.FOUND or not user or "SOFTWARE_TOKEN_MFA" not in user.get("_mfa_enabled", []):
            return answer
        waiting[token := secrets.token_urlsafe()] = user["_totp_secret"], answer
        return page(token)

    cognito.handle_login_submit = submit_with_code


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
