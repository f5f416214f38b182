"""Customers from a table, as the API takes them."""

from collections.abc import Mapping
from typing import Any, Final

from infrastructure.errors import ToolError
from infrastructure.importing.columns import guess_columns, named_columns
from infrastructure.importing.table_file import Row, TableFile
from infrastructure.importing.upload import ImportRow

FIELDS: Final = ("customer_id", "name", "first_name", "last_name", "email", "phone")


def customer_columns(table: TableFile, given: list[str]) -> dict[str, int]:
    """Return the column of each field; raises ToolError if there is none for the ID or for an address."""
    columns = {**guess_columns(table, FIELDS), **named_columns(table, given, FIELDS)}
    known = f"The file has the columns {', '.join(table.names())}."
    if "customer_id" not in columns:
        raise ToolError(f"No column seems to hold the customer's ID. Name it: --column customer_id=NAME. {known}")
    if not {"name", "first_name", "last_name"} & set(columns):
        raise ToolError(f"No column seems to hold the customer's name. Name it: --column name=NAME. {known}")
    return columns


def customer_rows(
    table: TableFile, columns: Mapping[str, int], *, accept_unassigned_numbers: bool = False
) -> list[ImportRow]:
    """Return the rows of a table as customers. A repeated ID is an error, because only one row could stay."""
    first: dict[str, int] = {}
    accepted = {"accept_unassigned_number": True} if accept_unassigned_numbers else {}
    rows = []
    for row in table.rows:
        customer = _customer(row, columns)
        line = first.setdefault(customer["customer_id"], row.line)
        error = "" if line == row.line else f"customer_id: is also in line {line}"
        rows.append(ImportRow(row, {**customer, **accepted}, error))
    return rows


def _customer(row: Row, columns: Mapping[str, int]) -> dict[str, Any]:
    values = {field: row.values[place] for field, place in columns.items()}
    parts = (values.get("first_name"), values.get("last_name"))
    name = values.get("name") or " ".join(part for part in parts if part)
    contacts = {field: values[field] for field in ("email", "phone") if values.get(field)}
    return {"customer_id": values["customer_id"], "name": name, **contacts}
