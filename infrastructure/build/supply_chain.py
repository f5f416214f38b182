"""What the product ships of others: its bill of materials, the licences and the known vulnerabilities.

The layer is built from locked requirements with the hashes of their files (`layer.py`), so the build fails if an index
serves a different file. Chalice packages its own runtime with the code. The console contains a library for browsers.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from email.parser import Parser
from importlib.metadata import metadata as installed_metadata
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal
from uuid import NAMESPACE_URL, uuid5

from infrastructure.paths import FUNCTIONS
from undelivered import __version__

PRODUCT_LICENCE: Final = "Apache-2.0"
"""The product's own licence, as in pyproject.toml."""

_NOTICE: Final = "permissive: asks for its notice, which every package in the layer carries"
ALLOWED: Final = MappingProxyType(
    {
        "0BSD": "permissive: asks for nothing",
        "Apache-2.0": "the product's own licence",
        "BSD-2-Clause": _NOTICE,
        "BSD-3-Clause": _NOTICE,
        "ISC": _NOTICE,
        "MIT": _NOTICE,
        "MIT-0": "permissive: asks for nothing",
        "MPL-2.0": "applies file by file, and its files are shipped unchanged (MPL 2.0, section 3.3)",
        "PSF-2.0": _NOTICE,
        "Unlicense": "public domain",
    }
)
"""SPDX identifiers of the licences that may be combined with the product's licence, each with the reason.

The Apache Software Foundation's third-party policy has them in its categories A and B
(https://www.apache.org/legal/resolved.html). A licence that is not here is forbidden until somebody has read it. An
exception to a licence (`WITH`) is not here either.
"""

_METADATA: Final = ".dist-info/METADATA"
_SPDX_EXPRESSIONS: Final = {
    "Apache License 2.0": "Apache-2.0",
    # python-dateutil: its LICENSE file offers a choice of two licences.
    "Dual License": "Apache-2.0 OR BSD-3-Clause",
}
_TIMESTAMP: Final = datetime(1980, 1, 1, tzinfo=UTC)
"""The fixed timestamp of a bill of materials, so that it depends only on its content. Archive entries use it too."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """Something of others that is shipped, and the index from which it came.

    ``licence`` is an SPDX expression, or empty if SPDX does not know what is stated. ``requires`` names the shipped
    packages that it needs. ``sha256`` is the checksum of a package that is a single file of the repository.
    """

    name: str
    version: str
    licence: str
    requires: tuple[str, ...] = ()
    index: Literal["npm", "pypi"] = "pypi"
    sha256: str = ""


_CONSOLE: Final = FUNCTIONS / "undelivered" / "console"
BROWSER_PACKAGES: Final = MappingProxyType(
    {
        _CONSOLE / "assets" / "purify.min.js": Package(
            "dompurify",
            "3.5.0",
            "MPL-2.0 OR Apache-2.0",
            index="npm",
            sha256="f69a46022ab1f53e969c8ebbca98172c8995785a9b3be72ea4a12d25b1a1bf67",
        ),
        # The package's `index.mjs`. The notice that its licence requires is in `lean-qr.licence.txt`.
        _CONSOLE / "assets" / "lean-qr.min.js": Package(
            "lean-qr",
            "2.7.4",
            "MIT",
            index="npm",
            sha256="0ce41cd6f92cc23cf057a1df7e1b3876767d678665dd65af4e1d22b4fad967dc",
        ),
    }
)
"""The libraries for browsers by their file in the console, as the npm package has it."""


def shipped_packages(layer: Path) -> list[Package]:
    """Return what a deployment ships of others: the layer's packages, Chalice's runtime and the browser libraries."""
    return sorted([*layer_packages(layer), _chalice(), *BROWSER_PACKAGES.values()])


def layer_packages(layer: Path) -> list[Package]:
    """Return the packages in a layer, from their metadata."""
    with zipfile.ZipFile(layer) as archive:
        packages = [
            Parser().parsestr(archive.read(name).decode()) for name in archive.namelist() if name.endswith(_METADATA)
        ]
    names = {_normal_name(metadata["Name"]) for metadata in packages}
    return sorted(
        Package(
            _normal_name(metadata["Name"]),
            metadata["Version"],
            _licence(metadata["License-Expression"] or metadata["License"]),
            tuple(sorted(_required(metadata) & names)),
        )
        for metadata in packages
    )


def _chalice() -> Package:
    """Return Chalice, whose runtime `chalice package` copies into the code. The runtime needs no other package."""
    metadata = installed_metadata("chalice").json
    return Package("chalice", str(metadata["version"]), _licence(str(metadata.get("license", ""))))


def licence_problems(packages: Iterable[Package]) -> list[str]:
    """Return a sentence for each package whose licence may not be combined with the product's, or is unknown."""
    return [
        f"{package.name} {package.version} is under {package.licence or 'an unknown licence'}, "
        f"which is not known to be compatible with {PRODUCT_LICENCE}"
        for package in packages
        if not _is_allowed(package.licence)
    ]


