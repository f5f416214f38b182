"""Start the emulator's process, and create clients for it."""

import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from infrastructure.errors import ToolError
from infrastructure.local import processes
from infrastructure.local.state_folder import EMULATOR_LOG, KEPT_FOLDER, last_line

REGION: Final = "us-east-1"
CREDENTIALS: Final = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The emulator accepts any credentials, and treats these as the root user of an account."""

_START_SECONDS: Final = 60
_SMTP_DISTANCE: Final = 21
"""From the emulator's port to the SMTP port: from 4566 to 4587."""


@dataclass(frozen=True, slots=True)
class EmulatorOptions:
    """How to run the emulator: whether it enforces IAM policies, and whether its data outlives it."""

    enforce_iam: bool
    keep: bool


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of a stack: the emulator's, and the simulator's for SMTP and for the SES API."""

    emulator: int
    smtp: int
    ses_api: int

    @classmethod
    def for_emulator(cls, port: int) -> "Ports":
        """Return the emulator's port with two free ports for the simulator; that for SMTP stays the same if it can."""
        smtp = port + _SMTP_DISTANCE
        return cls(port, smtp if processes.is_free(smtp) else processes.free_port(), processes.free_port())


CONCURRENCY: Final = 30
"""The executions of all functions at a time, each in a process of its own. What is over is throttled, as on AWS.

AWS allows 10 to a new account and 1,000 to others. More than 30 processes do not start on two cores within the 29
seconds that API Gateway waits for a response."""


def process_environment(state_dir: Path) -> dict[str, str]:
    """Return the environment of a stack's processes, without the AWS configuration of this machine."""
    temporary = state_dir / "tmp"
    temporary.mkdir(exist_ok=True)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    no_config = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {
        **inherited,
        **CREDENTIALS,
        **no_config,
        "AWS_DEFAULT_REGION": REGION,
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "PYTHONNOUSERSITE": "1",
    }


def start_emulator(state_dir: Path, ports: Ports, options: EmulatorOptions) -> int:
    """Start the emulator and return its process id. It does not wait until the emulator is ready."""
    environment = process_environment(state_dir) | {
        "GATEWAY_PORT": str(ports.emulator),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        # The functions inherit these endpoints, and so call SES and SNS through the simulator's proxy. The emulator
        # forwards the calls of other clients to it.
        "AWS_ENDPOINT_URL_SESV2": f"http://127.0.0.1:{ports.ses_api}",
        "AWS_ENDPOINT_URL_SNS": f"http://127.0.0.1:{ports.ses_api}",
        "AUTH": str(options.enforce_iam).lower(),
        "LAMBDA_EXECUTOR": "local",
        "LAMBDA_ACCOUNT_CONCURRENCY": str(CONCURRENCY),
        "PERSIST_STATE": str(int(options.keep)),
        "STATE_DIR": str(state_dir / KEPT_FOLDER),
        "S3_PERSIST": str(int(options.keep)),
        "S3_DATA_DIR": str(state_dir / KEPT_FOLDER / "s3"),
        # This stack does not use these two services, which would listen on all interfaces.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "COGNITO_EMAIL_ENABLED": "false",
        "LOG_LEVEL": os.environ.get("LOG_LEVEL", "INFO"),
    }
    command = [sys.executable, "-m", "infrastructure.local.emulator", str(state_dir)]
    return processes.start(command, log=state_dir / EMULATOR_LOG, environment=environment)


def wait_for_emulator(state_dir: Path, port: int, pid: int) -> None:
    """Wait until the emulator listens; raise ToolError if it does not start."""
    if not processes.wait_for_port(port, pid, seconds=_START_SECONDS):
        raise ToolError(f"The emulator did not start on port {port}: {last_line(state_dir / EMULATOR_LOG)}")


@cache
def emulator_client(endpoint: str, service: str) -> Any:
    """Return a boto3 client of a service of the emulator, the same one each time: making one takes 50 ms."""
    import boto3

    session = boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )
    return session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload] # any service's name
