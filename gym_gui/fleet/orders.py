"""Orders: attempts that wait for a machine, as files in their run's folder.

A run's supervisor posts an order and may withdraw it; the daemon hands it to one machine. Both do so by renaming the
same file, so that only one of them can.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.fleet.agent.environments import MISSING
from gym_gui.fleet.inputs import Input
from gym_gui.fleet.lease import Lease
from gym_gui.runs import READ_ERRORS, RunFolder, write_json_atomic
from gym_gui.workers.environments import EnvironmentOrder

_FILE = re.compile(r"(?P<worker>[^.].*)\.a(?P<attempt>[0-9]{1,9})\.(?P<kind>[a-z]+)\.json")


class AttemptKey(msgspec.Struct, frozen=True, order=True):
    """One attempt of one worker of one run."""

    run_id: str
    worker_id: str
    attempt: int
    """From 1."""

    def __str__(self) -> str:
        return f"{self.run_id} worker {self.worker_id} attempt {self.attempt}"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that a machine is to carry out."""

    worker_id: str
    attempt: int
    worker_type: str
    machine: str
    """The machine that the run was placed on."""
    spec: dict[str, Any]
    """What the launcher is to do; paths are those of the home."""
    home: str
    """The home whose paths are in the spec."""
    cpus: int = 1
    memory_mb: int = 0
    gpus: int = 0
    environment: EnvironmentOrder | None = None
    """What the worker's environment is built from where it is not there."""
    building: str = MISSING
    """Which environments of workers the machine builds, where that is not its own to decide."""
    environment_problem: str = ""
    """Why it cannot be built elsewhere, in words."""
    inputs: list[Input] = []
    """Files of other runs that the attempt begins with."""
    problem: str = ""
    """Why no machine can begin it, in words."""
    posted_at: float = 0.0
    """Unix time."""


class Command(msgspec.Struct, frozen=True):
    """A signal that a machine is to deliver."""

    number: int
    """Counted from 1 for each attempt."""
    signal: str
    """``stop``, ``kill``, ``kill_all``, ``pause`` or ``unpause``."""


