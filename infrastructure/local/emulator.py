"""Runs ministack with nine corrections that bring it closer to AWS: `python -m infrastructure.local.emulator`.

1. **Time to live reaches the stream.** ministack's reaper deletes an expired item within a minute and tells nobody;
   DynamoDB writes a REMOVE record whose user identity is DynamoDB itself. `archive` lives on those records.
2. **Functions see their layer, not this environment.** ministack runs them with its own interpreter, whose packages
   (ours among them) would hide that the layer lacks one. They run with the interpreter beneath the environment.
3. **It does not end alone.** The receiving world, which needs the emulator, is ended with it.
4. **Policies are held against what AWS asks.** ministack asks for `sqs:SendMessageBatch`, which no policy can name, as
   AWS authorizes a batch as `sqs:SendMessage`; and for `ses:SendEmail` on everything, where AWS asks for the identity
   and the configuration set. Where policies are enforced, each distinct question is also noted in the state folder, so
   that a test can tell what is granted and never used.
5. **Numbers can be opted in.** ministack lacks SNS's OptInPhoneNumber; AWS takes it once in thirty days for a number.
6. **A layer is unpacked once.** ministack does it for every worker, which is most of a cold start.
7. **Streams are kept.** Where a stack's data outlive it, ministack keeps how far each reader of a stream has come, but
   not the stream: what nobody had read would be lost, and what comes next be passed over.
8. **Batches of a queue are as large as asked.** ministack hands a function ten messages at most, Lambda up to its
   mapping's batch size.
9. **Streams do not hold up queues.** ministack waits for what a stream invokes before it looks at any queue again.

These reach into ministack's internals, on purpose and in this one place: `_require` says so when a release moves them.
"""

import contextlib
import io
import json
import logging
import os
import sys
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from infrastructure.local.processes import COMPANION_FILE, end

_REAPER_THREAD = "dynamodb-ttl-reaper"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_EXPIRED_BY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_XML: Final = {"Content-Type": "text/xml"}

AUTHORIZATIONS: Final = Path("tmp", "authorizations.jsonl")
"""In the state folder of a stack that enforces policies: who asked for what, and whether it was granted."""

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
_BATCHES: Final = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
_AND: Final = " "
"""Between the resources of a call that needs several."""


