"""The processes that belong to a worker, found by what they carry and hold.

A launcher knows its children. Where the launcher was killed, this is what is left, and each sign alone is proof:

* the marks that MOSAIC puts into a worker's environment, which survive ``fork``, ``setsid`` and most execs;
* a mark among its resource limits (the one on resident memory, which Linux ignores), which survives a cleaned
  environment and closed descriptors, too;
* the attempt's lock, held, or its logs, open for appending.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Collection
from pathlib import Path

from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.supervision.launcher import pids_of, proc_name

#: Far above any memory, so that a system that enforces the limit is not limited by it.
_MARK = 1 << 62
_RUN_BITS, _ATTEMPT_BITS = 36, 24
_LIMIT = b"Max resident set "


def limit_mark(run_id: str, worker_id: str, attempt: int) -> int:
    """Return the soft limit on resident memory that the processes of an attempt carry."""
    own = _hash(f"{worker_id}.a{attempt}", _ATTEMPT_BITS)
    return _run_mark(run_id) << _ATTEMPT_BITS | own


def marked_processes(run_id: str, worker_id: str | None = None, attempt: int | None = None) -> list[ProcessIdentity]:
    """Return the living processes of a run that carry its marks, oldest first.

    Args:
        run_id: The run.
        worker_id: Only this worker's, if given, and of these
        attempt: only this attempt's.
    """
    marks = [f"MOSAIC_RUN_ID={run_id}"]
    if worker_id is not None:
        marks.append(f"WORKER_ID={worker_id}")
    if attempt is not None:
        marks.append(f"MOSAIC_ATTEMPT={attempt}")
    wanted = {mark.encode() for mark in marks}

    def belongs(entry: Path) -> bool:
        if wanted <= set((entry / "environ").read_bytes().split(b"\0")):
            return True
        limit = _resident_limit(entry)
        if worker_id is None or attempt is None:
            return worker_id is None and limit >> _ATTEMPT_BITS == _run_mark(run_id)
        return limit == limit_mark(run_id, worker_id, attempt)

    return _matching(belongs)


def holding_processes(lock: Path, logs: Collection[Path]) -> list[ProcessIdentity]:
    """Return the living processes that hold a lock file's lock or have a log open to append to it, oldest first.

    Only this user's are seen, and this process is left out.

    Args:
        lock: The lock file. To look at it, or to have it open, is not to hold it.
        logs: The logs. To read them is not to write them.
    """
    wanted_lock, wanted_logs = _files([lock]), _files(logs)

    def holds(entry: Path) -> bool:
        for descriptor in (entry / "fd").iterdir():
            try:
                found = descriptor.stat()
                key = (found.st_dev, found.st_ino)
                if key not in wanted_lock and key not in wanted_logs:
                    continue
                info = (entry / "fdinfo" / descriptor.name).read_text()
            except OSError:
                continue  # closed meanwhile
            if _locks(info) if key in wanted_lock else _appends(info):
                return True
        return False

    return _matching(holds)


def _hash(text: str, bits: int) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> (64 - bits)


def _run_mark(run_id: str) -> int:
    return _MARK >> _ATTEMPT_BITS | _hash(run_id, _RUN_BITS)


def _resident_limit(entry: Path) -> int:
    """Return a process's soft limit on resident memory, 0 where it has none."""
    for line in (entry / "limits").read_bytes().splitlines():
        if line.startswith(_LIMIT):
            word = line[len(_LIMIT) :].split()[0]
            return int(word) if word.isdigit() else 0
    return 0


def _files(paths: Collection[Path]) -> set[tuple[int, int]]:
    found = set()
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            continue
        found.add((status.st_dev, status.st_ino))
    return found


def _locks(info: str) -> bool:
    return any(line.startswith("lock:") and "FLOCK" in line and "WRITE" in line for line in info.splitlines())


def _appends(info: str) -> bool:
    flags = next((int(line.split()[1], 8) for line in info.splitlines() if line.startswith("flags:")), 0)
    return bool(flags & os.O_APPEND) and flags & os.O_ACCMODE != os.O_RDONLY


def _matching(belongs: Callable[[Path], bool]) -> list[ProcessIdentity]:
    """Return this user's living processes whose folder below ``/proc`` passes, oldest first; never this process."""
    try:
        myself = os.readlink("/proc/self")  # noqa: PTH115
    except OSError:
        return []
    me, found = os.geteuid(), []
    for name in os.listdir("/proc"):  # noqa: PTH208 - hundreds, twice a second
        if not name.isdigit() or name == myself:
            continue
        entry = Path("/proc", name)
        try:
            if me in (0, entry.stat().st_uid) and belongs(entry):
                process = ProcessIdentity.of(_pid_here(name, outer=myself != str(os.getpid())))
                if process.alive():
                    found.append(process)
        except (OSError, IndexError):
            continue  # gone meanwhile, another user's after all, or of a namespace that this process cannot signal
    return sorted(found, key=lambda process: process.start_ticks)


def _pid_here(name: str, *, outer: bool) -> int:
    """Return the pid by which this process knows one that ``/proc`` may know by another (``OSError``: by none)."""
    if not outer:
        return int(name)
    pid = pids_of(name)[-1]
    if proc_name(pid) != name:
        raise ProcessLookupError(name)
    return pid
