"""The life cycle of a local stack: the emulator, the deployed template, people, the receiving world, a month of data.

    with LocalStack.start(port=free_port()) as stack:
        stack.token("manager@harbor.example")

Everything a stack keeps is in its state folder; its processes are ended by their ids.
"""

import contextlib
import importlib.util
import json
import os
import secrets
import shutil
import signal
import string
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self

from infrastructure.build.releases import ALIAS
from infrastructure.build.target import Target
from infrastructure.errors import ToolError
from infrastructure.local import processes
from infrastructure.paths import ROOT
from infrastructure.user_pool import set_console_urls

if TYPE_CHECKING:  # boto3 takes half a second to import, which `undelivered --help` should not cost
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

    from infrastructure.build.template import Build

DEFAULT_PORT: Final = 4566
REGION: Final = "us-east-1"
STACK_NAME: Final = "undelivered"
STATE_ROOT: Final = ROOT / ".undelivered"
DEFAULT_ACCOUNT: Final = "acc-harbor"
OTHER_ACCOUNT: Final = "acc-meadow"
SENDER_DOMAIN: Final = "undelivered.example"

_STATE_FILE: Final = "stack.json"
_KEPT_FILE: Final = "kept.json"
_KEPT_FOLDER: Final = "kept"
_LOG_FILE: Final = "emulator.log"
_WORLD_LOG_FILE: Final = "world.log"
_BUCKET: Final = "undelivered-artifacts"
_EMULATOR_SECONDS: Final = 30
_DEPLOY_SECONDS: Final = 120
_WORLD_SECONDS: Final = 15
_API_SECONDS: Final = 60
# The emulator writes down what it holds when it is asked to end, a second for each ten thousand items or so.
_KEEPING_SECONDS: Final = 60
# Functions behind queues take an empty batch for what it is, so that one starts them.
_WARMED: Final = ("IngestFeedback", "SendNotifications", "ProcessResends")
# The emulator asks for no credentials in particular; these are the ones it takes for an account's root.
_CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
# Output of the template → key of `tables` in the description of a stack.
_TABLES: Final = {
    "undelivered": "UndeliveredTable",
    "history": "HistoryTable",
    "counts": "CountsTable",
    "notifications": "NotificationsTable",
    "customers": "CustomersTable",
    "suppressions": "SuppressionsTable",
    "accounts": "AccountsTable",
}

Role = Literal["manager", "viewer"]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in."""

    email: str
    password: str
    account_id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Host:
    """The host application's client: how it gets its token."""

    token_url: str
    client_id: str
    client_secret: str
    scope: str


@dataclass(frozen=True, slots=True)
class Description:
    """What `up --json` says about a stack."""

    api_url: str
    aws_endpoint_url: str
    region: str
    feedback_topic_arn: str
    feedback_queue_url: str
    feedback_dlq_url: str
    tables: Mapping[str, str]
    users: tuple[User, ...]
    host: Host
    pid: int


