"""The users of a local stack."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from infrastructure.local.deployment import DEFAULT_ACCOUNT, OTHER_ACCOUNT
from infrastructure.local.emulator_process import emulator_client
from infrastructure.user_pool import Role, User, create_user

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient


def create_users(endpoint: str, outputs: Mapping[str, str]) -> tuple[User, ...]:
    """Create a manager and a viewer in each of the two accounts; return all users."""
    cognito: CognitoIdentityProviderClient = emulator_client(endpoint, "cognito-idp")
    roles: tuple[Role, ...] = ("manager", "viewer")
    return tuple(
        create_user(cognito, outputs["UserPoolId"], f"{role}@{domain}", account_id, role)
        for account_id, domain in ((DEFAULT_ACCOUNT, "harbor.example"), (OTHER_ACCOUNT, "meadow.example"))
        for role in roles
    )
