"""The console's app client in the user pool. Its URLs are known only after the API is deployed."""

from collections.abc import Mapping
from typing import Any


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
