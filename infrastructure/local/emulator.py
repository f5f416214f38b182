"""Run ministack with corrections that bring it closer to AWS: `python -m infrastructure.local.emulator`.

Those of API Gateway, Cognito, CloudFormation, DynamoDB and S3, and SES are in `emulator_gateway.py`,
`emulator_sign_in.py`, `emulator_stacks.py`, `emulator_storage.py` and `emulator_email.py`. The check of all calls is in
`emulator_calls.py`. The others are here:

1. **Expired items reach the stream.** ministack deletes an expired item without a stream record. DynamoDB writes a
   REMOVE record with its own user identity, which `archive` needs.
2. **Functions use only their layer.** ministack runs functions with its own interpreter, whose packages would hide a
   package that the layer lacks. Here they run with the base interpreter of the virtual environment.
3. **The simulator stops with the emulator**, because it cannot work without it.
4. **Policies are checked as on AWS.** ministack checks `sqs:SendMessageBatch`, but AWS authorizes a batch as
   `sqs:SendMessage`. ministack checks `ses:SendEmail` on all resources, but AWS checks it on the identity and the
   configuration set. A role that may not list a bucket gets 403 for a missing object. If policies are enforced, each
   distinct check is also recorded in the state folder, so that a test can find permissions that are never used.
5. **Phone numbers can opt out and in.** ministack lacks SNS's OptInPhoneNumber, which AWS accepts once in 30 days for a
   number, CheckIfPhoneNumberIsOptedOut and ListPhoneNumbersOptedOut. A number is listed after SNS refused a text to it
   as opted out.
6. **Archives are unpacked once.** ministack unpacks the code and the layer for each worker, which takes most of a cold
   start.
7. **Streams are kept.** With kept data, ministack keeps the position of each stream reader but not the stream, so that
   unread records would be lost and later records skipped.
8. **Batches from a queue have their full size.** ministack passes at most ten messages to a function, Lambda up to the
   batch size of the event source mapping.
9. **Streams do not delay queues.** ministack waits for functions that a stream invokes before it polls the queues.
10. **Paths stay encoded.** ministack decodes the path of a REST API before it looks for the route, so that ``%2F`` in a
    path parameter ends it. API Gateway matches the path of a REST API as sent, and passes it on unchanged.
11. **The concurrency of a queue may be a parameter.** CloudFormation passes parameters as text. Lambda reads the text
   as a number, but ministack fails to compare it.
12. **Alarms on several metrics are accepted.** ministack rejects them. Here such an alarm is stored with its first
    metric.
13. **Conditions and policies are parsed once.** ministack parses them again for each row or call, which takes a fifth
    of its time.

These files change ministack's internals. `require` stops the emulator if a release of ministack changes them.
"""

import contextlib
import json
import logging
import os
import sys
import threading
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final
from urllib.parse import parse_qs

from infrastructure.build.archives import unpack
from infrastructure.build.layer import UNPACKED_LAYERS
from infrastructure.local.emulator_calls import REFUSED_CALLS, refuse_as_aws
from infrastructure.local.emulator_email import forward_to_simulator, share_configuration_sets
from infrastructure.local.emulator_gateway import compress_responses, import_the_whole_body, refuse_as_api_gateway
from infrastructure.local.emulator_internals import require
from infrastructure.local.emulator_sign_in import (
    ask_for_the_code_on_the_sign_in_page,
    close_sign_up,
    enforce_write_attributes,
    ignore_case_of_user_names,
    refuse_invitations_of_confirmed_users,
    turn_apps_on_by_preference,
)
from infrastructure.local.emulator_stacks import refuse_existing_resources, refuse_logs_without_a_role
from infrastructure.local.emulator_storage import (
    add_checksums_to_copies,
    is_stored,
    refuse_other_checksums,
    return_small_pages,
    show_restored_tables_late,
)
from infrastructure.local.processes import COMPANION_FILE, end

_REAPER_THREAD = "dynamodb-ttl-reaper"
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
_EXPIRED_BY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}

_XML: Final = {"Content-Type": "text/xml"}
_OPT_OUT_PAGE = 100  # SNS API Reference, ListPhoneNumbersOptedOut

AUTHORIZATIONS: Final = Path("tmp", "authorizations.jsonl")
"""The file in the state folder with each distinct policy check: role, action, resource and decision."""

# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
_BATCH_ACTIONS: Final = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
_SEPARATOR: Final = " "
"""The separator between the resources of a call that needs several."""


