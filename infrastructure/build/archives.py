"""Reproducible zip files: the same content gives the same bytes.

Archives are named by their checksum, so that unchanged code is not deployed again. All entries are sorted and have the
same date. The archives contain byte code that Python does not validate against the source, so that a cold start does
not compile it.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from infrastructure.errors import ToolError

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the earliest date in a zip file
_KEEP_SECONDS: Final = 3_600
_FILE_MODE: Final = 0o100644 << 16


def compile_tree(folder: Path) -> None:
    """Write the byte code of all modules in `folder`, without paths or dates of this machine."""
    command = [sys.executable, "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    # -s removes the folder's path from tracebacks. A fixed hash seed fixes the order of set constants.
    command += ["-s", str(folder), str(folder)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={"PYTHONHASHSEED": "0"})
    if done.returncode:
        raise ToolError(f"The code in {folder.name} does not compile: {done.stdout.strip() or done.stderr.strip()}")


def write_zip(folder: Path, archive: Path) -> None:
    """Write all files in `folder` to a zip file. The file gets its name only when it is complete."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    partial = archive.with_suffix(f".{os.getpid()}.partial")  # two builds can run at the same time
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as target:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _FILE_MODE
            target.writestr(entry, path.read_bytes())
    partial.replace(archive)


def unpack(content: bytes, folder: Path) -> Path:
    """Unpack a zip file into a folder that its checksum names, and return that. If it is there already, keep it."""
    target = folder / hashlib.sha256(content).hexdigest()[:16]
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        partial = tempfile.mkdtemp(dir=folder)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(partial)
        try:
            Path(partial).rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(partial)
    return target


def delete_old_archives(archive: Path, pattern: str) -> None:
    """Delete the archives of earlier builds, except those of the last hour, which a deployment may still use."""
    for other in _old(archive.parent.glob(pattern)):
        if other != archive:
            other.unlink(missing_ok=True)


def delete_old_folders(folder: Path) -> None:
    """Delete what was unpacked into `folder`, except in the last hour: a stack may still use that."""
    for other in _old(folder.iterdir() if folder.exists() else ()):
        shutil.rmtree(other, ignore_errors=True)


def _old(paths: Iterable[Path]) -> list[Path]:
    return [path for path in paths if path.stat().st_mtime < time.time() - _KEEP_SECONDS]


def checksum(path: Path) -> str:
    """Return the first 16 hexadecimal digits of a file's SHA-256 checksum."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
