"""The console's app client: its addresses are known only once the API is deployed."""

from collections.abc import Mapping
from typing import Any


def open_console(cognito: Any, outputs: Mapping[str, str]) -> None:
    """Let the sign-in lead back to the console. A local stack answers under both names of the loopback."""
    client = {"UserPoolId": outputs["UserPoolId"], "ClientId": outputs["ConsoleClientId"]}
    present = cognito.describe_user_pool_client(**client)["UserPoolClient"]
    # An update puts defaults in place of all that it does not name.
    kept = {name: value for name, value in present.items() if value and name not in _NOT_TAKEN_BACK}
    console = f"{outputs['ApiUrl']}/console/"
    addresses = list(dict.fromkeys([console, console.replace("127.0.0.1", "localhost")]))
    cognito.update_user_pool_client(**kept | {"CallbackURLs": addresses, "LogoutURLs": addresses})


_NOT_TAKEN_BACK = frozenset({"CreationDate", "LastModifiedDate"})
