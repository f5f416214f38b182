"""What the layer is made of: its bill of materials, its licences, and what is known against it.

The layer itself is built from locked requirements, each with the hashes of its files (`layer.py`); an index that served
another file would fail the build.
"""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import NAMESPACE_URL, uuid5

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infrastructure.cli.errors import exit_on_tool_error
from infrastructure.paths import LAYER_REQUIREMENTS

ALLOWED: Final = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}
)
"""SPDX identifiers of licences that ask for no more than a notice."""

_STDERR: Final = Console(stderr=True)
_METADATA: Final = ".dist-info/METADATA"
_IN_SPDX: Final = {
    "Apache License 2.0": "Apache-2.0",
    # python-dateutil: either of two, as its LICENSE file says.
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
}
_NO_TIME: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""A bill says what an archive holds, whenever it was made; the entries of the archive bear this date too."""


@dataclass(frozen=True, slots=True, order=True)
class Distribution:
    """A package in the layer. ``licence`` is an SPDX expression, ``requires`` names those of the layer it needs."""

    name: str
    version: str
    licence: str
    requires: tuple[str, ...]


def distributions_of(layer: Path) -> list[Distribution]:
    """Return what a layer holds, by what each package says of itself."""
    with zipfile.ZipFile(layer) as archive:
        told = [
            Parser().parsestr(archive.read(name).decode()) for name in archive.namelist() if name.endswith(_METADATA)
        ]
    names = {_normal(each["Name"]) for each in told}
    return sorted(
        Distribution(_normal(each["Name"]), each["Version"], _licence(each), tuple(sorted(_required(each) & names)))
        for each in told
    )


def refused(distributions: Iterable[Distribution]) -> list[str]:
    """Return, in plain sentences, whose licences are not allowed; nothing when all are."""
    return [
        f"{each.name} {each.version} is under {each.licence or 'no stated licence'}"
        for each in distributions
        if not _is_allowed(each.licence)
    ]


def write_bill(layer: Path, file: Path) -> None:
    """Write the CycloneDX bill of materials of a layer: the same for the same layer, byte for byte."""
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    digest = hashlib.sha256(layer.read_bytes()).hexdigest()
    found = distributions_of(layer)
    licences = LicenseFactory()
    parts = {
        each.name: Component(
            name=each.name,
            version=each.version,
            bom_ref=f"{each.name}@{each.version}",
            purl=PackageURL("pypi", name=each.name, version=each.version),
            licenses=[licences.make_from_string(each.licence)] if each.licence else [],
        )
        for each in found
    }
    whole = Component(
        name="undelivered-dependencies",
        version=digest[:16],
        type=ComponentType.PLATFORM,
        bom_ref="layer",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    bill = Bom(
        components=parts.values(),
        serial_number=uuid5(NAMESPACE_URL, digest),
        metadata=BomMetaData(component=whole, timestamp=_NO_TIME),
    )
    bill.register_dependency(whole, parts.values())
    for each in found:
        bill.register_dependency(parts[each.name], [parts[name] for name in each.requires])
    file.write_text(JsonV1Dot6(bill).output_as_string(indent=2) + "\n")


def _normal(name: str) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(name))


def _required(told: Message) -> set[str]:
    from packaging.requirements import Requirement

    asked = [Requirement(line) for line in told.get_all("Requires-Dist") or []]
    return {_normal(each.name) for each in asked if each.marker is None or each.marker.evaluate({"extra": ""})}


def _licence(told: Message) -> str:
    """Return a package's licence as an SPDX expression, empty when it names none that is known there."""
    from license_expression import get_spdx_licensing

    said = told["License-Expression"] or told["License"] or ""
    expression = _IN_SPDX.get(said, said)
    return "" if get_spdx_licensing().validate(expression).errors else expression


def _is_allowed(licence: str) -> bool:
    """Whether an expression can be satisfied by allowed licences: one of those that `OR` joins, all that `AND` does."""
    return bool(licence) and any(
        all(part.strip("() ") in ALLOWED for part in choice.split(" AND ")) for choice in licence.split(" OR ")
    )


# --- known vulnerabilities


@dataclass(frozen=True, slots=True)
class Audit:
    """What pip-audit found: vulnerabilities, and packages that nothing could be learnt of, each in a sentence."""

    known: tuple[str, ...]
    not_looked_up: tuple[str, ...]


def audited(requirements: Path = LAYER_REQUIREMENTS) -> Audit:
    """Ask the Python Packaging Advisory Database about locked requirements, which needs the network."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--format", "json"]
    command += ["--no-deps", "--disable-pip", "--progress-spinner", "off"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Audit((), (f"pip-audit failed: {last}",))
    return Audit(tuple(_vulnerabilities(told)), tuple(each["skip_reason"] for each in _skipped(told)))


def _skipped(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (each for each in told["dependencies"] if "skip_reason" in each)


def _vulnerabilities(told: dict[str, Any]) -> Iterator[str]:
    for each in told["dependencies"]:
        for vulnerability in each.get("vulns", []):
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            yield f"{each['name']} {each['version']}: {vulnerability['id']}, fixed in {fixed}"


def audit(
    *,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also fail when the vulnerability database cannot be reached.")
    ] = False,
) -> None:
    """List what the layer is made of; fail for a licence that is not allowed, and for a known vulnerability."""
    from infrastructure.build.layer import build_layer, check_requirements
    from infrastructure.build.target import Target

    with exit_on_tool_error():
        check_requirements()
        with _STDERR.status("Building the layer"):
            distributions = distributions_of(build_layer(Target.local()))
    _list(distributions)
    with _STDERR.status("Looking up known vulnerabilities"):
        found = audited()
    wrong = [*refused(distributions), *found.known]
    for sentence in wrong:
        _STDERR.print(f"[red]{escape(sentence)}.[/red]")
    if found.not_looked_up:
        number = len(found.not_looked_up)
        _STDERR.print(
            f"[yellow]Known vulnerabilities of {number} packages were NOT checked, the database cannot be reached:[/] "
            f"{escape(found.not_looked_up[0])}"
        )
    elif not found.known:
        _STDERR.print("[green]No known vulnerabilities.[/green]")
    if wrong or (strict and found.not_looked_up):
        raise typer.Exit(1)


def _list(distributions: Sequence[Distribution]) -> None:
    table = Table("package", "version", "licence")
    for each in distributions:
        table.add_row(each.name, each.version, each.licence)
    _STDERR.print(table)
