"""Runs ministack with four corrections that bring it closer to AWS: `python -m infrastructure.local.emulator`.

1. **Time to live reaches the stream.** ministack's reaper deletes an expired item within a minute and tells nobody;
   DynamoDB writes a REMOVE record whose user identity is DynamoDB itself. `archive` lives on those records.
2. **Functions see their layer, not this environment.** ministack runs them with its own interpreter, whose packages
   (ours among them) would hide that the layer lacks one. They run with the interpreter beneath the environment.
3. **It does not end alone.** The receiving world, which needs the emulator, is ended with it.
4. **The layer is unpacked once.** ministack does it for every worker, which is most of a cold start.

These reach into ministack's internals, on purpose and in this one place: `_require` says so when a release moves them.
"""

import contextlib
import io
import os
import sys
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infrastructure.local.processes import COMPANION_FILE, end

_REAPER_THREAD = "dynamodb-ttl-reaper"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_EXPIRED_BY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def announce_expired_items() -> None:
    """Have the reaper's deletions written to the table's stream, as DynamoDB writes them."""
    from ministack.core import responses  # noqa: PLC0415 - only this process runs ministack
    from ministack.services import dynamodb  # noqa: PLC0415

    remove = _require(dynamodb, "_remove_item")
    emit = _require(dynamodb, "_emit_stream_event")
    records: Mapping[str, list[dict[str, Any]]] = _require(dynamodb, "_stream_records")

    def remove_and_announce(table: dict[str, Any], partition: str, sort: str) -> Any:  # noqa: ANN401 - as ministack's
        item = remove(table, partition, sort)
        if item is not None and threading.current_thread().name == _REAPER_THREAD:
            _service, region, account = table["TableArn"].split(":")[2:5]
            responses.set_request_account_id(account)
            responses.set_request_region(region)
            emit(table["TableName"], "REMOVE", item, None)
            if written := records.get(table["TableName"]):
                written[-1]["userIdentity"] = _EXPIRED_BY
        return item

    dynamodb._remove_item = remove_and_announce  # noqa: SLF001 - see the module's docstring


def run_functions_outside_the_environment() -> None:
    """Have Python functions run by the interpreter that this virtual environment is made from."""
    from ministack.core import lambda_runtime  # noqa: PLC0415

    detect = _require(lambda_runtime, "_detect_runtime_binary")

    def detect_outside(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (getattr(sys, "_base_executable", binary) if binary == sys.executable else binary), script

    lambda_runtime._detect_runtime_binary = detect_outside  # noqa: SLF001 - see the module's docstring


def unpack_the_layer_once(folder: Path) -> None:
    """Have one unpacked layer serve every worker: ministack unpacks its four thousand files for each."""
    from ministack.services import lambda_svc  # noqa: PLC0415

    content = _require(lambda_svc, "_resolve_layer_zip")
    unpacking = threading.Lock()

    def unpack_or_reuse(attachment: str | Mapping[str, Any]) -> None:
        name = attachment if isinstance(attachment, str) else str(attachment["Arn"])
        place = folder / name.replace(":", "-")
        with unpacking:
            if not place.exists():
                with zipfile.ZipFile(io.BytesIO(content(attachment))) as layer:
                    layer.extractall(place)
            # Workers inherit it; there is one layer, so it is the same for all of them.
            os.environ["_LAMBDA_LAYERS_DIRS"] = str(place)

    lambda_svc._resolve_layer_zip = unpack_or_reuse  # noqa: SLF001 - see the module's docstring


def main() -> None:
    """Serve until terminated, then end the companions named in the state folder (the only argument)."""
    state_dir = Path(sys.argv[1])
    sys.argv[1:] = []  # ministack reads the command line too
    announce_expired_items()
    run_functions_outside_the_environment()
    unpack_the_layer_once(state_dir / "tmp")
    from ministack.app import main as serve  # noqa: PLC0415

    try:
        serve()
    finally:
        _end_companions(state_dir)


def _end_companions(state_dir: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        end([int(pid) for pid in (state_dir / COMPANION_FILE).read_text().split()])


def _require(module: Any, name: str) -> Any:  # noqa: ANN401 - ministack is untyped
    try:
        return getattr(module, name)
    except AttributeError:
        raise SystemExit(
            f"This release of ministack has no {module.__name__}.{name}; infrastructure/local/emulator.py relies on it."
        ) from None


if __name__ == "__main__":
    main()
