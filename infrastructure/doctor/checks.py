"""The parts of a check: the snapshot of a stack that it reads, its findings, and how it runs."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from infrastructure.aws_errors import describe
from infrastructure.errors import ToolError
from infrastructure.paths import RESOURCES


class CheckStatus(StrEnum):
    """The status of a finding."""

    OK = "ok"
    WARNING = "warning"  #: it works, but needs attention
    WRONG = "wrong"  #: it does not work, or loses data
    UNSEEN = "could not look"


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a check. ``remedy`` says what to do; it is empty if there is nothing to do."""

    check: str
    status: CheckStatus
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class StackSnapshot:
    """A stack as CloudFormation describes it. ``resources`` holds the type and the physical id, by logical id."""

    name: str
    client: Callable[[str], Any]
    status: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    resources: Mapping[str, tuple[str, str]]

    def of_type(self, resource_type: str) -> dict[str, str]:
        """Return the physical ids of all resources of a type, by logical id."""
        return {name: physical_id for name, (type_, physical_id) in self.resources.items() if type_ == resource_type}

    def physical_id(self, logical_id: str) -> str:
        """Return a resource's physical id; raises ToolError if the stack does not have the resource."""
        if logical_id not in self.resources:
            raise ToolError(f"the stack has no {logical_id}. Deploy it again")
        return self.resources[logical_id][1]


CheckResult = tuple[CheckStatus, str, str]
"""The status, what the check observed, and what to do."""

Check = Callable[[StackSnapshot], Iterator[CheckResult]]


def fragment(name: str) -> dict[str, Any]:
    """Return the resources of a template fragment, which define what the checks expect."""
    from infrastructure.build.template import load_fragments

    resources: dict[str, Any] = load_fragments([RESOURCES / name])["Resources"]
    return resources


def ok(what: str) -> CheckResult:
    """Return a result for something that works."""
    return CheckStatus.OK, what, ""


def warning(what: str, remedy: str) -> CheckResult:
    """Return a result for something that works but needs attention."""
    return CheckStatus.WARNING, what, remedy


def wrong(what: str, remedy: str) -> CheckResult:
    """Return a result for something that does not work."""
    return CheckStatus.WRONG, what, remedy


def run_checks(snapshot: StackSnapshot, checks: Mapping[str, Check]) -> list[Finding]:
    """Run checks, by name. If AWS denies a call, the finding names the missing permission and the other checks run."""
    from botocore.exceptions import BotoCoreError, ClientError

    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            findings += [Finding(name, *result) for result in check(snapshot)]
        except (ClientError, BotoCoreError) as error:
            findings.append(Finding(name, CheckStatus.UNSEEN, *describe(error)))
        except ToolError as error:
            findings.append(Finding(name, CheckStatus.WRONG, str(error)))
    return findings