@dataclass(slots=True)
class LocalStack:
    """A running stack. Made by `start` or found again by `attach`."""

    state_dir: Path
    port: int
    description: Description
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Every output of the deployed template, by its name there."""
    simulator_url: str = ""
    """Front of the receiving world: ``/_simulator/messages`` there tells what was sent."""

    # --- life cycle

    @classmethod
    def start(  # noqa: PLR0913 - what a stack may differ by
        cls,
        *,
        port: int | None = None,
        state_dir: Path | None = None,
        empty: bool = False,
        enforce_iam: bool = False,
        keep: bool = False,
        progress: Progress = lambda _step: None,
    ) -> Self:
        """Bring a stack up and give it; raise ToolError, with nothing left running, when that fails.

        `port`: any free one when None. `empty`: without the month of data. `enforce_iam`: every call of a function is
        held against its role's policy, as on AWS. `keep`: what it holds outlives `stop`, and is what the next start
        with `keep` in the same folder goes on with. `progress` is told each step as it begins.
        """
        port = processes.free_port() if port is None else port
        state_dir = (state_dir or STATE_ROOT / str(port)).resolve()
        kept = _kept(state_dir, port, keep=keep)
        _make_way(state_dir, port)
        state_dir.mkdir(parents=True, exist_ok=True)
        _write_state(state_dir, {"starter": os.getpid(), "port": port, "pids": []})
        options = _Options(enforce_iam=enforce_iam, keep=keep)
        try:
            if kept:
                return cls._go_on(kept, state_dir, options, progress)
            return cls._bring_up(port, state_dir, options, empty=empty, progress=progress)
        except ToolError as error:
            logs = _tear_down(state_dir, failed=True)
            raise ToolError(f"{error}{f' More is in {_shown(logs)}.' if logs else ''}") from error
        except BaseException:
            _tear_down(state_dir)
            raise

    @classmethod
    def attach(cls, state_dir: Path) -> Self:
        """Give the running stack of a state folder; raise ToolError when there is none."""
        state = _read_state(state_dir)
        if state is None or "description" not in state or not all(map(processes.is_ours, state["pids"])):
            raise ToolError(f"No stack is running from {_shown(state_dir)}. Start one with `undelivered up`.")
        return cls._remembered(state, state_dir.resolve())

    @classmethod
    def _remembered(cls, state: Mapping[str, Any], state_dir: Path) -> Self:
        said = state["description"]
        people = tuple(User(**user) for user in said["users"])
        description = Description(**{**said, "users": people, "host": Host(**said["host"])})
        return cls(state_dir, state["port"], description, state["outputs"], state.get("simulator_url", ""))

    def stop(self) -> None:
        """End every process of the stack, and remove what it held unless that is to be kept."""
        _tear_down(self.state_dir)

    def wait(self) -> None:
        """Return when the emulator has ended."""
        while processes.is_ours(self.description.pid):
            time.sleep(0.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- what one does with it

    @property
    def endpoint(self) -> str:
        """Where every AWS service of this stack answers."""
        return self.description.aws_endpoint_url

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables that make boto3 use this stack."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_DEFAULT_REGION": REGION, **_CREDENTIALS}

    @property
    def api_url(self) -> str:
        """Base of the HTTP API, without a slash at the end."""
        return self.description.api_url

    @property
    def tables(self) -> Mapping[str, str]:
        """Physical names of the tables, by the names `up --json` gives them."""
        return self.description.tables

    def user(self, role: Role = "manager", account_id: str = DEFAULT_ACCOUNT) -> User:
        """Give the person of this role in this account."""
        return next(user for user in self.description.users if (user.role, user.account_id) == (role, account_id))

    def token(self, email: str) -> str:
        """Sign a person in and give the ID token that the API takes; raise ToolError when nobody is of that name."""
        user = next((user for user in self.description.users if user.email == email), None)
        if user is None:
            known = ", ".join(user.email for user in self.description.users)
            raise ToolError(f"There is no user {email}. The users are {known}.")
        cognito: CognitoIdentityProviderClient = self.client("cognito-idp")
        signed_in = cognito.initiate_auth(
            ClientId=self.outputs["ConsoleClientId"],
            AuthFlow="USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user.email, "PASSWORD": user.password},
        )
        return signed_in["AuthenticationResult"]["IdToken"]

    def host_token(self) -> str:
        """Give an access token of the host application (client credentials)."""
        import httpx

        host = self.description.host
        answer = httpx.post(
            host.token_url,
            data={"grant_type": "client_credentials", "scope": host.scope},
            auth=(host.client_id, host.client_secret),
        ).raise_for_status()
        token: str = answer.json()["access_token"]
        return token

    def client(self, service: str) -> Any:
        """Give a boto3 client of an AWS service of this stack."""
        return _client(self.endpoint, service)

    # --- bringing up

    @classmethod
    def _go_on(cls, kept: Mapping[str, Any], state_dir: Path, options: "_Options", progress: Progress) -> Self:
        """Start the processes of a stack whose data were kept: what was deployed is there already."""
        smtp_port, api_port = processes.free_port(), processes.free_port()
        progress("Starting the emulator with the kept data")
        emulator = _start_emulator(state_dir, kept["port"], smtp_port, api_port, options)
        (state_dir / _KEPT_FILE).unlink()  # from now on the emulator alone knows how things stand
        before = cls._remembered(kept, state_dir)
        stack = cls(state_dir, before.port, replace(before.description, pid=emulator), before.outputs)
        stack._remember(options=options)
        _await_emulator(state_dir, stack.port, emulator)
        progress("Starting the mail and SMS simulator")
        stack._start_world(smtp_port, api_port)
        progress("Waiting for the API")
        stack._await_api()
        stack._remember(ready=True)
        return stack

    @classmethod
    def _bring_up(cls, port: int, state_dir: Path, options: "_Options", *, empty: bool, progress: Progress) -> Self:
        from infrastructure.build.template import build

        endpoint = f"http://127.0.0.1:{port}"
        smtp_port, api_port = processes.free_port(), processes.free_port()
        progress("Starting the emulator")
        emulator = _start_emulator(state_dir, port, smtp_port, api_port, options)
        started = {"starter": os.getpid(), "port": port, "pids": [emulator], "keep": options.keep}
        _write_state(state_dir, started)
        progress("Building functions, layer and template")
        built = build(Target.local())
        _await_emulator(state_dir, port, emulator)
        progress("Deploying the template")
        outputs = _deploy(endpoint, built)
        _finish_tables(endpoint, built, outputs)
        set_console_urls(_client(endpoint, "cognito-idp"), outputs)
        progress("Creating accounts and users")
        description = Description(
            api_url=outputs["ApiUrl"],
            aws_endpoint_url=endpoint,
            region=REGION,
            feedback_topic_arn=outputs["FeedbackTopicArn"],
            feedback_queue_url=outputs["FeedbackQueueUrl"],
            feedback_dlq_url=outputs["FeedbackDeadLetterQueueUrl"],
            tables={key: outputs[name] for key, name in _TABLES.items()},
            users=_make_people(endpoint, outputs),
            host=_host(endpoint, outputs),
            pid=emulator,
        )
        stack = cls(state_dir, port, description, outputs)
        if importlib.util.find_spec("infrastructure.local.ses_simulator.server"):
            progress("Starting the mail and SMS simulator")
            stack._start_world(smtp_port, api_port)
        progress("Waiting for the API")
        stack._await_api()
        if not empty and importlib.util.find_spec("infrastructure.local.seed"):
            progress("Adding a month of sample notifications")
            importlib.import_module("infrastructure.local.seed").seed(stack, progress=progress)
        stack._remember(ready=True)
        return stack

    def _start_world(self, smtp_port: int, api_port: int) -> None:
        command = [sys.executable, "-m", "infrastructure.local.ses_simulator.server", "--smtp-port", str(smtp_port)]
        command += ["--api-port", str(api_port)]
        command += ["--endpoint-url", self.endpoint, "--region", REGION]
        command += ["--feedback-topic-arn", self.description.feedback_topic_arn]
        log = self.state_dir / _WORLD_LOG_FILE
        world = processes.start(command, log=log, environment=_environment(self.state_dir))
        (self.state_dir / processes.COMPANION_FILE).write_text(f"{world}\n")
        self.simulator_url = f"http://127.0.0.1:{api_port}"
        self._remember(companions=[world])
        for port in (smtp_port, api_port):
            if not processes.wait_for_port(port, world, seconds=_WORLD_SECONDS):
                raise ToolError(f"The mail and SMS simulator did not start: {_last_line(log)}")

    def _await_api(self) -> None:
        """Return when the API answers, with the functions behind the queues on their way; cold starts take seconds."""
        import httpx

        functions = self.client("lambda")
        for name in functions.list_functions()["Functions"]:
            if any(part in name["FunctionName"] for part in _WARMED):
                functions.invoke(
                    FunctionName=name["FunctionName"],
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

    def _remember(
        self, *, companions: list[int] | None = None, ready: bool = False, options: "_Options | None" = None
    ) -> None:
        known = _read_state(self.state_dir) or {}
        state = {
            "starter": os.getpid(),
            "port": self.port,
            "pids": [*(known.get("pids") or [self.description.pid]), *(companions or [])],
            "keep": options.keep if options else known.get("keep", False),
            "outputs": dict(self.outputs),
            "simulator_url": self.simulator_url,
        }
        _write_state(self.state_dir, state | ({"description": asdict(self.description)} if ready else {}))


@dataclass(frozen=True, slots=True)
class _Options:
    """How the emulator of a stack is run, see `LocalStack.start`."""

    enforce_iam: bool
    keep: bool


def running_stacks() -> Iterator[Path]:
    """Give the state folders, of those under the checkout, that hold a stack, running or half-started."""
    for file in sorted(STATE_ROOT.glob(f"*/{_STATE_FILE}")):
        yield file.parent


def find_state_dir(given: Path | None) -> Path:
    """Give the folder a command means: the given one, or the only stack of this checkout, or the one on port 4566."""
    if given is not None:
        return given.resolve()
    found = list(running_stacks())
    default = STATE_ROOT / str(DEFAULT_PORT)
    if len(found) == 1:
        return found[0]
    if len(found) > 1 and default not in found:
        names = ", ".join(_shown(path) for path in found)
        raise ToolError(f"Several stacks are running. Choose one with --state-dir: {names}.")
    return default


def stop(state_dir: Path) -> None:
    """End the stack of a state folder, whether it came up fully or not; raise ToolError when there is none."""
    if _read_state(state_dir) is None:
        raise ToolError(f"No stack is running from {_shown(state_dir)}.")
    _tear_down(state_dir)


@contextlib.contextmanager
def ended_by_signals() -> Iterator[None]:
    """Turn SIGTERM into an exit that cleans up, as Ctrl-C does; a shell's background jobs hear Ctrl-C too."""

    def leave(_signal: int, _frame: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, leave), signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before[0])
        signal.signal(signal.SIGINT, before[1])