def stream_expired_items() -> None:
    """Write a stream record for each expired item that ministack deletes, as DynamoDB does."""
    from ministack.core import responses
    from ministack.services import dynamodb

    remove = require(dynamodb, "_remove_item")
    emit = require(dynamodb, "_emit_stream_event")
    records: Mapping[str, list[dict[str, Any]]] = require(dynamodb, "_stream_records")

    def remove_and_stream(table: dict[str, Any], partition: str, sort: str) -> Any:
        item = remove(table, partition, sort)
        if item is not None and threading.current_thread().name == _REAPER_THREAD:
            _service, region, account = table["TableArn"].split(":")[2:5]
            responses.set_request_account_id(account)
            responses.set_request_region(region)
            emit(table["TableName"], "REMOVE", item, None)
            if written := records.get(table["TableName"]):
                written[-1]["userIdentity"] = _EXPIRED_BY
        return item

    dynamodb._remove_item = remove_and_stream  # noqa: SLF001 - see the module's docstring


def use_base_interpreter() -> None:
    """Run Python functions with the base interpreter of this virtual environment."""
    from ministack.core import lambda_runtime

    detect = require(lambda_runtime, "_detect_runtime_binary")

    def detect_base(runtime: str) -> tuple[str, str]:
        binary, script = detect(runtime)
        return (getattr(sys, "_base_executable", binary) if binary == sys.executable else binary), script

    lambda_runtime._detect_runtime_binary = detect_base  # noqa: SLF001 - see the module's docstring


def check_policies_as_aws(record_file: Path) -> None:
    """Check policies for the actions and resources that AWS checks, and record each distinct check in a file.

    A role that may not list a bucket does not learn which objects are missing from it.
    """
    from ministack.core import iam_actions, iam_evaluator

    evaluate = require(iam_evaluator, "evaluate")
    resource_of = require(iam_actions, "_ses_v2_resource_arn")
    recorded: set[tuple[str, str, str, str]] = set()

    def evaluate_and_record(request: Any, policies: Any, *limits: Any) -> Any:
        request.action = _BATCH_ACTIONS.get(request.action, request.action)
        principal = request.principal_arn
        # The ARN of an assumed role ends with the name of the session.
        role = principal.split("/")[1] if ":assumed-role/" in principal else principal
        for resource in request.resource_arn.split(_SEPARATOR):
            result = evaluate(replace(request, resource_arn=resource), policies, *limits)
            check = (role, request.action, resource, result.decision)
            if check not in recorded:
                recorded.add(check)
                with record_file.open("a") as file:
                    file.write(json.dumps(check) + "\n")
            if result.decision != "Allow":
                break
            if request.action == "s3:GetObject" and not is_stored(resource):
                # Amazon S3 API Reference, "GetObject": without s3:ListBucket, a missing object is AccessDenied.
                listing = replace(request, action="s3:ListBucket", resource_arn=resource.partition("/")[0])
                may_list = evaluate(listing, policies, *limits)
                result = result if may_list.decision == "Allow" else may_list
        return result

    def resources_of_send(method: str, path: str, body: bytes, region: str, account_id: str) -> Any:
        if path.rstrip("/") != "/v2/email/outbound-emails":
            return resource_of(method, path, body, region, account_id)
        mail = json.loads(body)
        domain = parseaddr(mail.get("FromEmailAddress", ""))[1].rpartition("@")[2]
        names = {"identity": domain or "*", "configuration-set": mail.get("ConfigurationSetName")}
        return _SEPARATOR.join(
            f"arn:aws:ses:{region}:{account_id}:{kind}/{name}" for kind, name in names.items() if name
        )

    iam_evaluator.evaluate = evaluate_and_record
    iam_actions._ses_v2_resource_arn = resources_of_send  # noqa: SLF001 - see the module's docstring


