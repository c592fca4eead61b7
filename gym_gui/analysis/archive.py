"""Puts runs that have ended into archives of their own: one ``.tar.gz`` a run, with its hash beside it."""

from __future__ import annotations

import hashlib
import os
import tarfile
from pathlib import Path
from typing import IO

from gym_gui.core.regular_files import open_stream
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import FileLock
from gym_gui.telemetry.launch_locks import check_nothing_lives

_CHUNK = 1 << 20
_PATIENCE_S = 60.0


def archive_run(home: Path, run_id: str, target: Path) -> Path:
    """Write a run's folder into an archive, read it back, and write its SHA-256 beside it; the run stays.

    Args:
        home: The home.
        run_id: The run; it must have ended.
        target: The folder of the archives; made if missing.

    Returns:
        The archive.

    Raises:
        UsageError: Something of it lives, there is an archive of this run already, or the folder cannot be written.
        MosaicError: What was written does not read back as the run's folder.
    """
    check_nothing_lives(RunFolder.of(home, run_id), f"run {run_id} cannot be archived", f"mosaic runs archive {run_id}")
    folder, path = RunFolder.of(home, run_id).path, target / f"{run_id}.tar.gz"
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    # Nobody puts its logs in order meanwhile.
    lock = FileLock(RunFolder.of(home, run_id).control / "logs.lock")
    if path.exists():
        raise UsageError(f"run {run_id} is archived already", where=str(path), next_step="move that archive away")
    if not lock.acquire(_PATIENCE_S):
        raise UsageError(
            f"the logs of run {run_id} are being compressed or recounted",
            where=str(folder),
            next_step="try again later",
        )
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        with partial.open("xb") as stream:
            partial.chmod(0o600)
            with tarfile.open(fileobj=stream, mode="w:gz") as tar:
                tar.add(folder, arcname=run_id)
            stream.flush()
            os.fsync(stream.fileno())
        _compare(partial, folder)
        path.with_name(f"{path.name}.sha256").write_text(f"{_sha256(partial)}  {path.name}\n", encoding="ascii")
        partial.rename(path)
    except OSError as error:
        raise UsageError(
            f"run {run_id} cannot be archived: {error.strerror or error}", where=str(target), next_step="mosaic doctor"
        ) from error
    finally:
        lock.release()
        partial.unlink(missing_ok=True)
    return path


def _compare(archive: Path, folder: Path) -> None:
    """Raise unless an archive holds exactly the files of a folder, byte by byte."""
    there = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
    held = set()
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if not member.isreg() and not member.islnk():
                continue
            name = Path(member.name).relative_to(folder.name)
            data = tar.extractfile(member)
            if data is not None and _digest(data) == _sha256(folder / name):
                held.add(name)
    if held != there:
        name = sorted(held ^ there)[0]
        raise MosaicError("the archive does not hold what the run does", where=f"{folder / name}", why="it changed")


def _sha256(path: Path) -> str:
    with open_stream(path) as stream:
        return _digest(stream)


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
