"""Send rows to the API in batches, several at a time, and keep what was done so that an import can be continued."""

import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Event, Lock
from typing import Any, Final

import httpx

from infrastructure.cloudformation import existing_stack, outputs_of
from infrastructure.deployed_stack import DeployedStack
from infrastructure.errors import ToolError
from infrastructure.importing.table_file import Row, TableFile
from infrastructure.user_pool import HostClient, host_client, host_token
from undelivered.entrypoints.http.parsing import MAX_BODY_BYTES
from undelivered.entrypoints.http.rows import MAX_ROWS

AT_ONCE: Final = 4
"""How many requests are sent at a time. A new AWS account can run ten functions at a time."""

_TRIES: Final = 8
_LONGEST_WAIT_SECONDS: Final = 30.0
_TIMEOUT_SECONDS: Final = 40.0  # API Gateway answers within 29 seconds
_ENVELOPE_BYTES: Final = 200
_AGAIN: Final = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row of a file, and the row of the API that it becomes. With an ``error``, it is refused and not sent."""

    source: Row
    body: Mapping[str, Any]
    error: str = ""


@dataclass(frozen=True, slots=True)
class ImportList:
    """A list that the API takes with ``PUT /<name>``: the field of the rows in the body has the same name."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class ImportResult:
    """The numbers of rows by outcome, and by line the refused rows with the reason, and likely spellings of others."""

    outcomes: Counter[str] = field(default_factory=Counter)
    refused: dict[int, str] = field(default_factory=dict)
    likely: dict[int, str] = field(default_factory=dict)

    def add(self, other: "ImportResult") -> None:
        """Add the result of more rows."""
        self.outcomes += other.outcomes
        self.refused |= other.refused
        self.likely |= other.likely

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "ImportResult":
        """Return a saved result."""
        refused, likely = (
            {int(line): text for line, text in document.get(name, {}).items()} for name in ("refused", "likely")
        )
        return cls(Counter(document["outcomes"]), refused, likely)


