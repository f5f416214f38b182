"""What a check is given, what it finds, and how one that cannot look is told."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from infrastructure.errors import ToolError
from infrastructure.paths import RESOURCES


class Status(StrEnum):
    """How something is."""

    OK = "ok"
    WARNING = "warning"  #: works, but look at it
    WRONG = "wrong"  #: does not work, or loses something
    UNSEEN = "could not look"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says of one thing; ``remedy`` is what to do, empty when nothing is."""

    check: str
    status: Status
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class StackSnapshot:
    """A stack as CloudFormation knows it. ``resources`` has the kind and the physical id by logical id."""

    name: str
    client: Callable[[str], Any]
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    resources: Mapping[str, tuple[str, str]]

    def of_kind(self, kind: str) -> dict[str, str]:
        """Return the physical ids of the resources of a kind, by logical id."""
        return {name: physical for name, (each, physical) in self.resources.items() if each == kind}

    def physical(self, logical_id: str) -> str:
        """Return a resource's physical id; raises ToolError when the stack lacks it."""
        if logical_id not in self.resources:
            raise ToolError(f"the stack has no {logical_id}. Deploy it again")
        return self.resources[logical_id][1]


CheckResult = tuple[Status, str, str]
"""Status, what was seen, and what to do."""

Check = Callable[[StackSnapshot], Iterator[CheckResult]]

_REFUSED: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "UnauthorizedOperation",
        "AuthorizationErrorException",
    }
)
_ACTION: Final = re.compile(r"not authorized to perform:? (\w[\w-]*:\w+)")


def fragment(name: str) -> dict[str, Any]:
    """Return the resources of one of the template's fragments: what is wanted is said there, and only there."""
    from infrastructure.build.template import load_fragments

    resources: dict[str, Any] = load_fragments([RESOURCES / name])["Resources"]
    return resources


def ok(what: str) -> CheckResult:
    """Say that something is as it should be."""
    return Status.OK, what, ""


def warning(what: str, remedy: str) -> CheckResult:
    """Say that something works but deserves a look."""
    return Status.WARNING, what, remedy


def wrong(what: str, remedy: str) -> CheckResult:
    """Say that something does not work."""
    return Status.WRONG, what, remedy


def examine(examined: StackSnapshot, checks: Mapping[str, Check]) -> list[Finding]:
    """Carry out the checks; one that AWS refuses says which permission it lacks, and does not stop the others."""
    from botocore.exceptions import BotoCoreError, ClientError

    found: list[Finding] = []
    for name, check in checks.items():
        try:
            found += [Finding(name, *said) for said in check(examined)]
        except ClientError as error:
            found.append(Finding(name, Status.UNSEEN, *_why_not(error)))
        except BotoCoreError as error:
            found.append(Finding(name, Status.UNSEEN, f"{type(error).__name__}: {error}", "Try again."))
        except ToolError as error:
            found.append(Finding(name, Status.WRONG, str(error)))
    return found


def _why_not(error: Any) -> tuple[str, str]:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in _REFUSED:
        named = _ACTION.search(message)
        action = named[1] if named else f"the action behind {error.operation_name}"
        return f"AWS refuses {error.operation_name}", f"Ask your AWS administrator for the permission {action}."
    return f"{error.operation_name} failed: {code}", ""
