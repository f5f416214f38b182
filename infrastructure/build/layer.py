"""Build the layer with the third-party packages, from the locked requirements, for a target."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from infrastructure.build.archives import compile_tree, delete_old_archives, delete_old_folders, write_zip
from infrastructure.build.target import Target
from infrastructure.errors import ToolError
from infrastructure.paths import BUILD, LAYER_REQUIREMENTS, ROOT

UNPACKED_LAYERS: Final = BUILD / "layers" / "unpacked"
"""Where the emulators of this checkout unpack layers. All of them share a layer."""

# The botocore service models that the functions use, or that botocore needs for credentials and endpoints. The other
# 400 service models make up four fifths of the package and would slow down cold starts.
SERVICE_MODELS: Final = frozenset(
    {
        "cognito-idp",
        "dynamodb",
        "kms",
        "lambda",
        "s3",
        "secretsmanager",
        "ses",
        "sesv2",
        "signin",
        "sns",
        "sqs",
        "sso",
        "sso-oidc",
        "sts",
    }
)
# phonenumbers only parses and validates numbers here, so it needs no carriers, places or time zones.
_UNUSED: Final = (
    "bin",
    "boto3/examples",
    "phonenumbers/carrierdata",
    "phonenumbers/geodata",
    "phonenumbers/tzdata",
)
# Files about the installation, which differ between machines.
_INSTALLATION_FILES: Final = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")


def build_layer(target: Target, requirements: Path = LAYER_REQUIREMENTS) -> Path:
    """Return the layer's zip file for a target. Build it only if the requirements, the target or this file changed."""
    recipe = "\n".join([requirements.read_text(), repr(target), Path(__file__).read_text()])
    archive = BUILD / "layers" / f"{target.name}-{hashlib.sha256(recipe.encode()).hexdigest()[:16]}.zip"
    if archive.exists():
        return archive
    archive.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=archive.parent) as folder:
        packages = Path(folder) / "python"  # Lambda's folder for Python packages in a layer
        _install(requirements, packages, target)
        _prune(packages)
        compile_tree(packages)
        write_zip(Path(folder), archive)
    delete_old_archives(archive, f"{target.name}-*.zip")
    delete_old_folders(UNPACKED_LAYERS)
    return archive


def export_requirements() -> str:
    """Return the locked runtime dependencies with their hashes, exported from uv.lock."""
    return _uv("export", "--frozen", "--no-dev", "--no-emit-project", "--no-header", "--quiet")


def lock_requirements(requirements: Path = LAYER_REQUIREMENTS) -> None:
    """Write the layer's requirements from uv.lock."""
    requirements.write_text(export_requirements())


def check_requirements(requirements: Path = LAYER_REQUIREMENTS) -> None:
    """Raise ToolError if the layer's requirements do not match uv.lock."""
    if requirements.read_text() != export_requirements():
        raise ToolError(f"{requirements.relative_to(ROOT)} does not match uv.lock. Run `undelivered build --lock`.")


def _install(requirements: Path, packages: Path, target: Target) -> None:
    arguments = ["pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    arguments += ["--python-version", target.python, "--target", str(packages), "--requirements", str(requirements)]
    arguments += ["--link-mode", "copy"]  # pruning must not change uv's cache
    if target.wheel_platform is not None:
        arguments += ["--python-platform", target.wheel_platform]
    try:
        _uv(*arguments, "--offline")  # for this machine, `uv sync` has already downloaded the wheels
    except ToolError:
        shutil.rmtree(packages, ignore_errors=True)
        _uv(*arguments)


def _prune(packages: Path) -> None:
    for unused in _UNUSED:
        shutil.rmtree(packages / unused, ignore_errors=True)
    for models in (packages / "botocore" / "data", packages / "boto3" / "data"):
        for service in models.iterdir():
            if service.is_dir() and service.name not in SERVICE_MODELS:
                shutil.rmtree(service)
    for info in packages.glob("*.dist-info"):
        for name in _INSTALLATION_FILES:
            (info / name).unlink(missing_ok=True)
    for lock in packages.glob(".lock"):
        lock.unlink()


def _uv(*arguments: str) -> str:
    executable = os.environ.get("UV") or shutil.which("uv")
    if executable is None:
        raise ToolError(
            "Building the dependencies layer needs uv, which is not on the PATH. Install it: https://docs.astral.sh/uv"
        )
    done = subprocess.run([executable, *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ToolError(f"`uv {' '.join(arguments[:2])}` failed: {done.stderr.strip()}")
    return done.stdout