def add_opt_outs(opted_out: dict[str, None]) -> None:
    """Add OptInPhoneNumber, CheckIfPhoneNumberIsOptedOut and ListPhoneNumbersOptedOut to SNS.

    An opt-in succeeds once for a number, and then is throttled. A page of the list has up to 100 numbers. `opted_out`
    has the numbers on the list.
    """
    from ministack.services import sns

    handle = require(sns, "handle_request")
    opted_in: set[str] = set()

    def opt_in(form: Mapping[str, list[str]]) -> Any:
        number = form.get("phoneNumber", [""])[0]
        if number in opted_in:
            error = "<Error><Type>Sender</Type><Code>Throttled</Code><Message>Once in thirty days.</Message></Error>"
            return 400, dict(_XML), f"<ErrorResponse>{error}</ErrorResponse>".encode()
        opted_in.add(number)
        opted_out.pop(number, None)
        return 200, dict(_XML), b"<OptInPhoneNumberResponse><OptInPhoneNumberResult/></OptInPhoneNumberResponse>"

    def list_opted_out(form: Mapping[str, list[str]]) -> Any:
        start = int(form.get("nextToken", ["0"])[0])
        end = start + _OPT_OUT_PAGE
        members = "".join(f"<member>{number}</member>" for number in list(opted_out)[start:end])
        token = f"<nextToken>{end}</nextToken>" if end < len(opted_out) else ""
        name = "ListPhoneNumbersOptedOut"
        result = f"<{name}Result><phoneNumbers>{members}</phoneNumbers>{token}</{name}Result>"
        return 200, dict(_XML), f"<{name}Response>{result}</{name}Response>".encode()

    def check(form: Mapping[str, list[str]]) -> Any:
        is_out = str(form.get("phoneNumber", [""])[0] in opted_out).lower()
        name = "CheckIfPhoneNumberIsOptedOut"
        result = f"<{name}Result><isOptedOut>{is_out}</isOptedOut></{name}Result>"
        return 200, dict(_XML), f"<{name}Response>{result}</{name}Response>".encode()

    actions = {
        "OptInPhoneNumber": opt_in,
        "ListPhoneNumbersOptedOut": list_opted_out,
        "CheckIfPhoneNumberIsOptedOut": check,
    }

    async def handle_with_opt_outs(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Any:
        form = parse_qs(body.decode(errors="replace"))
        action = actions.get(form.get("Action", [""])[0])
        return action(form) if action else await handle(method, path, headers, body, query)

    sns.handle_request = handle_with_opt_outs


def unpack_archives_once(folder: Path) -> None:
    """Unpack the code of functions once for all workers of this stack, and a layer once for all stacks.

    The code has 700 files, a layer 4,000.
    """
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    content, spawn = require(lambda_svc, "_resolve_layer_zip"), require(lambda_runtime.Worker, "_spawn")
    lock = threading.Lock()
    layers: dict[str, Path] = {}

    class CodeArchive(zipfile.ZipFile):
        def extractall(self, path: Any = None, *_: object) -> None:
            with lock:
                target = unpack(Path(str(self.filename)).read_bytes(), folder)
            Path(path).rmdir()
            Path(path).symlink_to(target)

    def unpacked(attachment: str | Mapping[str, Any]) -> str:
        name = attachment if isinstance(attachment, str) else str(attachment["Arn"])
        with lock:
            if name not in layers or not layers[name].exists():  # a build deletes old ones
                layers[name] = unpack(content(attachment), UNPACKED_LAYERS)
        return str(layers[name])

    def spawn_with_layers(worker: Any) -> None:
        if attached := worker.config.get("Layers"):
            variables = worker.config.get("Environment", {}).get("Variables", {})
            folders = {"_LAMBDA_LAYERS_DIRS": os.pathsep.join(map(unpacked, attached))}
            worker.config = {**worker.config, "Layers": [], "Environment": {"Variables": {**variables, **folders}}}
        spawn(worker)

    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": CodeArchive})
    lambda_runtime.Worker._spawn = spawn_with_layers  # noqa: SLF001 - see the module's docstring


def parse_once() -> None:
    """Keep what ministack parses again for each row of a query or for each call: conditions and policies."""
    from ministack.core import iam_evaluator
    from ministack.services import dynamodb

    parse = require(iam_evaluator, "parse_policy_document")
    parse_text = cache(parse)

    def parse_policy(document: str | dict[str, Any]) -> Any:
        return parse_text(document) if isinstance(document, str) else parse(document)

    iam_evaluator.parse_policy_document = parse_policy
    dynamodb._condition_syntax_error = cache(require(dynamodb, "_condition_syntax_error"))  # noqa: SLF001 - as above


def keep_streams() -> None:
    """Save and restore the records of streams with the tables."""
    from ministack.services import dynamodb

    save, restore = require(dynamodb, "get_state"), require(dynamodb, "load_persisted_state")
    streams = {name: require(dynamodb, name) for name in ("_stream_records", "_stream_trimmed")}

    def save_with_streams() -> dict[str, Any]:
        return {**save(), **streams}

    def restore_with_streams(state: dict[str, Any]) -> None:
        restore(state)
        for name, records in streams.items():
            records.update(state.get(name, {}))

    dynamodb.get_state, dynamodb.load_persisted_state = save_with_streams, restore_with_streams


def fill_batches() -> None:
    """Pass messages of a queue to a function up to the batch size of its event source mapping."""
    from ministack.services import sqs

    receive_ten = require(sqs, "_receive_messages_for_esm")

    def receive(queue_url: str, number: int) -> list[Any]:
        messages: list[Any] = []
        while len(messages) < number and (more := receive_ten(queue_url, number - len(messages))):
            messages += more
        return messages

    sqs._receive_messages_for_esm = receive  # noqa: SLF001 - see the module's docstring


def poll_streams_in_a_thread() -> None:
    """Poll streams, in order as before, in a separate thread from the queues."""
    from ministack.services import lambda_svc

    poll = require(lambda_svc, "_poll_dynamodb_streams")
    wake: threading.Event = require(lambda_svc, "_esm_wake")
    requested = threading.Event()

    def work() -> None:
        while requested.wait():
            requested.clear()
            try:
                while poll():
                    wake.set()
            except Exception:
                logging.getLogger("ministack").exception("polling streams failed")

    def request_poll() -> bool:
        requested.set()
        return False

    lambda_svc._poll_dynamodb_streams = request_poll  # noqa: SLF001 - see the module's docstring
    threading.Thread(target=work, name="streams", daemon=True).start()


def keep_paths_encoded() -> None:
    """Match the path of a call to a REST API as it was sent, and pass it on unchanged."""
    from ministack import app

    handle = require(app, "_handle_execute_api_request")

    async def handle_as_sent(host: str, path: str, *request: Any, raw_path: str | None = None, **rest: Any) -> Any:
        return await handle(host, raw_path or path, *request, raw_path=raw_path, **rest)

    app._handle_execute_api_request = handle_as_sent  # noqa: SLF001 - see the module's docstring


def read_concurrency_as_number() -> None:
    """Read the maximum concurrency of an event source mapping as a number."""
    from ministack.services import lambda_svc

    concurrency_of = require(lambda_svc, "_sqs_esm_concurrency")

    def concurrency(mapping: dict[str, Any], *arguments: Any) -> int:
        scaling = mapping.get("ScalingConfig") or {}
        numbers = {name: int(value) for name, value in scaling.items()}
        limit: int = concurrency_of({**mapping, "ScalingConfig": numbers}, *arguments)
        return limit

    lambda_svc._sqs_esm_concurrency = concurrency  # noqa: SLF001 - see the module's docstring


def accept_alarms_on_several_metrics() -> None:
    """Store an alarm on an expression of metrics with the first of them."""
    from ministack.services.cloudformation import provisioners

    record_of = require(provisioners, "_cw_metric_alarm_record")

    def record(name: str, properties: dict[str, Any]) -> Any:
        measured = [each["MetricStat"] for each in properties.get("Metrics") or [] if "MetricStat" in each]
        if not measured:
            return record_of(name, properties)
        first = {**measured[0]["Metric"], "Statistic": measured[0]["Stat"], "Period": measured[0]["Period"]}
        return record_of(name, {**properties, **first, "Metrics": None})

    provisioners._cw_metric_alarm_record = record  # noqa: SLF001 - see the module's docstring


def main() -> None:
    """Serve until terminated, then stop the companion processes. The only argument is the state folder."""
    state_dir = Path(sys.argv[1])
    sys.argv[1:] = []  # ministack also reads the command line
    stream_expired_items()
    use_base_interpreter()
    unpack_archives_once(state_dir / "tmp")
    opted_out: dict[str, None] = {}
    add_opt_outs(opted_out)
    refuse_as_aws(state_dir / REFUSED_CALLS, opted_out)
    parse_once()
    keep_streams()
    fill_batches()
    poll_streams_in_a_thread()
    return_small_pages()
    show_restored_tables_late()
    refuse_other_checksums()
    add_checksums_to_copies()
    refuse_existing_resources()
    refuse_logs_without_a_role()
    keep_paths_encoded()
    import_the_whole_body()
    refuse_as_api_gateway()
    compress_responses()
    enforce_write_attributes()
    close_sign_up()
    ignore_case_of_user_names()
    refuse_invitations_of_confirmed_users()
    turn_apps_on_by_preference()
    ask_for_the_code_on_the_sign_in_page()
    read_concurrency_as_number()
    accept_alarms_on_several_metrics()
    share_configuration_sets()
    forward_to_simulator(os.environ["AWS_ENDPOINT_URL_SESV2"])
    if os.environ.get("AUTH") == "true":
        check_policies_as_aws(state_dir / AUTHORIZATIONS)
    from ministack.app import main as serve

    try:
        serve()
    finally:
        _end_companions(state_dir)


def _end_companions(state_dir: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        end([int(pid) for pid in (state_dir / COMPANION_FILE).read_text().split()])


if __name__ == "__main__":
    main()
