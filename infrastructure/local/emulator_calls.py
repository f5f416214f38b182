"""Corrections of the emulator: it refuses the calls that AWS refuses.

ministack accepts values that do not match the models of the services, and sends texts that SNS refuses. Calls that do
not match a model are also recorded in the state folder, so that a test can find calls whose error the product ignores.
"""

import json
from pathlib import Path
from typing import Any, Final

from infrastructure.local.call_rules import Call, Refusal, error_response, model_refusal, read_call
from infrastructure.local.emulator_internals import require
from infrastructure.local.ses_simulator.send_rules import text_refusal

REFUSED_CALLS: Final = Path("tmp", "refused_calls.jsonl")
"""The file in the state folder with each call that did not match its model: access key, service, operation, message."""


def refuse_as_aws(record_file: Path, opted_out: dict[str, None]) -> None:
    """Refuse the calls that do not match the model of their service, or that SNS does not accept.

    A number whose text is refused as opted out is added to `opted_out`.
    """
    from ministack import app

    handle = require(app, "_handle_special_data_plane_request")

    async def check_and_handle(
        method: str, path: str, headers: dict[str, str], body: bytes, *query_and_id: Any, **raw: Any
    ) -> Any:
        target = f"{raw.get('raw_path') or path}?{raw.get('raw_query_string', '')}"
        call = read_call(method, target, headers, body)
        refused = call and (model_refusal(call) or _service_refusal(call))
        if call and refused:
            if refused.code == "OptedOut":
                opted_out[call.values["PhoneNumber"]] = None
            if refused.by_model:
                with record_file.open("a") as file:
                    file.write(json.dumps([call.access_key, call.service, call.operation, refused.message]) + "\n")
            return error_response(call, refused)
        return await handle(method, path, headers, body, *query_and_id, **raw)

    app._handle_special_data_plane_request = check_and_handle  # noqa: SLF001 - see emulator.py


def _service_refusal(call: Call) -> Refusal | None:
    """Return the error of SNS for a text that it refuses, or None. The simulator refuses emails."""
    if (call.service, call.operation) == ("sns", "Publish") and call.values.get("PhoneNumber"):
        found = text_refusal(call.values["PhoneNumber"], call.values.get("Message", ""))
        return Refusal(*found, by_model=False) if found else None
    return None