# --- the state folder


def _make_way(state_dir: Path, port: int) -> None:
    """Clear what a killed start left behind; raise ToolError when a stack is there, or the port is taken."""
    state = _read_state(state_dir)
    if state is not None:
        alive = any(map(processes.is_ours, state["pids"]))
        if alive and "description" in state:
            raise ToolError(
                f"A stack is already running from {_shown(state_dir)} on port {state['port']}."
                " Stop it with `undelivered down`, or start another with a different --port and --state-dir."
            )
        if "description" not in state and processes.is_alive(state["starter"]) and state["starter"] != os.getpid():
            raise ToolError(f"Another `undelivered up` (process {state['starter']}) is busy in {_shown(state_dir)}.")
        _tear_down(state_dir)
    if not processes.is_free(port):
        raise ToolError(f"Port {port} is in use. Choose another with --port.")


def _kept(state_dir: Path, port: int, *, keep: bool) -> dict[str, Any] | None:
    """Give what was kept of an earlier stack, if anything was; raise ToolError when it is not to be gone on with."""
    try:
        kept: dict[str, Any] = json.loads((state_dir / _KEPT_FILE).read_text())
    except FileNotFoundError:
        return None
    if not keep:
        raise ToolError(
            f"{_shown(state_dir)} contains kept data. Use --keep to continue with it, or delete the folder."
        )
    if port != kept["port"]:
        raise ToolError(f"The data in {_shown(state_dir)} belongs to port {kept['port']}. Use --port {kept['port']}.")
    return kept


