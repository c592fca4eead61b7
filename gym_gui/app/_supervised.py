"""Makes sure that what is shown of a home's runs is not the word of processes that are gone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gym_gui.runs import RunFolder

#: A daemon that was just started puts a run whose workers are gone in order within this time, seconds.
PATIENCE_S = 10.0
_POLL_S = 0.05


class Unsupervised(NamedTuple):
    """Runs that no process supervises, and why no daemon was started for them."""

    runs: dict[str, str]
    """By run id: when its workers last gave a sign, in words."""
    why: str


def ensure_supervised(
    home: Path,
    *,
    start: bool = True,
    waiting: Callable[[str], AbstractContextManager[None]] = lambda _: nullcontext(),
) -> Unsupervised | None:
    """Start a daemon if none runs and runs have not ended.

    Args:
        home: The home.
        start: Whether a daemon may be started.
        waiting: Shows what takes a while.

    Returns:
        What is to be warned of where that is not possible.
    """
    from gym_gui.core.worker.errors import MosaicError
    from gym_gui.trainer import DaemonHome

    if DaemonHome(home).daemon() is not None:
        return None
    unended = _unended(home)
    if not unended:
        return None
    why = _why_not(home) if start else "--no-start"
    if not why:
        from gym_gui.rpc import start_daemon

        try:
            with waiting("starting the trainer daemon: runs have not ended"):
                start_daemon(home, on_demand=True)
                _wait_for_order(unended)
        except (MosaicError, OSError) as error:
            why = getattr(error, "what", "") or str(error)
        else:
            return None
    alone = {folder.run_id: _last_sign(folder) for folder in unended if not _supervised(folder)}
    return Unsupervised(alone, why) if alone else None


def _unended(home: Path) -> list[RunFolder]:
    """Return the folders of the runs that have not ended."""
    from gym_gui.core.worker.errors import MosaicError
    from gym_gui.proxy import read_state
    from gym_gui.runs import RunFolder
    from gym_gui.trainer import LiveRuns

    found = []
    for run_id in sorted(LiveRuns(home / "runs").all() | _entered_as_going(home)):
        folder = RunFolder.of(home, run_id)
        try:
            if folder.path.is_dir() and not read_state(folder).terminal:
                found.append(folder)
        except (MosaicError, OSError):
            continue
    return found


def _entered_as_going(home: Path) -> set[str]:
    """Return the ids of the runs that the registry shows as not ended: their marks may have been removed."""
    import contextlib
    import sqlite3

    from gym_gui.runs import TERMINAL_STATES, RunFilter, RunState
    from gym_gui.trainer import open_registry_readonly

    try:
        registry = open_registry_readonly(home)
        if registry is None:
            return set()
        with contextlib.closing(registry):
            going = registry.list(RunFilter(states=tuple(state for state in RunState if state not in TERMINAL_STATES)))
            return {run.run_id for run in going}
    except sqlite3.Error:
        return set()


def _last_sign(folder: RunFolder) -> str:
    from gym_gui.proxy import last_proxy_sign

    return last_proxy_sign(folder)


def _why_not(home: Path) -> str:
    """Return why no daemon may be started in a home, ``""`` if it may."""
    if home.stat().st_uid != os.geteuid():
        return "the home is another user's"
    return "" if os.access(home, os.W_OK | os.X_OK) else "the home cannot be written"


def _supervised(folder: RunFolder) -> bool:
    from gym_gui.supervision import proxy_of

    proxy = proxy_of(folder)
    return proxy is not None and proxy.alive()


def _wait_for_order(folders: Iterable[RunFolder]) -> None:
    """Wait until no run is shown as going whose workers are gone, but not for ever."""
    deadline = time.monotonic() + PATIENCE_S
    for folder in folders:
        while _stale(folder) and time.monotonic() < deadline:
            time.sleep(_POLL_S)


def _stale(folder: RunFolder) -> bool:
    """Return whether a run is on record as going on, and neither a worker nor a launcher of it lives."""
    from gym_gui.proxy import read_state
    from gym_gui.runs import RunState
    from gym_gui.supervision import held_launch_locks

    going = read_state(folder) in (RunState.STARTING, RunState.RUNNING, RunState.PAUSED)
    return going and not held_launch_locks(folder)
