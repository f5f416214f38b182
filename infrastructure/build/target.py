"""What a build is for: the Lambda service, or the emulator on this machine."""

import platform
import sys
from dataclasses import dataclass
from typing import Final, Literal, Self

Architecture = Literal["arm64", "x86_64"]

_ARCHITECTURES: Final[dict[str, Architecture]] = {
    "aarch64": "arm64",
    "arm64": "arm64",
    "x86_64": "x86_64",
    "amd64": "x86_64",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Architecture, Python and wheel platform that the layer and the functions are built for.

    `python` is always this interpreter's version: Chalice names the runtime after the interpreter that packages.
    `wheel_platform` is uv's name of the platform, or None for this machine's own.
    """

    architecture: Architecture
    python: str
    wheel_platform: str | None

    @classmethod
    def aws(cls, architecture: Architecture = "arm64") -> Self:
        """Name Lambda. Wheels for glibc 2.17 run on every Amazon Linux that Lambda uses."""
        machine = "aarch64" if architecture == "arm64" else "x86_64"
        return cls(architecture, _python(), f"{machine}-manylinux2014")

    @classmethod
    def local(cls) -> Self:
        """Name the emulator: it runs functions as processes of this interpreter, so wheels must suit this machine."""
        machine = platform.machine().lower()
        return cls(_ARCHITECTURES.get(machine, "x86_64"), _python(), None)

    @property
    def runtime(self) -> str:
        """Lambda's name of the Python runtime, e.g. `python3.11`."""
        return f"python{self.python}"

    @property
    def name(self) -> str:
        """Name of the build folder."""
        return "local" if self.wheel_platform is None else f"aws-{self.architecture}"


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
