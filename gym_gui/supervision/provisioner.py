"""The contract between a run's supervisor and what runs its processes: start, observe, signal, release.

Plain values on both sides. The supervisor knows attempts, and facts about them; where their processes are, by what they
are told apart and how they are signalled is known to a provisioner alone.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import msgspec

from gym_gui.supervision.facts import ExitFacts, Usage


class Attempt(msgspec.Struct, frozen=True):
    """One attempt of a worker, as the run's records tell it: all that a provisioner needs to find its processes."""

    worker_id: str
    number: int
    """From 1."""
    launches: int = 0
    """How often it was started, as far as that is on record."""
    handle: Mapping[str, Any] | None = None
    """What :meth:`Provisioner.start` gave back, or :meth:`Provisioner.observe` found: kept in the supervisor log."""
    started: bool = False
    """It is on record that the worker ran."""
    paused: bool = False
    """It is on record that it was paused."""


class Launched(msgspec.Struct, frozen=True):
    """What came of a start."""

    handle: Mapping[str, Any] | None
    """By which this provisioner, or a later one, finds the attempt again; JSON values."""
    label: str
    """What was started, in words."""


class Signal(str, Enum):
    """What an attempt is told."""

    STOP = "stop"
    """End: SIGTERM, then SIGKILL after the plan's ``shutdown_timeout_s``."""
    KILL = "kill"
    """SIGKILL for the worker and all that it left behind."""
    KILL_ALL = "kill_all"
    """As ``KILL``, and for what watches over the worker on its machine."""
    PAUSE = "pause"
    """Let all processes stand still (SIGSTOP)."""
    UNPAUSE = "unpause"
    """Let all processes go on (SIGCONT)."""


class ProcessFacts(msgspec.Struct, frozen=True):
    """What is known of an attempt's processes at one moment."""

    unknown: str = ""
    """Why nothing could be found out (the machine does not answer); then nothing else here counts."""
    launcher_alive: bool = False
    worker_alive: bool = False
    survivors: int = 0
    """Processes of the attempt that were found where its launcher is gone."""
    locked: bool = False
    """Its launch lock is held, whoever holds it: proof that something of it lives."""
    elsewhere: bool = False
    """Its launcher lives where this provisioner cannot signal it."""
    spawning: bool = False
    """The launcher wrote that it was about to spawn the worker: from here on it may have run."""
    pid: int | None = None
    """The worker's, as its machine counts them: to be shown and recorded, for no other use."""
    stopped: bool = False
    """The worker stands still; found out only of an attempt that is on record as paused."""
    same_boot: bool = True
    """Its machine has not been restarted since the launch."""
    exit: ExitFacts | None = None
    started_at: float | None = None
    """When the worker was started, Unix time."""
    age_s: float | None = None
    """Seconds since then by the machine's monotonic clock, pauses included."""
    handle: Mapping[str, Any] | None = None
    """Which launcher it has, as far as that is known."""
    obstacle: str = ""
    """What keeps anybody here from doing anything about it, in words."""


class Provisioner(abc.ABC):
    """Starts, observes and signals the processes of one run's attempts, in one kind of place.

    Another instance (that of the next supervisor) must find everything again by the attempts' records alone: nothing
    that it keeps in memory matters. All methods are called by one thread, which they must not block for long.
    """

    @abc.abstractmethod
    def start(self, attempt: Attempt, argv: Sequence[str] | None) -> Launched | None:
        """Start an attempt, unless something of it lives or has been.

        Args:
            attempt: The attempt.
            argv: The command, where it is not the plan's.

        Returns:
            ``None`` where the attempt has been started already, by whomever.

        Raises:
            OSError: It cannot be started.
        """

    @abc.abstractmethod
    def observe(self, attempt: Attempt) -> ProcessFacts:
        """Return what is known of an attempt's processes now."""

    @abc.abstractmethod
    def signal(self, attempt: Attempt, signal: Signal) -> bool:
        """Signal an attempt; return whether anything was there to take it."""

    @abc.abstractmethod
    def usage(self, attempts: Sequence[Attempt]) -> dict[str, Usage]:
        """Return by worker id what the workers of these attempts use now; those that are gone are left out."""

    @abc.abstractmethod
    def release(self, attempt: Attempt) -> None:
        """Forget an attempt that is over."""

    def refresh(self) -> None:
        """Do what concerns all attempts at once; called before they are observed one by one. By default nothing."""
        return

    def close(self) -> None:
        """Stop watching; what runs goes on. By default nothing is to be done."""
        return
