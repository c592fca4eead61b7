"""Facts about training environments, found by a worker's interpreter and cached."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.runs import read_cache, write_cache
from gym_gui.workers.keyed_lock import KeyedLock
from gym_gui.workers.record import WorkerRecord

PROBE_TIMEOUT_S = 30.0
#: Interpreters that run at once.
_AT_ONCE = threading.BoundedSemaphore(4)

_INSPECT = Path(__file__).with_name("inspect_environment.py")
_QUIET = {"PYTHONSAFEPATH": "1", "SDL_VIDEODRIVER": "dummy", "OMP_NUM_THREADS": "1", "PYGAME_HIDE_SUPPORT_PROMPT": "1"}


class EnvironmentFacts(msgspec.Struct, kw_only=True):
    """What is known of one environment."""

    known: bool | None = None
    """Whether the worker's libraries have it; ``None`` if that is unknown."""
    families: list[str] = []
    """Names under which a worker may declare that it handles it."""
    actions: list[list[str]] = []
    """Its kinds of actions, each as the words of which a worker must have declared one."""
    observations: list[list[str]] = []
    """Its kinds of observations, likewise."""
    agents: int | None = None
    nearest: list[str] = []
    """Names that are like it, if it is unknown."""
    reason: str = ""


class FactsCache:
    """Facts about environments, each found once.

    Args:
        folder: Where facts are stored.
        persist: Write new facts at once; otherwise nothing is written before :meth:`save`.
    """

    def __init__(self, folder: Path, *, persist: bool = True) -> None:
        self._folder = folder
        self._persist = persist
        self._memory: dict[str, EnvironmentFacts] = {}
        self._unsaved: dict[str, EnvironmentFacts] = {}
        self._probing = KeyedLock()

    def get(
        self,
        record: WorkerRecord,
        stamp: int,
        env_id: str,
        kwargs: dict[str, Any],
        variables: Mapping[str, str] | None = None,
    ) -> EnvironmentFacts:
        """Return the facts about an environment.

        Args:
            record: The worker that is to run it.
            stamp: State of the packages of its interpreter.
            env_id: The environment's name.
            kwargs: What it is made with.
            variables: All that the worker gets; this process's own without them.
        """
        key = _key(record, stamp, env_id, kwargs, variables)
        facts = self._known(key)
        if facts is None:
            with self._probing.held(key):
                facts = self._known(key)
                if facts is None:
                    with _AT_ONCE:
                        facts, answered = _probe(record, env_id, kwargs, variables)
                    # What is missing today may be installed tomorrow, and what took too long may be quick.
                    if answered and facts.known is not False:
                        self._memory[key] = self._unsaved[key] = facts
        if self._persist:
            self.save()
        return facts

    def trust(
        self,
        record: WorkerRecord,
        stamp: int,
        env_id: str,
        kwargs: dict[str, Any],
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Remember that a worker itself accepts an environment of which nothing else is known."""
        key = _key(record, stamp, env_id, kwargs, variables)
        self._memory[key] = self._unsaved[key] = EnvironmentFacts(reason="the worker has it")
        if self._persist:
            self.save()

    def save(self) -> None:
        """Write the facts that are not written yet; nothing happens where that is not possible."""
        for key in list(self._unsaved):
            if (facts := self._unsaved.pop(key, None)) is not None:
                with contextlib.suppress(OSError):
                    write_cache(self._folder / key, facts, sync=False)

    def _known(self, key: str) -> EnvironmentFacts | None:
        facts = self._memory.get(key) or self._read(key)
        if facts is not None:
            self._memory[key] = facts
        return facts

    def _read(self, key: str) -> EnvironmentFacts | None:
        return read_cache(self._folder / key, EnvironmentFacts)


def _probe(
    record: WorkerRecord, env_id: str, kwargs: dict[str, Any], variables: Mapping[str, str] | None
) -> tuple[EnvironmentFacts, bool]:
    """Return the facts about an environment, and whether the interpreter found them."""
    import tempfile  # here, as the runner below: listing workers imports this module and runs nothing

    from gym_gui.workers.processes.run import run_to_end

    package = record.entry_point.partition(":")[0].strip()
    with tempfile.TemporaryDirectory(prefix="mosaic-environment-") as scratch:
        output = Path(scratch, "report.json")
        argv = [record.python, str(_INSPECT), env_id, json.dumps(kwargs), package, str(output)]
        try:
            ended = run_to_end(
                argv,
                timeout_s=PROBE_TIMEOUT_S,
                cwd=Path(scratch),
                environment={**(variables or {}), **_QUIET},
                inherit=variables is None,
            )
        except (OSError, ValueError) as error:  # no such interpreter; a name that no process can be given
            return EnvironmentFacts(reason=str(error)), False
        try:
            return msgspec.json.decode(output.read_bytes(), type=EnvironmentFacts), True
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            reason = f"it did not end within {PROBE_TIMEOUT_S:g} s" if ended.timed_out else ended.last_error()
            return EnvironmentFacts(reason=reason), False


def _key(
    record: WorkerRecord, stamp: int, env_id: str, kwargs: dict[str, Any], variables: Mapping[str, str] | None
) -> str:
    version = _INSPECT.stat().st_mtime_ns
    about = (
        record.python,
        record.package_hash,
        stamp,
        env_id,
        json.dumps(kwargs, sort_keys=True, default=str),
        version,
        (os.environ if variables is None else variables).get("PYTHONPATH", ""),
    )
    return hashlib.sha256(repr(about).encode()).hexdigest()[:40] + ".json"
