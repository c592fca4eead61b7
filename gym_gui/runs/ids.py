"""Ids of runs, worker instances and episodes: created, checked, formatted and parsed.

Every id here is also part of a file name, so each rule admits only characters that cannot leave a folder.
"""

from __future__ import annotations

import os
import re
import threading
import time
from typing import NamedTuple

from gym_gui.constants import WORKER_ID_PREFIX, WORKER_ID_WIDTH
from gym_gui.core.worker.errors import ConfigError, Problem

EPISODE_ID_PREFIX = "ep"
EPISODE_ID_WIDTH = 6

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RUN_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_WORKER_ID = re.compile(r"[a-z0-9][a-z0-9_]{0,31}")
_WORKER_ID_RULE = "1 to 32 of a-z, 0-9 and _, the first not _"
# A worker id has no hyphen, so only the part between the last "-w" and "-ep" can be one.
_EPISODE_ID = re.compile(r"(?P<run>.+?)(?:-w(?P<worker>[a-z0-9][a-z0-9_]{0,31}))?-ep(?P<index>[0-9]{6,19})")
_EPISODE_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_ENDS_LIKE_WORKER = re.compile(r".+-w[a-z0-9][a-z0-9_]{0,31}")
_MAX_INDEX = 2**63 - 1


class _UlidClock:
    """Generates increasing ULIDs, within a millisecond too and if the clock steps back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        fresh = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10), "big")
        with self._lock:
            # A carry out of the random part adds a millisecond to the time, which keeps the order.
            self._last = fresh if fresh >> 80 > self._last >> 80 else self._last + 1
            return self._last


_ulids = _UlidClock()


def new_run_id() -> str:
    """Return a new ULID: 26 characters that sort by time of creation."""
    value = _ulids.next()
    return "".join(_CROCKFORD[value >> shift & 31] for shift in range(125, -1, -5))


def submitted_at(run_id: str) -> float:
    """Return the creation time of a run id, Unix time."""
    milliseconds = 0
    for letter in run_id[:10]:
        milliseconds = milliseconds << 5 | _CROCKFORD.index(letter)
    return milliseconds / 1000


def is_run_id(text: object) -> bool:
    """Return whether a value is a run id: a ULID in upper case."""
    return isinstance(text, str) and _RUN_ID.fullmatch(text) is not None


def check_run_id(text: object) -> str:
    """Return a run id unchanged.

    Raises:
        ConfigError: It is not a ULID, and so could name a path outside the home.
    """
    if isinstance(text, str) and is_run_id(text):
        return text
    problem = Problem("run_id", f"{text!r} is not a run id", value=text, allowed="a ULID: 26 characters of 0-9 and A-Z")
    raise ConfigError("this is not a run id", [problem], next_step="list the runs: mosaic runs list")


def is_worker_id(text: object) -> bool:
    """Return whether a value is a valid id of a worker instance."""
    return isinstance(text, str) and _WORKER_ID.fullmatch(text) is not None


def worker_id_problem(text: object, path: str = "worker_id") -> Problem | None:
    """Return the problem of a worker instance's id, ``None`` if it is valid."""
    if is_worker_id(text):
        return None
    return Problem(path, f"{text!r} cannot name a worker instance", value=text, allowed=_WORKER_ID_RULE)


def generated_worker_id(n: int) -> str:
    """Return the default id of a run's n-th worker.

    Args:
        n: From 1.
    """
    if n < 1:
        raise ValueError(f"workers are counted from 1, not {n}")
    return f"{n:0{WORKER_ID_WIDTH}d}"


class EpisodeId(NamedTuple):
    """The parts of an episode's id."""

    run_id: str
    ep_index: int
    worker_id: str | None = None


def format_episode_id(run_id: str, ep_index: int, worker_id: str | None = None) -> str:
    """Return an episode's id: ``<run>-w000007-ep000042``, or ``<run>-ep000042`` without a worker.

    Args:
        run_id: A run id, or another name fit for a file.
        ep_index: Index of the worker's episode, 0 to 2**63 - 1.
        worker_id: The worker instance.

    Raises:
        ConfigError: A part is not legal, so that the id could not be parsed.
    """
    problems = []
    if not isinstance(run_id, str) or not _EPISODE_RUN_ID.fullmatch(run_id):
        allowed = "1 to 128 of A-Z, a-z, 0-9, '.', '_' and '-', the first a letter or digit"
        problems.append(Problem("run_id", f"{run_id!r} cannot name a run", value=run_id, allowed=allowed))
    elif worker_id is None and _ENDS_LIKE_WORKER.fullmatch(run_id):
        problems.append(Problem("run_id", f"{run_id!r} ends like a worker's id; name the worker too", value=run_id))
    if type(ep_index) is not int or not 0 <= ep_index <= _MAX_INDEX:
        problems.append(
            Problem("ep_index", f"{ep_index!r} is not an episode index", value=ep_index, allowed="0 to 2**63 - 1")
        )
    if worker_id is not None and (problem := worker_id_problem(worker_id)):
        problems.append(problem)
    if problems:
        raise ConfigError("this is not an episode id", problems)
    worker = "" if worker_id is None else f"-{WORKER_ID_PREFIX}{worker_id}"
    return f"{run_id}{worker}-{EPISODE_ID_PREFIX}{ep_index:0{EPISODE_ID_WIDTH}d}"


def parse_episode_id(text: str) -> EpisodeId:
    """Parse an episode's id: the exact inverse of :func:`format_episode_id`.

    Raises:
        ConfigError: ``format_episode_id`` never returns this.
    """
    match = _EPISODE_ID.fullmatch(text) if isinstance(text, str) else None
    if match:
        digits = match["index"]
        parts = EpisodeId(match["run"], int(digits), match["worker"])
        canonical = len(digits) == EPISODE_ID_WIDTH or digits[0] != "0"
        if canonical and parts.ep_index <= _MAX_INDEX and _EPISODE_RUN_ID.fullmatch(parts.run_id):
            return parts
    problem = Problem(
        "episode_id", f"{text!r} is not an episode id", value=text, allowed="<run>[-w<worker>]-ep<six digits>"
    )
    raise ConfigError("this is not an episode id", [problem])
