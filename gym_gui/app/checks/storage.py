"""SQLite, the home, its file system, and room on the disk."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from gym_gui.app.checks.finding import Finding
from gym_gui.look import figures

_OLDEST_SQLITE = (3, 24, 0)
_WAL_MENDED = (3, 51, 3)
_BROKEN_BELOW = 100 << 20
_DOUBTFUL_BELOW = 2 << 30
# File systems on which locks or shared memory of SQLite's write-ahead log cannot be relied upon.
_SHARED = {"nfs", "nfs4", "lustre", "gpfs", "beegfs", "ceph", "glusterfs", "cifs", "smb3", "smbfs", "9p", "afs", "fuse"}


def sqlite(_home: Path) -> Iterator[Finding]:
    """Look at the version of SQLite that Python brings."""
    found = f"SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        yield Finding("SQLite", "broken", f"{found} is too old", "use a Python that brings SQLite 3.24 or newer")
    elif sqlite3.sqlite_version_info < _WAL_MENDED:
        yield Finding("SQLite", "ok", f"{found}; before 3.51.3 two connections that write one write-ahead log may "
                      "corrupt it: MOSAIC uses one per database",
                      "do not write into the telemetry.db of an active run with other programs")  # fmt: skip
    else:
        yield Finding("SQLite", "ok", found)


def home(home: Path) -> Iterator[Finding]:
    """Look whether the home can be written; nothing is written to find out, unless it exists."""
    if home.exists() and not home.is_dir():
        yield Finding("home", "broken", f"{home} is not a folder", "set MOSAIC_HOME to a folder, or use --home DIR")
        return
    place = existing(home)
    if not os.access(place, os.W_OK | os.X_OK) or (place == home and not _can_write(home)):
        yield Finding("home", "broken", f"{home} cannot be written",
                      "set MOSAIC_HOME to a folder that you can write to, or use --home DIR")  # fmt: skip
    elif place != home:
        yield Finding("home", "ok", f"{home} (will be made by the first run)")
    elif home.stat().st_mode & 0o077:
        yield Finding("home", "doubtful", f"{home} can be read by other users", f"chmod 700 {home}")
    else:
        yield Finding("home", "ok", str(home))


def registry(home: Path) -> Iterator[Finding]:
    """Look at the whole registry of runs, and for damaged ones that were renamed."""
    from gym_gui.trainer import DaemonHome, damaged_copies, examine_registry

    paths = DaemonHome(home)
    try:
        fault = examine_registry(paths.registry)
    except sqlite3.Error as error:
        yield Finding("registry", "doubtful", f"it cannot be checked now: {error}", "try again")
        return
    if fault:
        running = paths.daemon() is not None
        yield Finding("registry", "broken", f"{paths.registry} is damaged: {fault}; no run is lost",
                      "wait a few seconds: the daemon moves it away and rebuilds it from the run folders" if running
                      else "mosaic daemon start  (moves it away and rebuilds it from the run folders)")  # fmt: skip
    elif paths.registry.exists():
        yield Finding("registry", "ok", "no damage")
    copies = damaged_copies(paths.registry)
    if copies:
        yield Finding("registry", "doubtful", f"it was damaged and has been rebuilt; the damaged files are kept: "
                      f"{', '.join(str(copy) for copy in copies)}",
                      "check the disk's health if it happens again; these files can be removed")  # fmt: skip


def file_system(home: Path) -> Iterator[Finding]:
    """Look at the kind of file system that the home lies on."""
    kind = file_system_of(existing(home))
    if kind is None:
        yield Finding(
            "file system", "doubtful", "its type cannot be determined", "make sure that the home is on a local disk"
        )
    elif kind in _SHARED or kind.startswith("fuse."):
        yield Finding("file system", "broken", f"{kind}: databases and locks are not safe on shared file systems",
                      "set MOSAIC_HOME to a folder on a local disk")  # fmt: skip
    elif kind in ("tmpfs", "ramfs"):
        yield Finding("file system", "doubtful", f"{kind}: runs are lost when the machine goes down",
                      "set MOSAIC_HOME to a folder on a disk to keep them")  # fmt: skip
    else:
        yield Finding("file system", "ok", kind)


def space(home: Path) -> Iterator[Finding]:
    """Look at the room that is left for runs."""
    usage = shutil.disk_usage(existing(home))
    found = f"{figures.size(usage.free)} free of {figures.size(usage.total)}"
    inodes = os.statvfs(existing(home))
    step = "remove runs: mosaic runs delete RUN, or set MOSAIC_HOME to a folder on a larger disk"
    if usage.free < _BROKEN_BELOW or (inodes.f_files and inodes.f_favail == 0):
        yield Finding("disk", "broken", f"{found}: too little to start a run", step)
    elif usage.free < _DOUBTFUL_BELOW:
        yield Finding("disk", "doubtful", f"{found}: a million stored steps take about 400 MiB, log included", step)
    else:
        yield Finding("disk", "ok", found)


def existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def file_system_of(path: Path) -> str | None:
    """Return the kind of file system that a path lies on, as the kernel names it."""
    try:
        lines = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    resolved = path.resolve()
    best: tuple[int, str] | None = None
    for line in lines:
        _, point, kind, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if resolved.is_relative_to(point) and (best is None or len(point) >= best[0]):
            best = (len(point), kind)
    return best[1] if best else None


def _can_write(home: Path) -> bool:
    trial = home / f".doctor.{os.getpid()}"
    try:
        trial.write_bytes(b"")
        trial.unlink()
    except OSError:
        return False
    return True
