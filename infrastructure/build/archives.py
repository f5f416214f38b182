"""Zip files that are the same byte for byte whenever their content is the same.

Lambda redeploys what has changed, and it tells by the digest. So entries are sorted and dated alike, and byte code
is checked by nothing (its source cannot change inside a zip), which also spares each cold start the compiling.
"""

import hashlib
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Final

from infrastructure.errors import ToolError

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest date a zip can hold
_MAY_BE_IN_USE_SECONDS: Final = 3_600
_FILE_MODE: Final = 0o100644 << 16


def compile_tree(folder: Path) -> None:
    """Write byte code beside every module under `folder`, free of paths and dates of this machine."""
    command = [sys.executable, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    # -s strips the folder's path from tracebacks; a hash seed fixes the order of constants in sets.
    command += ["-s", str(folder), str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={"PYTHONHASHSEED": "0"})
    if done.returncode:
        raise ToolError(f"The code in {folder.name} does not compile: {done.stdout.strip() or done.stderr.strip()}")


def write_zip(folder: Path, archive: Path) -> None:
    """Zip everything under `folder`; the archive appears under its name only when complete."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(f".{os.getpid()}.partial")  # two builds may run at once
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _FILE_MODE
            target.writestr(entry, path.read_bytes())
    partial.replace(archive)


def forget_others(archive: Path, pattern: str) -> None:
    """Remove what earlier builds left beside an archive; not the last hour's, which somebody may still be deploying."""
    for other in archive.parent.glob(pattern):
        if other != archive and other.stat().st_mtime < time.time() - _MAY_BE_IN_USE_SECONDS:
            other.unlink(missing_ok=True)


def digest(path: Path) -> str:
    """Sixteen hexadecimal digits that name the content of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
