"""The target of a build: AWS Lambda, or the emulator on this machine."""

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
    """The architecture, the Python version and the wheel platform of the layer and the functions.

    `python` is the version of this interpreter, because Chalice derives the runtime from it. `wheel_platform` is uv's
    name of a platform, or None for this machine.
    """

    architecture: Architecture
    python: str
    wheel_platform: str | None

    @classmethod
    def aws(cls, architecture: Architecture = "arm64") -> Self:
        """Return the target for Lambda. Wheels for glibc 2.17 run on all versions of Amazon Linux that Lambda uses."""
        machine = "aarch64" if architecture == "arm64" else "x86_64"
        return cls(architecture, _python(), f"{machine}-manylinux2014")

    @classmethod
    def local(cls) -> Self:
        """Return the target for the emulator, which runs functions with this machine's interpreter."""
        machine = platform.machine().lower()
        return cls(_ARCHITECTURES.get(machine, "x86_64"), _python(), None)

    @property
    def runtime(self) -> str:
        """The Lambda runtime, e.g. `python3.11`."""
        return f"python{self.python}"

    @property
    def name(self) -> str:
        """The name of the build folder."""
        return "local" if self.wheel_platform is None else f"aws-{self.architecture}"


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
