"""The archives of a home's runs, as ``mosaic runs archive`` writes them."""

from __future__ import annotations

import json
import tarfile
import zlib
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import open_stream
from gym_gui.runs import RunFolder

ARCHIVE_SUFFIX = ".tar.gz"
#: Archives that are listed at most: the name of each is read from its file.
_MOST = 500
_LONGEST_CONFIG = 16 << 20


class ArchivedRun(msgspec.Struct, kw_only=True):
    """A run in an archive."""

    run_id: str
    run_name: str
    """Empty: the archive cannot be read."""
    archived_at: float
    """Seconds since the epoch."""
    size_bytes: int
    present: bool
    """The home has the run, too: it was restored."""


class Archives(msgspec.Struct, kw_only=True):
    """Archived runs, the newest first."""

    archives: list[ArchivedRun]
    total: int
    """How many there are; the newest are listed."""


def list_archives(home: Path) -> Archives:
    """Return the runs that are archived in a home.

    Args:
        home: The home.
    """
    folder = home / "archive"
    ids = archived_ids(folder)
    found = []
    for run_id in reversed(ids[-_MOST:]):
        path = folder / f"{run_id}{ARCHIVE_SUFFIX}"
        try:
            state = path.stat()
        except OSError:
            continue  # removed meanwhile
        found.append(
            ArchivedRun(
                run_id=run_id,
                run_name=archived_name(path) or "",
                archived_at=state.st_mtime,
                size_bytes=state.st_size,
                present=RunFolder.of(home, run_id).path.is_dir(),
            )
        )
    return Archives(archives=found, total=len(ids))


def archived_ids(folder: Path) -> list[str]:
    """Return the ids of the runs archived in a folder, the oldest first."""
    return sorted(each.name.removesuffix(ARCHIVE_SUFFIX) for each in folder.glob(f"*{ARCHIVE_SUFFIX}"))


def archived_name(archive: Path) -> str | None:
    """Return the name of the run in an archive, ``None`` without a readable config first.

    Args:
        archive: The file.
    """
    try:
        with open_stream(archive) as stream, tarfile.open(fileobj=stream, mode="r:gz") as tar:
            first = tar.next()
            data = tar.extractfile(first) if first is not None and first.name.endswith("/run.json") else None
            return None if data is None else str(json.loads(data.read(_LONGEST_CONFIG))["run_name"])
    except (OSError, EOFError, zlib.error, tarfile.TarError, ValueError, LookupError, TypeError, RecursionError):
        return None