class OrderBox:
    """The orders of one run and what belongs to them, in ``control/fleet/``.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.path = folder.control / "fleet"

    def order_path(self, worker_id: str, attempt: int) -> Path:
        """Where an order waits."""
        return self._named(worker_id, attempt, "order")

    def taken_path(self, worker_id: str, attempt: int) -> Path:
        """Where an order is once a machine has it."""
        return self._named(worker_id, attempt, "taken")

    def lease_path(self, worker_id: str, attempt: int) -> Path:
        """Which machine has the attempt; written by the daemon alone."""
        return self._named(worker_id, attempt, "lease")

    def report_path(self, worker_id: str, attempt: int) -> Path:
        """What that machine last reported; written by the daemon alone."""
        return self._named(worker_id, attempt, "report")

    def commands_path(self, worker_id: str, attempt: int) -> Path:
        """Signals for it; written by the supervisor alone."""
        return self._named(worker_id, attempt, "commands")

    def withdrawn_path(self, worker_id: str, attempt: int) -> Path:
        """Where an order is that was withdrawn."""
        return self._named(worker_id, attempt, "withdrawn")

    def refused_path(self, worker_id: str, attempt: int) -> Path:
        """Where an order is that no machine can carry out."""
        return self._named(worker_id, attempt, "refused")

    def job_path(self, worker_id: str, attempt: int) -> Path:
        """Which job of a cluster's queue is to take it; written by the daemon alone."""
        return self._named(worker_id, attempt, "job")

    def post(self, order: Order) -> bool:
        """Post an order, unless it was posted before; return whether it was now.

        Raises:
            OSError: It cannot be written.
        """
        self.path.mkdir(mode=0o700, exist_ok=True)
        known = (self.order_path, self.taken_path, self.refused_path, self.lease_path)
        if any(path(order.worker_id, order.attempt).exists() for path in known):
            return False
        order = msgspec.structs.replace(order, posted_at=time.time())
        write_json_atomic(self.order_path(order.worker_id, order.attempt), order)
        return True

    def withdraw(self, worker_id: str, attempt: int) -> bool:
        """Withdraw an order; return whether it still waited."""
        try:
            self.order_path(worker_id, attempt).rename(self.withdrawn_path(worker_id, attempt))
        except OSError:
            return False
        return True

    def refuse(self, worker_id: str, attempt: int, lease: Lease) -> bool:
        """Take an order away from all machines; return whether it waited.

        Args:
            worker_id: The worker.
            attempt: Its attempt.
            lease: One that has ended: it says why.

        Raises:
            OSError: The disk refuses.
        """
        why = self._named(worker_id, attempt, "refusal")
        write_json_atomic(why, lease)
        try:
            self.order_path(worker_id, attempt).rename(self.refused_path(worker_id, attempt))
        except OSError:
            why.unlink(missing_ok=True)
            return False
        why.rename(self.lease_path(worker_id, attempt))
        return True

    def finish_refusals(self) -> None:
        """Write down why orders were refused in which a daemon was killed.

        Raises:
            OSError: The disk refuses.
        """
        for name in self._names():
            worker_id, attempt, kind = _parse(name)
            if kind == "refused" and not self.lease_path(worker_id, attempt).exists():
                self._named(worker_id, attempt, "refusal").rename(self.lease_path(worker_id, attempt))

    def take(self, worker_id: str, attempt: int) -> Order | None:
        """Take an order for a machine; ``None`` if it does not wait any more.

        Raises:
            OSError: The disk refuses.
        """
        taken = self.taken_path(worker_id, attempt)
        with contextlib.suppress(FileNotFoundError):
            self.order_path(worker_id, attempt).rename(taken)
            return read_order(taken)
        return None

    def taken(self, worker_id: str, attempt: int) -> Order | None:
        """Return an order that a machine has."""
        return read_order(self.taken_path(worker_id, attempt))

    def put_back_unleased(self) -> None:
        """Let orders wait again that a daemon took and died before it wrote down for whom."""
        for name in self._names():
            worker_id, attempt, kind = _parse(name)
            if kind == "taken" and not self.lease_path(worker_id, attempt).exists():
                with contextlib.suppress(OSError):
                    self.taken_path(worker_id, attempt).rename(self.order_path(worker_id, attempt))

    def waiting(self) -> list[Order]:
        """Return the orders that wait, the oldest first."""
        paths = [self.path / name for name in self._names() if _parse(name)[2] == "order"]
        found = [order for path in paths if (order := read_order(path)) is not None]
        return sorted(found, key=lambda order: (order.posted_at, order.worker_id))

    def jobs(self) -> list[tuple[str, int]]:
        """Return worker and attempt of every job that was ever submitted to a cluster's queue."""
        return sorted(_parse(name)[:2] for name in self._names() if _parse(name)[2] == "job")

    def leases(self) -> list[tuple[str, int]]:
        """Return worker and attempt of every lease that was ever granted."""
        return sorted(_parse(name)[:2] for name in self._names() if _parse(name)[2] == "lease")

    def lease(self, worker_id: str, attempt: int) -> Lease | None:
        """Return the lease on an attempt, ``None`` if it was never granted."""
        try:
            return msgspec.json.decode(read_regular(self.lease_path(worker_id, attempt)), type=Lease)
        except READ_ERRORS:
            return None

    def command(self, worker_id: str, attempt: int, signal: str) -> None:
        """Add a signal for the machine that has the attempt.

        Raises:
            OSError: It cannot be written.
        """
        commands = self.commands(worker_id, attempt)
        if commands and commands[-1].signal == signal and signal != "unpause":
            number = commands[-1].number + 1  # asked for again: the last one may not have been enough
            commands = [*commands[:-1], Command(number, signal)]
        else:
            commands = [*commands, Command(commands[-1].number + 1 if commands else 1, signal)][-4:]
        write_json_atomic(self.commands_path(worker_id, attempt), commands, sync=False)

    def commands(self, worker_id: str, attempt: int) -> list[Command]:
        """Return the signals for an attempt, the oldest first."""
        try:
            return msgspec.json.decode(read_regular(self.commands_path(worker_id, attempt)), type=list[Command])
        except READ_ERRORS:
            return []

    def _names(self) -> list[str]:
        try:
            return [path.name for path in self.path.iterdir()]
        except OSError:
            return []

    def _named(self, worker_id: str, attempt: int, kind: str) -> Path:
        return self.path / f"{self.folder.launch_lock(worker_id, attempt).stem}.{kind}.json"


def _parse(name: str) -> tuple[str, int, str]:
    """Return worker, attempt and kind of a file; the kind is empty for others."""
    found = _FILE.fullmatch(name)
    return ("", 0, "") if found is None else (found["worker"], int(found["attempt"]), found["kind"])


def read_order(path: Path) -> Order | None:
    """Return an order, ``None`` where it is gone or cannot be read."""
    try:
        return msgspec.convert(json.loads(read_regular(path)), Order)
    except READ_ERRORS:
        return None