def changed_browser_files() -> list[str]:
    """Return a sentence for each file of a browser library that is not the one in the bill of materials."""
    return [
        f"{file.name} is not the file of {package.name} {package.version}: its SHA-256 is {checksum}"
        for file, package in BROWSER_PACKAGES.items()
        if (checksum := hashlib.sha256(file.read_bytes()).hexdigest()) != package.sha256
    ]


def write_bill(packages: Sequence[Package], file: Path) -> None:
    """Write the CycloneDX bill of materials. The same packages give the same bytes."""
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    licences = LicenseFactory()
    components = {
        package.name: Component(
            name=package.name,
            version=package.version,
            bom_ref=f"{package.name}@{package.version}",
            purl=PackageURL(package.index, name=package.name, version=package.version),
            licenses=[licences.make_from_string(package.licence)] if package.licence else [],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=package.sha256)] if package.sha256 else [],
        )
        for package in packages
    }
    product = Component(
        name="undelivered",
        version=__version__,
        type=ComponentType.APPLICATION,
        bom_ref="undelivered",
        licenses=[licences.make_from_string(PRODUCT_LICENCE)],
    )
    bill = Bom(
        components=components.values(),
        serial_number=uuid5(NAMESPACE_URL, repr((__version__, packages))),
        metadata=BomMetaData(component=product, timestamp=_TIMESTAMP),
    )
    bill.register_dependency(product, components.values())
    for package in packages:
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


def _licence(stated: str | None) -> str:
    """Return a package's licence as an SPDX expression, or "" if SPDX does not know it."""
    from license_expression import get_spdx_licensing

    expression = _SPDX_EXPRESSIONS.get(stated or "", stated or "")
    return "" if get_spdx_licensing().validate(expression).errors else expression


def _is_allowed(licence: str) -> bool:
    """Whether allowed licences satisfy an expression: any of the choices with `OR`, all of the parts with `AND`."""
    from license_expression import ExpressionError, get_spdx_licensing

    spdx = get_spdx_licensing()

    def holds(expression: Any) -> bool:
        if isinstance(expression, spdx.AND):
            return all(map(holds, expression.args))
        if isinstance(expression, spdx.OR):
            return any(map(holds, expression.args))
        return str(expression) in ALLOWED

    try:
        parsed = spdx.parse(licence, validate=True)
    except ExpressionError:
        return False
    return parsed is not None and holds(parsed)


# --- Known vulnerabilities


@dataclass(frozen=True, slots=True)
class Audit:
    """The result of pip-audit: known vulnerabilities, and reasons why packages were not checked, each as a sentence."""

    vulnerabilities: tuple[str, ...]
    not_checked: tuple[str, ...]


def known_vulnerabilities(packages: Iterable[Package]) -> Audit:
    """Look the Python packages up in the Python Packaging Advisory Database. This needs the network."""
    pins = [f"{package.name}=={package.version}\n" for package in packages if package.index == "pypi"]
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        requirements.write_text("".join(pins))
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
