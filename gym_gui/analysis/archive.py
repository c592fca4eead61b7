"""Archives of ended runs: one ``.tar.gz`` per run, with its hash beside it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tarfile
from pathlib import Path
from typing import IO, Any

from gym_gui.core.regular_files import is_file, open_stream
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.reading import ARCHIVE_SUFFIX, archived_ids, archived_name
from gym_gui.runs import FileLock, RunFolder, is_run_id
from gym_gui.supervision import check_nothing_lives

_CHUNK = 1 << 20
_PATIENCE_S = 60.0
# Python before 3.10.12 has no filters; their checks are made here as well.
_FILTER: dict[str, Any] = {"filter": "fully_trusted"} if hasattr(tarfile, "fully_trusted_filter") else {}


def archive_run(home: Path, run_id: str, target: Path) -> Path:
    """Write a run's folder to an archive and verify it; the run is not removed.

    Args:
        home: The home.
        run_id: The run; it must have ended.
        target: The folder of the archives; created if missing.

    Returns:
        The archive.

    Raises:
        UsageError: A process of the run is alive, it is archived already, or the folder cannot be written.
        MosaicError: The archive does not have the files of the run's folder.
    """
    check_nothing_lives(RunFolder.of(home, run_id), f"run {run_id} cannot be archived", f"mosaic runs archive {run_id}")
    folder, path = RunFolder.of(home, run_id).path, target / f"{run_id}{ARCHIVE_SUFFIX}"
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    # No log retention meanwhile.
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
                # First, so that a run's name is found without reading its logs.
                config, name = RunFolder.of(home, run_id).run_json, f"{run_id}/run.json"
                if is_file(config):
                    tar.add(config, arcname=name)
                tar.add(folder, arcname=run_id, filter=lambda member: None if member.name == name else member)
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


def archives_named(folder: Path, name: str) -> list[str]:
    """Return the ids of the archived runs with a name, the oldest first.

    Args:
        folder: The folder of the archives.
        name: The name of the run.
    """
    return [
        run_id
        for run_id in archived_ids(folder)
        if name and archived_name(folder / f"{run_id}{ARCHIVE_SUFFIX}") == name
    ]


def find_archive(folder: Path, name: str) -> Path:
    """Return the archive that a user means.

    Args:
        folder: The folder of the archives.
        name: A file, or the id of an archived run, its beginning or end, or the run's name.

    Raises:
        UsageError: There is none, or there are several.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return path.absolute()
    ids = archived_ids(folder)
    wanted = name.upper()
    matches = [run_id for run_id in ids if wanted and (run_id.startswith(wanted) or run_id.endswith(wanted))]
    if wanted not in ids:
        matches = archives_named(folder, name) or matches
    if len(matches) != 1:
        candidates = ", ".join(matches or ids[-5:]) or "none"
        raise UsageError(
            f"{len(matches)} archives match {name!r}" if matches else f"there is no archive {name!r}",
            where=str(folder),
            why=f"{'matching' if matches else 'existing'} archives: {candidates}",
            next_step="name the file, or another folder with --from DIR",
        )
    return folder / f"{matches[0]}{ARCHIVE_SUFFIX}"


def restore_run(home: Path, archive: Path, *, dry_run: bool = False) -> str:
    """Unpack an archive into a home's runs, atomically.

    Args:
        home: The home.
        archive: An archive of :func:`archive_run`, with its SHA-256 beside it.
        dry_run: Only check it.

    Returns:
        The run's id.

    Raises:
        UsageError: It cannot be read, is damaged or not a run's archive, or the home has that run.
    """
    runs = home / "runs"
    try:
        with archive.open("rb") as stream:
            _check_digest(archive, stream)
            stream.seek(0)
            with tarfile.open(fileobj=stream, mode="r:gz") as tar:
                members = tar.getmembers()
                run_id = _run_in(members, archive)
                if (runs / run_id).exists():
                    raise UsageError(f"the home has run {run_id}", where=str(runs / run_id), next_step="nothing to do")
                if not dry_run:
                    _unpack(tar, members, runs / run_id)
    except (OSError, EOFError, tarfile.TarError) as error:
        raise UsageError(
            "the archive cannot be restored", where=str(archive), why=str(error), next_step="use another copy of it"
        ) from error
    if not dry_run:
        _tell_daemon(home, run_id)
    return run_id


def _tell_daemon(home: Path, run_id: str) -> None:
    """Have a running daemon list a restored run: it enters a run that it does not know once it is asked for it."""
    from gym_gui.trainer import DaemonHome

    if DaemonHome(home).daemon() is None:
        return
    from gym_gui.rpc import TrainerClient

    with contextlib.suppress(MosaicError), TrainerClient.connect(home, start=False) as client:
        client.get(run_id)


def _check_digest(archive: Path, stream: IO[bytes]) -> None:
    beside = archive.with_name(f"{archive.name}.sha256")
    expected = beside.read_text(encoding="ascii", errors="replace").split()
    if not expected or _digest(stream) != expected[0]:
        raise UsageError(
            "the archive is damaged", where=str(archive), why=f"its SHA-256 differs from that in {beside.name}",
            next_step="use another copy of it",
        )  # fmt: skip


def _run_in(members: list[tarfile.TarInfo], archive: Path) -> str:
    """Return the id of the run in an archive, which must have nothing else."""
    names = {Path(member.name).parts[0] if member.name else "" for member in members}
    inside = all(_is_inside(member.name, member.name.partition("/")[0]) for member in members)
    name = next(iter(names), "")
    # A symbolic link may lead anywhere, as in the run: nothing is unpacked through it.
    plain = all(
        member.isreg() or member.isdir() or member.issym() or (member.islnk() and _is_inside(member.linkname, name))
        for member in members
    )
    if len(names) != 1 or not is_run_id(name) or not inside or not plain:
        raise UsageError(
            "this is not a run's archive", where=str(archive), next_step="name one of: mosaic runs archive"
        )
    return name


def _is_inside(name: str, folder: str) -> bool:
    parts = Path(name).parts
    return parts[:1] == (folder,) and ".." not in parts


def _unpack(tar: tarfile.TarFile, members: list[tarfile.TarInfo], target: Path) -> None:
    """Unpack a run beside its place and move it there in one step."""
    partial = target.with_name(f".restored-{target.name}.{os.getpid()}")
    partial.mkdir(mode=0o700, parents=True)
    try:
        for member in sorted(members, key=lambda each: each.issym()):
            tar.extract(member, partial, set_attrs=not member.issym(), **_FILTER)
        (partial / target.name).rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _compare(archive: Path, folder: Path) -> None:
    """Make sure that an archive has exactly the files of a folder, byte by byte."""
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and not path.is_symlink()}
    archived = set()
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            if not member.isreg() and not member.islnk():
                continue
            name = Path(member.name).relative_to(folder.name)
            data = tar.extractfile(member)
            if data is not None and _digest(data) == _sha256(folder / name):
                archived.add(name)
    if archived != files:
        name = sorted(archived ^ files)[0]
        raise MosaicError("the archive differs from the run's folder", where=f"{folder / name}", why="it changed")


def _sha256(path: Path) -> str:
    with open_stream(path) as stream:
        return _digest(stream)


def _digest(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
