"""Write the emitted folder as a whole or not at all."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from cnnc.errors import UsageError

REPORT_FILE = "report.json"
BUILD_FOLDER = "build"
"""Where the emitted build files put their results; it stays as it is, whatever lies there."""


def check_replaceable(directory: Path) -> None:
    """Refuse a folder that holds anything that cnnc did not write.

    Raises:
        UsageError: The path is a file, or a folder with other files, or cannot be written.
    """
    if directory.exists() and not directory.is_dir():
        raise _refused(f"'{directory}' is a file")
    parent = _nearest_existing(directory)
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise _refused(f"'{parent}' cannot be written")
    if not directory.exists() or not any(directory.iterdir()):
        return
    known = _files_of_report(directory)
    if known is None:
        raise _refused(f"'{directory}' is not empty and was not made by cnnc")
    strange = sorted(_files_below(directory) - known)
    if strange:
        raise _refused(f"'{directory}' holds '{strange[0]}', which cnnc did not write")


def write_folder(directory: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write all files into a new folder, then put it in the place of the old one.

    Args:
        directory: Target folder; see ``check_replaceable``.
        files: Relative path (with ``/``) and content; includes ``report.json``. Contents may be
            made on the way: each is let go once it is written.

    Raises:
        UsageError: The folder cannot be replaced or written; the old one stays as it was.
    """
    check_replaceable(directory)
    directory = directory.resolve()
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".cnnc-") as temporary:
            fresh = Path(temporary, "new")
            _write_files(fresh, files)
            _put_in_place(fresh, directory)
    except OSError as error:
        raise _refused(f"'{directory}' cannot be written: {error.strerror or error}") from error


def _put_in_place(fresh: Path, directory: Path) -> None:
    """Rename the new folder; the old one is deleted last, and comes back after any failure.

    Raises:
        OSError: The new folder could not be put there.
        UsageError: The old one could not be put back either; says where it is.
    """
    if not directory.exists():
        fresh.rename(directory)
        return
    # Outside the folder of temporary files: an interrupted run must not clean it away.
    shelter = Path(tempfile.mkdtemp(dir=directory.parent, prefix=f".{directory.name}-old-"))
    old = shelter / directory.name
    try:
        directory.rename(old)
        fresh.rename(directory)
    finally:
        if not directory.exists():
            _put_back(old, directory)
        elif (old / BUILD_FOLDER).exists():
            (old / BUILD_FOLDER).rename(directory / BUILD_FOLDER)
        shutil.rmtree(shelter, ignore_errors=True)


def _put_back(old: Path, directory: Path) -> None:
    try:
        old.rename(directory)
    except OSError as error:
        raise UsageError(
            f"'{directory}' cannot be written: {error.strerror or error}",
            f"what it held is in '{old}': move it back",
            "-o",
        ) from error


def _write_files(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        # Not held while the next one is made.
        del content


def _files_of_report(directory: Path) -> set[str] | None:
    try:
        report = json.loads((directory / REPORT_FILE).read_text(encoding="utf-8"))
        return {str(name) for name in report["files"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _files_below(directory: Path) -> set[str]:
    paths = (path.relative_to(directory) for path in directory.rglob("*") if not path.is_dir())
    return {path.as_posix() for path in paths if path.parts[0] != BUILD_FOLDER}


def _nearest_existing(path: Path) -> Path:
    resolved = path.resolve()
    candidates = (place for place in resolved.parents if place.exists())
    return next(candidates, resolved)


def _refused(problem: str) -> UsageError:
    return UsageError(problem, "give another folder with -o", "-o")