def _tear_down(state_dir: Path, *, failed: bool = False) -> Path | None:
    """End a stack's processes and remove what is not to be kept; give the logs' folder when it `failed` and has any."""
    state = _read_state(state_dir) or {"pids": []}
    keeps = bool(state.get("keep")) and "description" in state and all(map(processes.is_ours, state["pids"]))
    asked = processes.end(list(reversed(state["pids"])), seconds=_KEEPING_SECONDS if keeps else None)
    shutil.rmtree(state_dir / "tmp", ignore_errors=True)
    if keeps and asked:
        (state_dir / _STATE_FILE).replace(state_dir / _KEPT_FILE)
    elif not (state_dir / _KEPT_FILE).exists():
        shutil.rmtree(state_dir / _KEPT_FOLDER, ignore_errors=True)
    logs = [state_dir / name for name in (_LOG_FILE, _WORLD_LOG_FILE)]
    for file in (state_dir / _STATE_FILE, state_dir / processes.COMPANION_FILE, *([] if failed else logs)):
        file.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        state_dir.rmdir()  # when nobody has put anything else there
    return state_dir if any(log.exists() for log in logs) else None


def _read_state(state_dir: Path) -> dict[str, Any] | None:
    try:
        state: dict[str, Any] = json.loads((state_dir / _STATE_FILE).read_text())
    except FileNotFoundError:
        return None
    return state