class HostApi:
    """The API of a stack as the host application of an account. Safe to use from several threads."""

    def __init__(
        self, url: str, account_id: str, host: HostClient, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.url = url
        self.account_id = account_id
        self._host = host
        self._client = httpx.Client(timeout=_TIMEOUT_SECONDS)
        self._sleep = sleep
        self._lock = Lock()
        self._token = ""

    @classmethod
    def of(cls, stack: DeployedStack, account_id: str) -> "HostApi":
        """Return the API of a stack, for an account."""
        outputs = outputs_of(existing_stack(stack.client("cloudformation"), stack.name))
        return cls(outputs["ApiUrl"], account_id, host_client(stack.client("cognito-idp"), outputs))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Return the answer to a PUT. Repeats it while the API is busy; raises ToolError if that does not end.

        To repeat a PUT of these lists is harmless.
        """
        for tried in range(1, _TRIES + 1):
            token = self._current_token()
            response = self._try(path, body, token)
            if response is not None and response.is_success:
                return response.json()
            if response is not None and response.status_code == HTTPStatus.UNAUTHORIZED and tried < _TRIES:
                self._forget_token(token)  # it expires after an hour
            elif response is not None and response.status_code not in _AGAIN:
                raise ToolError(f"The API refused the request: {_detail(response)}")
            elif tried < _TRIES:
                self._sleep(_wait_before(tried, response))
        cause = "it does not respond" if response is None else _detail(response)
        raise ToolError(f"The API could not take all rows: {cause} Run the command again to continue.")

    def _try(self, path: str, body: Mapping[str, Any], token: str) -> httpx.Response | None:
        headers = {"Authorization": f"Bearer {token}", "X-Account-Id": self.account_id}
        try:
            return self._client.put(f"{self.url}/{path}", json=body, headers=headers)
        except httpx.TransportError:
            return None

    def _current_token(self) -> str:
        with self._lock:
            self._token = self._token or host_token(self._host)
            return self._token

    def _forget_token(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token = ""


def _detail(response: httpx.Response) -> str:
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"status {response.status_code}."


def _wait_before(tried: int, response: httpx.Response | None) -> float:
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    return min(float(asked) if asked.isdigit() else 2.0**tried / 4, _LONGEST_WAIT_SECONDS)


class ProgressFile:
    """A file beside the imported file with the results of each batch that is done. ``key`` identifies the import."""

    def __init__(self, path: Path, key: str) -> None:
        self._path = path
        self._key = key
        self.done: dict[int, ImportResult] = {}
        try:
            saved = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            return
        if saved.get("key") == key:
            self.done = {int(number): ImportResult.from_json(result) for number, result in saved["batches"].items()}

    def save(self, number: int, result: ImportResult) -> None:
        """Add the result of a batch."""
        self.done[number] = result
        batches = {
            each: {"outcomes": done.outcomes, "refused": done.refused, "likely": done.likely}
            for each, done in self.done.items()
        }
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_text(json.dumps({"key": self._key, "batches": batches}), "utf-8")
        beside.replace(self._path)

    def remove(self) -> None:
        """Remove the file, when all is done."""
        self._path.unlink(missing_ok=True)


def send_rows(  # noqa: PLR0913 - the rows, where they go, and who is informed
    api: HostApi,
    target: ImportList,
    rows: Sequence[ImportRow],
    *,
    dry_run: bool,
    progress: ProgressFile | None = None,
    on_sent: Callable[[int], None] = lambda _rows: None,
) -> ImportResult:
    """Send the rows and return their outcomes. ``on_sent`` receives the number of rows of each batch that is done.

    Raises ToolError if the API does not take them all. ``progress`` then has what was done.
    """
    wrong = {row.source.line: row.error for row in rows if row.error}
    result = ImportResult(Counter({"refused": len(wrong)} if wrong else {}), wrong)
    batches = dict(enumerate(batches_of([row for row in rows if not row.error])))
    done = progress.done if progress else {}
    on_sent(len(wrong) + sum(len(batches[number]) for number in done))
    for earlier in done.values():
        result.add(earlier)
    missing = {number: batch for number, batch in batches.items() if number not in done}
    for number, sent in _send_all(partial(_send, api, target, dry_run=dry_run), missing):
        if progress:
            progress.save(number, sent)
        result.add(sent)
        on_sent(len(batches[number]))
    return result


def _send_all(
    send: Callable[[Sequence[ImportRow]], ImportResult], batches: Mapping[int, Sequence[ImportRow]]
) -> Iterator[tuple[int, ImportResult]]:
    """Yield the results of batches as they come. After an error, yield what was sent already, then raise it."""
    stopped = Event()
    threads = ThreadPoolExecutor(AT_ONCE)
    try:
        numbers = {
            threads.submit(lambda batch=batch: None if stopped.is_set() else send(batch)): number  # type: ignore[misc]
            for number, batch in batches.items()
        }
        error: ToolError | None = None
        for future in as_completed(numbers):
            try:
                sent = future.result()
            except ToolError as failure:
                stopped.set()
                error = error or failure
                continue
            if sent:
                yield numbers[future], sent
        if error:
            raise error
    finally:
        threads.shutdown(wait=True, cancel_futures=True)


def batches_of(rows: Sequence[ImportRow]) -> Iterator[list[ImportRow]]:
    """Yield the rows in batches that the API takes: of at most 500 rows, and within the maximum size of a body."""
    batch: list[ImportRow] = []
    size = _ENVELOPE_BYTES
    for row in rows:
        length = len(json.dumps(row.body).encode()) + 2
        if batch and (len(batch) == MAX_ROWS or size + length > MAX_BODY_BYTES):
            yield batch
            batch, size = [], _ENVELOPE_BYTES
        batch.append(row)
        size += length
    if batch:
        yield batch


def _send(api: HostApi, target: ImportList, batch: Sequence[ImportRow], *, dry_run: bool) -> ImportResult:
    body = {target.name: [row.body for row in batch], "dry_run": dry_run, **target.options}
    answers = api.put(target.name, body)["results"]
    lines = [row.source.line for row in batch]
    refused = {
        line: "; ".join(map(_reason, answer["errors"]))
        for line, answer in zip(lines, answers, strict=True)
        if answer["outcome"] == "refused"
    }
    likely = {
        line: answer["suggestion"] for line, answer in zip(lines, answers, strict=True) if answer.get("suggestion")
    }
    return ImportResult(Counter(answer["outcome"] for answer in answers), refused, likely)


def _reason(error: Mapping[str, str]) -> str:
    suggestion = f" (perhaps {error['suggestion']})" if error.get("suggestion") else ""
    return f"{error['field']}: {error['message']}{suggestion}" if error["field"] else error["message"]


def write_refused(path: Path, table: TableFile, refused: Mapping[int, str]) -> None:
    """Write the refused rows with their columns and the reason, so that they can be corrected and imported again."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=table.delimiter)
        writer.writerow([*table.names(), "error"])
        writer.writerows([*row.values, refused[row.line]] for row in table.rows if row.line in refused)
