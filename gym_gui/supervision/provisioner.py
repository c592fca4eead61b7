"""Contract between a run's supervisor and the place of its processes: start, observe, signal, release.

Plain values on both sides. The supervisor knows attempts and their facts; only the provisioner knows where their
processes are, how they are identified, and how they are signalled.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.supervision.facts import ExitFacts, Usage


class Attempt(msgspec.Struct, frozen=True):
    """One attempt of a worker as recorded: all that a provisioner needs to find its processes."""

    worker_id: str
    number: int
    """From 1."""
    launches: int = 0
    """Recorded number of starts."""
    handle: Mapping[str, Any] | None = None
    """What :meth:`Provisioner.start` gave back, or :meth:`Provisioner.observe` found: kept in the supervisor log."""
    started: bool = False
    """The worker is recorded as started."""
    paused: bool = False
    """It is recorded as paused."""


class Launched(msgspec.Struct, frozen=True):
    """Result of a start."""

    handle: Mapping[str, Any] | None
    """Identifies the attempt for this provisioner and later ones; JSON values."""
    label: str
    """What was started, in words."""


class Signal(str, Enum):
    """Signals to an attempt."""

    STOP = "stop"
    """End: SIGTERM, then SIGKILL after the plan's ``shutdown_timeout_s``."""
    KILL = "kill"
    """SIGKILL for the worker and all that it left behind."""
    KILL_ALL = "kill_all"
    """As ``KILL``, and for the worker's launcher."""
    PAUSE = "pause"
    """Stop all processes (SIGSTOP)."""
    UNPAUSE = "unpause"
    """Continue all processes (SIGCONT)."""


class ProcessFacts(msgspec.Struct, frozen=True):
    """Facts about an attempt's processes at one moment."""

    unknown: str = ""
    """Why they cannot be observed (the machine does not answer); the other fields do not count then."""
    launcher_alive: bool = False
    worker_alive: bool = False
    survivors: int = 0
    """Processes of the attempt that were found where its launcher is gone."""
    locked: bool = False
    """Its launch lock is held, by any process: proof that one of its processes is alive."""
    elsewhere: bool = False
    """Its launcher is alive where this provisioner cannot signal it."""
    spawning: bool = False
    """The launcher wrote that it was about to spawn the worker: from here on it may have run."""
    pid: int | None = None
    """The worker's process id on its machine, for display and records only."""
    stopped: bool = False
    """The worker is stopped; determined only for an attempt recorded as paused."""
    same_boot: bool = True
    """Its machine has not been restarted since the launch."""
    exit: ExitFacts | None = None
    started_at: float | None = None
    """When the worker was started, Unix time."""
    age_s: float | None = None
    """Seconds since then by the machine's monotonic clock, pauses included."""
    handle: Mapping[str, Any] | None = None
    """Identifies its launcher, if known."""
    obstacle: str = ""
    """What prevents acting on it from here, in words."""


class Provisioner(abc.ABC):
    """Starts, observes and signals the processes of one run's attempts, in one kind of place.

    Another instance (that of the next supervisor) must find everything again by the attempts' records alone: nothing
    that it keeps in memory matters. All methods are called by one thread, which they must not block for long.
    """

    @abc.abstractmethod
    def start(self, attempt: Attempt, argv: Sequence[str] | None) -> Launched | None:
        """Start an attempt, unless it has been started already; called again until it is.

        Args:
            attempt: The attempt.
            argv: The command, where it is not the plan's.

        Returns:
            ``None`` if the attempt has been started already, by any supervisor, or cannot be started yet.

        Raises:
            OSError: It cannot be started.
        """

    @abc.abstractmethod
    def observe(self, attempt: Attempt) -> ProcessFacts:
        """Return the facts about an attempt's processes now."""

    @abc.abstractmethod
    def signal(self, attempt: Attempt, signal: Signal) -> bool:
        """Signal an attempt; return whether any process received it."""

    @abc.abstractmethod
    def usage(self, attempts: Sequence[Attempt]) -> dict[str, Usage]:
        """Return the workers' usage by worker id; workers that are gone are left out."""

    @abc.abstractmethod
    def release(self, attempt: Attempt) -> None:
        """Forget an attempt that is over."""

    def refresh(self) -> None:
        """Do what concerns all attempts at once; called before they are observed one by one. By default nothing."""
        return

    def signs(self) -> Sequence[Path]:
        """Return files and folders that change whenever there is something new to observe, beside the run's own ones.

        A supervisor of many runs looks at one of which nothing has changed now and then only. By default none.
        """
        return ()

    def close(self) -> None:
        """Stop watching; what runs goes on. By default nothing is to be done."""
        return