def _write_state(state_dir: Path, state: dict[str, Any]) -> None:
    partial = state_dir / f"{_STATE_FILE}.partial"
    partial.touch(mode=0o600)  # passwords of a development stack, but passwords
    partial.write_text(json.dumps(state, indent=2) + "\n")
    partial.replace(state_dir / _STATE_FILE)


def _shown(state_dir: Path) -> str:
    return str(state_dir.relative_to(ROOT)) if state_dir.is_relative_to(ROOT) else str(state_dir)


def _last_line(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output."


# --- the emulator


def _environment(state_dir: Path) -> dict[str, str]:
    """Environment of the stack's processes: nothing of this machine's AWS configuration gets in."""
    temporary = state_dir / "tmp"
    temporary.mkdir(exist_ok=True)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    no_config = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {
        **inherited,
        **_CREDENTIALS,
        **no_config,
        "AWS_DEFAULT_REGION": REGION,
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
    }


def _start_emulator(state_dir: Path, port: int, smtp_port: int, api_port: int, options: _Options) -> int:
    environment = _environment(state_dir) | {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "SMTP_HOST": f"127.0.0.1:{smtp_port}",
        # Functions inherit it: the receiving world notes what the emulator forgets of a mail and passes it on.
        "AWS_ENDPOINT_URL_SESV2": f"http://127.0.0.1:{api_port}",
        "AUTH": str(options.enforce_iam).lower(),
        "LAMBDA_EXECUTOR": "local",
        "PERSIST_STATE": str(int(options.keep)),
        "STATE_DIR": str(state_dir / _KEPT_FOLDER),
        "S3_PERSIST": str(int(options.keep)),
        "S3_DATA_DIR": str(state_dir / _KEPT_FOLDER / "s3"),
        # Both would listen on every interface, for services that this stack does not use.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "COGNITO_EMAIL_ENABLED": "false",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
    }
    command = [sys.executable, "-m", "infrastructure.local.emulator", str(state_dir)]
    return processes.start(command, log=state_dir / _LOG_FILE, environment=environment)


def _await_emulator(state_dir: Path, port: int, pid: int) -> None:
    if not processes.wait_for_port(port, pid, seconds=_EMULATOR_SECONDS):
        raise ToolError(f"The emulator did not start on port {port}: {_last_line(state_dir / _LOG_FILE)}")


def _client(endpoint: str, service: str) -> Any:
    import boto3

    session = boto3.Session(
        aws_access_key_id=_CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=_CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload] # any service's name


# --- the template


def _deploy(endpoint: str, built: "Build") -> dict[str, str]:
    """Deploy as on AWS: archives and template in a bucket, a stack made from them; give its outputs."""
    s3, cloudformation = _client(endpoint, "s3"), _client(endpoint, "cloudformation")
    s3.create_bucket(Bucket=_BUCKET)
    s3.upload_file(str(built.code), _BUCKET, built.code_key)
    s3.upload_file(str(built.layer), _BUCKET, built.layer_key)
    parameters = {
        "LayerBucket": _BUCKET,
        "LayerKey": built.layer_key,
        "Sender": f"notices@{SENDER_DOMAIN}",
        "SenderDomain": SENDER_DOMAIN,
        "DefaultAccountId": DEFAULT_ACCOUNT,
        "AccountMapping": json.dumps({"tenants": {"meadow": OTHER_ACCOUNT}, "identities": {}}),
        "LocalEndpoint": endpoint,
    }
    template = json.dumps(built.for_bucket(_BUCKET, parameters)).encode()
    s3.put_object(Bucket=_BUCKET, Key="template.json", Body=template)
    cloudformation.create_stack(
        StackName=STACK_NAME,
        TemplateURL=f"{endpoint}/{_BUCKET}/template.json",
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    return _await_deployment(cloudformation)


def _await_deployment(cloudformation: Any) -> dict[str, str]:
    deadline = time.monotonic() + _DEPLOY_SECONDS
    while time.monotonic() < deadline:
        stack = cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        if stack["StackStatus"] == "CREATE_COMPLETE":
            return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        if stack["StackStatus"] != "CREATE_IN_PROGRESS":
            break
        time.sleep(0.2)
    events = cloudformation.describe_stack_events(StackName=STACK_NAME)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
    why = "; ".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '?')}" for event in failed[-3:])
    raise ToolError(f"The template could not be deployed ({stack['StackStatus']}): {why or 'it took too long.'}")