def announce_expired_items() -> None:
    """Have the reaper's deletions written to the table's stream, as DynamoDB writes them."""
    from ministack.core import responses
    from ministack.services import dynamodb

    remove = _require(dynamodb, "_remove_item")
    emit = _require(dynamodb, "_emit_stream_event")
    records: Mapping[str, list[dict[str, Any]]] = _require(dynamodb, "_stream_records")

    def remove_and_announce(table: dict[str, Any], partition: str, sort: str) -> Any:
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
    from ministack.core import lambda_runtime

    detect = _require(lambda_runtime, "_detect_runtime_binary")

    def detect_outside(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (getattr(sys, "_base_executable", binary) if binary == sys.executable else binary), script

    lambda_runtime._detect_runtime_binary = detect_outside  # noqa: SLF001 - see the module's docstring


def authorize_as_aws_does(noted_in: Path) -> None:
    """Have batches authorized as what they are batches of, and note each distinct question and its answer once."""
    from ministack.core import iam_actions, iam_evaluator

    evaluate = _require(iam_evaluator, "evaluate")
    resource_of = _require(iam_actions, "_ses_v2_resource_arn")
    noted: set[tuple[str, str, str, str]] = set()

    def evaluate_and_note(asked: Any, policies: Any, *limits: Any) -> Any:
        asked.action = _BATCHES.get(asked.action, asked.action)
        for resource in asked.resource_arn.split(_AND):
            answer = evaluate(replace(asked, resource_arn=resource), policies, *limits)
            # The last part of an assumed role's name is the session.
            role = asked.principal_arn.split("/")[1] if ":assumed-role/" in asked.principal_arn else asked.principal_arn
            line = (role, asked.action, resource, answer.decision)
            if line not in noted:
                noted.add(line)
                with noted_in.open("a") as file:
                    file.write(json.dumps(line) + "\n")
            if answer.decision != "Allow":
                break
        return answer

    def resources_of_mail(method: str, path: str, body: bytes, region: str, account_id: str) -> Any:
        if path.rstrip("/") != "/v2/email/outbound-emails":
            return resource_of(method, path, body, region, account_id)
        mail = json.loads(body)
        domain = parseaddr(mail["FromEmailAddress"])[1].rpartition("@")[2]
        names = [f"identity/{domain}", f"configuration-set/{mail['ConfigurationSetName']}"]
        return _AND.join(f"arn:aws:ses:{region}:{account_id}:{name}" for name in names)

    iam_evaluator.evaluate = evaluate_and_note
    iam_actions._ses_v2_resource_arn = resources_of_mail  # noqa: SLF001 - see the module's docstring


def opt_numbers_in() -> None:
    """Have SNS answer OptInPhoneNumber: yes the first time for a number, then that it was done already."""
    from ministack.services import sns

    handle = _require(sns, "handle_request")
    opted_in: set[str] = set()

    async def handle_or_opt_in(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        form = parse_qs(body.decode(errors="replace"))
        if form.get("Action") != ["OptInPhoneNumber"]:
            return await handle(method, path, headers, body, query)
        number = form.get("phoneNumber", [""])[0]
        if number in opted_in:
            error = "<Error><Type>Sender</Type><Code>Throttled</Code><Message>Once in thirty days.</Message></Error>"
            return 400, _XML, f"<ErrorResponse>{error}</ErrorResponse>".encode()
        opted_in.add(number)
        return 200, _XML, b"<OptInPhoneNumberResponse><OptInPhoneNumberResult/></OptInPhoneNumberResponse>"

    sns.handle_request = handle_or_opt_in


def unpack_each_layer_once(folder: Path) -> None:
    """Have one unpacked layer serve every worker: ministack unpacks its four thousand files for each."""
    from ministack.core.lambda_runtime import Worker
    from ministack.services import lambda_svc

    content, spawn = _require(lambda_svc, "_resolve_layer_zip"), _require(Worker, "_spawn")
    unpacking = threading.Lock()

    def unpacked(attachment: str | Mapping[str, Any]) -> str:
        name = attachment if isinstance(attachment, str) else str(attachment["Arn"])
        place = folder / name.replace(":", "-")
        with unpacking:
            if not place.exists():
                with zipfile.ZipFile(io.BytesIO(content(attachment))) as layer:
                    layer.extractall(place)
        return str(place)

    def spawn_with_layers(worker: Any) -> None:
        if layers := worker.config.get("Layers"):
            variables = worker.config.get("Environment", {}).get("Variables", {})
            where = {"_LAMBDA_LAYERS_DIRS": os.pathsep.join(map(unpacked, layers))}
            worker.config = {**worker.config, "Layers": [], "Environment": {"Variables": {**variables, **where}}}
        spawn(worker)

    Worker._spawn = spawn_with_layers  # noqa: SLF001 - see the module's docstring


def keep_streams() -> None:
    """Have the records of the tables' streams kept and restored with the tables."""
    from ministack.services import dynamodb

    give, take = _require(dynamodb, "get_state"), _require(dynamodb, "load_persisted_state")
    streams = {name: _require(dynamodb, name) for name in ("_stream_records", "_stream_trimmed")}

    def give_all() -> dict[str, Any]:
        return {**give(), **streams}

    def take_all(state: dict[str, Any]) -> None:
        take(state)
        for name, held in streams.items():
            held.update(state.get(name, {}))

    dynamodb.get_state, dynamodb.load_persisted_state = give_all, take_all


def fill_batches() -> None:
    """Have a function get as many messages of a queue as its mapping's batch size says."""
    from ministack.services import sqs

    receive_ten = _require(sqs, "_receive_messages_for_esm")

    def receive(queue_url: str, number: int) -> list[Any]:
        taken: list[Any] = []
        while len(taken) < number and (more := receive_ten(queue_url, number - len(taken))):
            taken += more
        return taken

    sqs._receive_messages_for_esm = receive  # noqa: SLF001 - see the module's docstring


def poll_streams_beside_queues() -> None:
    """Have streams polled in a thread of their own, in order as before, while queues are polled on."""
    from ministack.services import lambda_svc

    poll = _require(lambda_svc, "_poll_dynamodb_streams")
    wake: threading.Event = _require(lambda_svc, "_esm_wake")
    asked = threading.Event()

    def work() -> None:
        while asked.wait():
            asked.clear()
            try:
                while poll():
                    wake.set()
            except Exception:
                logging.getLogger("ministack").exception("polling streams failed")

    def ask() -> bool:
        asked.set()
        return False

    lambda_svc._poll_dynamodb_streams = ask  # noqa: SLF001 - see the module's docstring
    threading.Thread(target=work, name="streams", daemon=True).start()


def main() -> None:
    """Serve until terminated, then end the companions named in the state folder (the only argument)."""
    state_dir = Path(sys.argv[1])
    sys.argv[1:] = []  # ministack reads the command line too
    announce_expired_items()
    run_functions_outside_the_environment()
    unpack_each_layer_once(state_dir / "tmp")
    opt_numbers_in()
    keep_streams()
    fill_batches()
    poll_streams_beside_queues()
    if os.environ.get("AUTH") == "true":
        authorize_as_aws_does(state_dir / AUTHORIZATIONS)
    from ministack.app import main as serve

    try:
        serve()
    finally:
        _end_companions(state_dir)


def _end_companions(state_dir: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        end([int(pid) for pid in (state_dir / COMPANION_FILE).read_text().split()])


def _require(module: Any, name: str) -> Any:
    try:
        return getattr(module, name)
    except AttributeError:
        raise SystemExit(
            f"This release of ministack has no {module.__name__}.{name}, which infrastructure/local/emulator.py needs."
        ) from None


if __name__ == "__main__":
    main()
