"""The local stack: start it, use it, stop it.

    with LocalStack.start() as stack:
        stack.token("manager@harbor.example")

A stack consists of the emulator with the deployed template, and the SES simulator. Everything that it stores is in its
state folder.
"""

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from infrastructure.build.releases import ALIAS
from infrastructure.build.target import Target
from infrastructure.errors import ToolError
from infrastructure.local import processes
from infrastructure.local.deployment import DEFAULT_ACCOUNT, deploy
from infrastructure.local.emulator_process import (
    CREDENTIALS,
    REGION,
    EmulatorOptions,
    Ports,
    emulator_client,
    process_environment,
    start_emulator,
    wait_for_emulator,
)
from infrastructure.local.state_folder import (
    SIMULATOR_LOG,
    STATE_ROOT,
    claim,
    display_path,
    forget_kept,
    last_line,
    read_kept,
    read_state,
    tear_down,
    write_state,
)
from infrastructure.local.users import create_users
from infrastructure.user_pool import HostClient, Role, User, host_client, host_token, set_console_urls, sign_in

if TYPE_CHECKING:
    pass

_SIMULATOR_SECONDS: Final = 60
_API_SECONDS: Final = 60
_WARM_UP: Final = ("IngestFeedback", "SendNotifications", "ProcessResends")
"""Functions behind queues. An empty batch starts them ahead of their first message."""
_TABLES: Final = {
    "undelivered": "UndeliveredTable",
    "history": "HistoryTable",
    "counts": "CountsTable",
    "notifications": "NotificationsTable",
    "customers": "CustomersTable",
    "suppressions": "SuppressionsTable",
    "accounts": "AccountsTable",
}
"""The outputs with the names of tables, by the tables' keys."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Description:
    """The details of a stack that `up --json` prints."""

    api_url: str
    aws_endpoint_url: str
    smtp_port: int
    region: str
    feedback_topic_arn: str
    feedback_queue_url: str
    feedback_dlq_url: str
    tables: Mapping[str, str]
    users: tuple[User, ...]
    host: HostClient
    pid: int


@dataclass(slots=True)
class LocalStack:
    """A running stack. Use `start` or `attach` to get one."""

    state_dir: Path
    port: int
    description: Description
    outputs: Mapping[str, str] = field(default_factory=dict)
    """All outputs of the deployed template, by name."""
    simulator_url: str = ""
    """The URL of the simulator's proxy. ``/_simulator/messages`` there returns the sent messages."""

    # --- Life cycle

    @classmethod
    def start(  # noqa: PLR0913 - one for each option
        cls,
        *,
        port: int | None = None,
        state_dir: Path | None = None,
        empty: bool = False,
        enforce_iam: bool = False,
        keep: bool = False,
        progress: Progress = lambda _step: None,
    ) -> Self:
        """Start a stack and return it when it is ready. Raises ToolError if it does not start; no process remains.

        `port`: any free port if it is None. `empty`: without the sample data. `enforce_iam`: the emulator checks each
        call of a function against its role's policy, as AWS does. `keep`: the data outlives `stop`, and the next start
        with `keep` and the same folder continues with it. `progress` receives each step before it starts.
        """
        port = processes.free_port() if port is None else port
        state_dir = (state_dir or STATE_ROOT / str(port)).resolve()
        kept = read_kept(state_dir, port, keep=keep)
        claim(state_dir, port)
        state_dir.mkdir(parents=True, exist_ok=True)
        write_state(state_dir, {"starter": os.getpid(), "port": port, "pids": []})
        options = EmulatorOptions(enforce_iam=enforce_iam, keep=keep)
        try:
            if kept:
                return cls._resume(kept, state_dir, options, progress)
            return cls._create(port, state_dir, options, empty=empty, progress=progress)
        except ToolError as error:
            logs = tear_down(state_dir, failed=True)
            raise ToolError(f"{error}{f' More is in {display_path(logs)}.' if logs else ''}") from error
        except BaseException:
            tear_down(state_dir)
            raise

    @classmethod
    def attach(cls, state_dir: Path) -> Self:
        """Return the running stack of a state folder; raise ToolError if there is none."""
        state = read_state(state_dir)
        if state is None or "description" not in state or not all(map(processes.is_ours, state["pids"])):
            raise ToolError(f"No stack is running from {display_path(state_dir)}. Start one with `undelivered up`.")
        return cls._from_state(state, state_dir.resolve())

    @classmethod
    def _from_state(cls, state: Mapping[str, Any], state_dir: Path) -> Self:
        fields = state["description"]
        users = tuple(User(**user) for user in fields["users"])
        description = Description(**{**fields, "users": users, "host": HostClient(**fields["host"])})
        return cls(state_dir, state["port"], description, state["outputs"], state.get("simulator_url", ""))

    def stop(self) -> None:
        """Stop all processes of the stack and remove its data, unless the data is kept."""
        tear_down(self.state_dir)

    def wait(self) -> None:
        """Wait until the emulator ends."""
        while processes.is_ours(self.description.pid):
            time.sleep(0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- Use

    @property
    def endpoint(self) -> str:
        """The endpoint of all AWS services of this stack."""
        return self.description.aws_endpoint_url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that make boto3 use this stack."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_DEFAULT_REGION": REGION, **CREDENTIALS}

    @property
    def client_environment(self) -> dict[str, str]:
        """Environment variables for host applications: for the AWS SDKs, SES's SMTP interface and the API."""
        host = self.description.host
        return {
            **self.environment,
            "AWS_REGION": REGION,
            "SMTP_PORT": str(self.description.smtp_port),
            "CONFIGURATION_SET": self.outputs["SendsConfigurationSet"],
            "RESENDS_CONFIGURATION_SET": self.outputs["ResendsConfigurationSet"],
            "OUTCOME_TOPIC_ARN": self.outputs["OutcomeTopicArn"],
            "API_URL": self.api_url,
            "SIGN_IN_URL": self.outputs["SignInUrl"],
            "HOST_CLIENT_ID": host.client_id,
            "HOST_CLIENT_SECRET": host.client_secret,
            "ACCOUNT_ID": DEFAULT_ACCOUNT,
        }

    @property
    def api_url(self) -> str:
        """The base URL of the HTTP API, without a slash at the end."""
        return self.description.api_url

    @property
    def tables(self) -> Mapping[str, str]:
        """The physical names of the tables, by key."""
        return self.description.tables

    def user(self, role: Role = "manager", account_id: str = DEFAULT_ACCOUNT) -> User:
        """Return the user with a role in an account."""
        return next(user for user in self.description.users if (user.role, user.account_id) == (role, account_id))

    def token(self, email: str) -> str:
        """Sign a user in and return the ID token for the API; raise ToolError if there is no such user."""
        user = next((user for user in self.description.users if user.email == email), None)
        if user is None:
            known = ", ".join(user.email for user in self.description.users)
            raise ToolError(f"There is no user {email}. The users are {known}.")
        return sign_in(self.client("cognito-idp"), self.outputs["ConsoleClientId"], user)

    def host_token(self) -> str:
        """Return an access token of the host application (client credentials)."""
        return host_token(self.description.host)

    def client(self, service: str) -> Any:
        """Return a boto3 client of an AWS service of this stack."""
        return emulator_client(self.endpoint, service)

    # --- Start

    @classmethod
    def _resume(cls, kept: Mapping[str, Any], state_dir: Path, options: EmulatorOptions, progress: Progress) -> Self:
        """Start the processes of a stack with kept data. The data includes the deployed template."""
        ports = Ports.for_emulator(kept["port"])
        progress("Starting the emulator with the kept data")
        emulator = start_emulator(state_dir, ports, options)
        forget_kept(state_dir)
        before = cls._from_state(kept, state_dir)
        stack = cls(
            state_dir, before.port, replace(before.description, pid=emulator, smtp_port=ports.smtp), before.outputs
        )
        stack._save_state(options=options)
        wait_for_emulator(state_dir, stack.port, emulator)
        progress("Starting the mail and SMS simulator")
        stack._start_simulator(ports)
        progress("Waiting for the API")
        stack._wait_for_api()
        stack._save_state(ready=True)
        return stack

    @classmethod
    def _create(cls, port: int, state_dir: Path, options: EmulatorOptions, *, empty: bool, progress: Progress) -> Self:
        """Start the processes of a new stack, and deploy the template."""
        from infrastructure.build.template import build

        endpoint = f"http://127.0.0.1:{port}"
        ports = Ports.for_emulator(port)
        progress("Starting the emulator")
        emulator = start_emulator(state_dir, ports, options)
        write_state(state_dir, {"starter": os.getpid(), "port": port, "pids": [emulator], "keep": options.keep})
        progress("Building functions, layer and template")
        built = build(Target.local())
        wait_for_emulator(state_dir, port, emulator)
        progress("Deploying the template")
        outputs = deploy(endpoint, built)
        set_console_urls(emulator_client(endpoint, "cognito-idp"), outputs)
        progress("Creating accounts and users")
        description = Description(
            api_url=outputs["ApiUrl"],
            aws_endpoint_url=endpoint,
            smtp_port=ports.smtp,
            region=REGION,
            feedback_topic_arn=outputs["FeedbackTopicArn"],
            feedback_queue_url=outputs["FeedbackQueueUrl"],
            feedback_dlq_url=outputs["FeedbackDeadLetterQueueUrl"],
            tables={key: outputs[name] for key, name in _TABLES.items()},
            users=create_users(endpoint, outputs),
            host=host_client(emulator_client(endpoint, "cognito-idp"), outputs),
            pid=emulator,
        )
        stack = cls(state_dir, port, description, outputs)
        progress("Starting the mail and SMS simulator")
        stack._start_simulator(ports)
        progress("Waiting for the API")
        stack._wait_for_api()
        if not empty:
            from infrastructure.local.seed import seed

            progress("Adding a month of sample notifications")
            seed(stack, progress=progress)
        stack._save_state(ready=True)
        return stack

    def _start_simulator(self, ports: Ports) -> None:
        command = [sys.executable, "-m", "infrastructure.local.ses_simulator.server", "--smtp-port", str(ports.smtp)]
        command += ["--api-port", str(ports.ses_api)]
        command += ["--endpoint-url", self.endpoint, "--region", REGION]
        log = self.state_dir / SIMULATOR_LOG
        simulator = processes.start(command, log=log, environment=process_environment(self.state_dir))
        (self.state_dir / processes.COMPANION_FILE).write_text(f"{simulator}\n")
        self.simulator_url = f"http://127.0.0.1:{ports.ses_api}"
        self._save_state(companions=[simulator])
        for port in (ports.smtp, ports.ses_api):
            if not processes.wait_for_port(port, simulator, seconds=_SIMULATOR_SECONDS):
                raise ToolError(f"The mail and SMS simulator did not start: {last_line(log)}")

    def _wait_for_api(self) -> None:
        """Start the functions behind queues, and wait until the API responds. Cold starts take seconds."""
        import httpx

        functions = self.client("lambda")
        for function in functions.list_functions()["Functions"]:
            if any(part in function["FunctionName"] for part in _WARM_UP):
                functions.invoke(
                    FunctionName=function["FunctionName"],
                    Qualifier=ALIAS,
                    InvocationType="Event",
                    Payload=json.dumps({"Records": []}),
                )
        try:
            health = httpx.get(f"{self.api_url}/health", timeout=_API_SECONDS)
        except httpx.HTTPError as error:
            raise ToolError(f"The API does not respond: {error}") from error
        if health.is_error:
            raise ToolError(f"The API started but is not healthy: {health.text.strip()}")

    def _save_state(
        self, *, companions: list[int] | None = None, ready: bool = False, options: EmulatorOptions | None = None
    ) -> None:
        """Write the state file. `companions` are ids of further processes; `options` are those of a resumed stack."""
        saved = read_state(self.state_dir) or {}
        state = {
            "starter": os.getpid(),
            "port": self.port,
            "pids": [*(saved.get("pids") or [self.description.pid]), *(companions or [])],
            "keep": options.keep if options else saved.get("keep", False),
            "outputs": dict(self.outputs),
            "simulator_url": self.simulator_url,
        }
        write_state(self.state_dir, state | ({"description": asdict(self.description)} if ready else {}))


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Exit with cleanup on SIGTERM as on Ctrl-C. Also handle Ctrl-C in background jobs, where shells ignore it."""

    def leave(_signal: int, _frame: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, leave), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])
