"""The packages in the layer: their bill of materials, their licences and their known vulnerabilities.

The layer is built from locked requirements with the hashes of their files (`layer.py`), so the build fails if an index
serves a different file.
"""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from infrastructure.paths import LAYER_REQUIREMENTS

ALLOWED: Final = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0", "Unlicense"}
)
"""SPDX identifiers of the allowed licences. They require at most a notice."""

_METADATA: Final = ".dist-info/METADATA"
_SPDX_EXPRESSIONS: Final = {
    "Apache License 2.0": "Apache-2.0",
    # python-dateutil: its LICENSE file offers a choice of two licences.
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
}
_TIMESTAMP: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""The fixed timestamp of a bill of materials, so that it depends only on the layer. Archive entries use it too."""


@dataclass(frozen=True, slots=True, order=True)
class Distribution:
    """A package in the layer. ``licence`` is an SPDX expression, ``requires`` names the packages that it needs."""

    name: str
    version: str
    licence: str
    requires: tuple[str, ...]


def distributions_of(layer: Path) -> list[Distribution]:
    """Return the packages in a layer, from their metadata."""
    with zipfile.ZipFile(layer) as archive:
        packages = [
            Parser().parsestr(archive.read(name).decode()) for name in archive.namelist() if name.endswith(_METADATA)
        ]
    names = {_normal_name(metadata["Name"]) for metadata in packages}
    return sorted(
        Distribution(
            _normal_name(metadata["Name"]),
            metadata["Version"],
            _licence(metadata),
            tuple(sorted(_required(metadata) & names)),
        )
        for metadata in packages
    )


def licence_problems(distributions: Iterable[Distribution]) -> list[str]:
    """Return a sentence for each package whose licence is not allowed."""
    return [
        f"{package.name} {package.version} is under {package.licence or 'no stated licence'}"
        for package in distributions
        if not _is_allowed(package.licence)
    ]


def write_bill(layer: Path, file: Path) -> None:
    """Write the CycloneDX bill of materials of a layer. The same layer gives the same bytes."""
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    checksum = hashlib.sha256(layer.read_bytes()).hexdigest()
    distributions = distributions_of(layer)
    licences = LicenseFactory()
    components = {
        package.name: Component(
            name=package.name,
            version=package.version,
            bom_ref=f"{package.name}@{package.version}",
            purl=PackageURL("pypi", name=package.name, version=package.version),
            licenses=[licences.make_from_string(package.licence)] if package.licence else [],
        )
        for package in distributions
    }
    layer_component = Component(
        name="undelivered-dependencies",
        version=checksum[:16],
        type=ComponentType.PLATFORM,
        bom_ref="layer",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=checksum)],
    )
    bill = Bom(
        components=components.values(),
        serial_number=uuid5(NAMESPACE_URL, checksum),
        metadata=BomMetaData(component=layer_component, timestamp=_TIMESTAMP),
    )
    bill.register_dependency(layer_component, components.values())
    for package in distributions:
        bill.register_dependency(components[package.name], [components[name] for name in package.requires])
    file.write_text(JsonV1Dot6(bill).output_as_string(indent=2) + "\n")


def _normal_name(name: str) -> str:
    from packaging.utils import canonicalize_name

    return str(canonicalize_name(name))


def _required(metadata: Message) -> set[str]:
    from packaging.requirements import Requirement

    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist") or []]
    return {
        _normal_name(requirement.name)
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }


def _licence(metadata: Message) -> str:
    """Return a package's licence as an SPDX expression, or "" if SPDX does not know it."""
    from license_expression import get_spdx_licensing

    stated = metadata["License-Expression"] or metadata["License"] or ""
    expression = _SPDX_EXPRESSIONS.get(stated, stated)
    return "" if get_spdx_licensing().validate(expression).errors else expression


def _is_allowed(licence: str) -> bool:
    """Whether allowed licences satisfy an expression: any of the choices with `OR`, all of the parts with `AND`."""
    return bool(licence) and any(
        all(part.strip("() ") in ALLOWED for part in choice.split(" AND ")) for choice in licence.split(" OR ")
    )


# --- Known vulnerabilities


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of pip-audit: known vulnerabilities, and reasons why packages were not checked, each as a sentence."""

    vulnerabilities: tuple[str, ...]
    not_checked: tuple[str, ...]


def known_vulnerabilities(requirements: Path = LAYER_REQUIREMENTS) -> Audit:
    """Look locked requirements up in the Python Packaging Advisory Database. This needs the network."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--format", "json"]
    command += ["--no-deps", "--disable-pip", "--progress-spinner", "off"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return Audit((), (f"pip-audit failed: {last}",))
    skipped = (package["skip_reason"] for package in report["dependencies"] if "skip_reason" in package)
    return Audit(tuple(_vulnerabilities(report)), tuple(skipped))


def _vulnerabilities(report: dict[str, Any]) -> Iterator[str]:
    for package in report["dependencies"]:
        for vulnerability in package.get("vulns", []):
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            yield f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}"