def _finish_tables(endpoint: str, built: "Build", outputs: Mapping[str, str]) -> None:
    """Set the tables' time to live and recovery, which the emulator's CloudFormation passes over."""
    dynamodb = _client(endpoint, "dynamodb")
    for name, resource in built.template["Resources"].items():
        if resource["Type"] != "AWS::DynamoDB::Table":
            continue
        table, wanted = outputs[name], resource["Properties"]
        if "TimeToLiveSpecification" in wanted:
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted["TimeToLiveSpecification"])
        recovery = wanted["PointInTimeRecoverySpecification"]
        dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification=recovery)


# --- people


def _make_people(endpoint: str, outputs: Mapping[str, str]) -> tuple[User, ...]:
    cognito: CognitoIdentityProviderClient = _client(endpoint, "cognito-idp")
    pool = outputs["UserPoolId"]
    people: list[User] = []
    for account_id, place in ((DEFAULT_ACCOUNT, "harbor"), (OTHER_ACCOUNT, "meadow")):
        roles: tuple[Role, ...] = ("manager", "viewer")
        for role in roles:
            user = User(f"{role}@{place}.example", _password(), account_id, role)
            attributes = {"email": user.email, "email_verified": "true", "custom:account_id": account_id}
            cognito.admin_create_user(
                UserPoolId=pool,
                Username=user.email,
                UserAttributes=[{"Name": name, "Value": value} for name, value in attributes.items()],
                MessageAction="SUPPRESS",
            )
            cognito.admin_set_user_password(
                UserPoolId=pool, Username=user.email, Password=user.password, Permanent=True
            )
            cognito.admin_add_user_to_group(UserPoolId=pool, Username=user.email, GroupName=f"{role}s")
            people.append(user)
    return tuple(people)


def _password() -> str:
    """Give a password that the pool's policy takes and that is easily typed."""
    letters = "".join(secrets.choice(string.ascii_lowercase) for _ in range(10))
    return f"{letters.capitalize()}-{secrets.randbelow(900) + 100}"


def _host(endpoint: str, outputs: Mapping[str, str]) -> Host:
    cognito: CognitoIdentityProviderClient = _client(endpoint, "cognito-idp")
    client = cognito.describe_user_pool_client(UserPoolId=outputs["UserPoolId"], ClientId=outputs["HostClientId"])
    return Host(
        token_url=f"{outputs['SignInUrl']}/oauth2/token",
        client_id=outputs["HostClientId"],
        client_secret=client["UserPoolClient"]["ClientSecret"],
        scope=outputs["HostScope"],
    )
