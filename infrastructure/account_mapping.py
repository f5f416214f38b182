"""The mapping of SES tenants and sending identities to accounts: read from a file, and written to a stage."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from infrastructure.errors import ToolError

if TYPE_CHECKING:
    from undelivered.domain.account_mapping import AccountMapping


def read_account_mapping(file: Path) -> "AccountMapping":
    """Return the mapping in a JSON file. Raises ToolError if the file is not valid."""
    from undelivered.domain.account_mapping import AccountMapping
    from undelivered.entrypoints.http.auth import ACCOUNT_ID

    try:
        mapping = msgspec.json.decode(file.read_bytes(), type=AccountMapping)
    except (OSError, msgspec.DecodeError) as error:
        form = '{"tenants": {"NAME": "ACCOUNT"}, "identities": {"ADDRESS OR DOMAIN": "ACCOUNT"}}'
        raise ToolError(f"{file} cannot be read: {error}. It must have the form {form}.") from error
    for name, account in [*mapping.tenants.items(), *mapping.identities.items()]:
        if not ACCOUNT_ID.fullmatch(account):
            raise ToolError(f"{file}: the account ID {account!r} of {name} is not valid.")
    return mapping


def write_account_mapping(dynamodb: Any, accounts_table: str, mapping: "AccountMapping") -> None:
    """Write the mapping of a stage. Its functions use it within a minute."""
    from undelivered.adapters.dynamodb.account_mapping_store import account_mapping_row

    dynamodb.put_item(TableName=accounts_table, Item=account_mapping_row(mapping))
