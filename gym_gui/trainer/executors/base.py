"""The contract of an executor: it keeps a supervisor for each run that was given to it, in one kind of place."""

from __future__ import annotations

import abc
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from gym_gui.core.worker.errors import Problem
from gym_gui.runs import RunFolder, TrainRunConfig
from gym_gui.trainer.machine import Machine

if TYPE_CHECKING:
    from gym_gui.fleet import Desk


class Executor(abc.ABC):
    """Starts, observes and ends the supervisors of runs.

    A supervisor carries a run to its end by itself: it outlives the daemon, and what it has done stands in the run's
    folder. So an executor keeps no state that matters: another instance of it (the next daemon's) must be able to
    observe and end what an earlier one started. ``executors.conformance.ExecutorContract`` tests all of this.

    Args:
        home: The home of the daemon.
    """

    #: The name in a run config's ``executor``: that of the entry point.
    name: ClassVar[str]
    #: Module and class of the :class:`~gym_gui.supervision.provisioner.Provisioner` through which its runs' workers
    #: are started, e.g. ``"my_cluster:ClusterProvisioner"``; empty: on the machine where the supervisor runs.
    provisioner: ClassVar[str] = ""
    #: Seconds between two looks whether a run's supervisor lives; a line to it that breaks is a reason to look at once.
    look_s: ClassVar[float] = 0.25
    #: Knows the single machines that its runs' workers run on, for lists of them; ``None``: there are none to list.
    desk: Desk | None = None

    def __init__(self, home: Path) -> None:
        self.home = home

    @abc.abstractmethod
    async def start(self, folder: RunFolder) -> None:
        """Start a supervisor for a run; one that came before is ended first, so that there are never two.

        Args:
            folder: The run's folder, with its ``run.json``.

        Raises:
            OSError: It cannot be started here and now.
        """

    @abc.abstractmethod
    async def alive(self, folder: RunFolder) -> bool:
        """Return whether a supervisor of the run lives, no matter what started it."""

    @abc.abstractmethod
    async def kill(self, folder: RunFolder) -> None:
        """End the run's supervisor at once and wait until it is gone; no error if there is none.

        Its workers go on: a successor finds and adopts them.
        """

    @abc.abstractmethod
    async def cleanup(self, folder: RunFolder) -> None:
        """Release what is kept for a run that has ended; no error if there is nothing."""

    def machines(self) -> Sequence[Machine] | None:
        """Return the machines that runs may be placed on now; the first that has room comes first.

        Called before each decision: it must not block (keep the list up to date in :meth:`background`). What a run
        was placed on is on record when :meth:`start` is called: ``gym_gui.runs.grant.read_machine(folder)``.

        Returns:
            ``None``, the default: the daemon's own machine, which all such executors share.
        """
        return None

    def site(self, config: Mapping[str, Any]) -> str:
        """Return which of several sites, e.g. clusters, a run is for; empty, the default: any.

        Args:
            config: The run's, as it is on record.
        """
        del config
        return ""

    def sites(self) -> Mapping[str, str]:
        """Return by site that is there now the name of its machine; must not block, as :meth:`machines`."""
        return {}

    def expect(self, sites: Collection[str]) -> None:
        """Take the sites that queued runs are for: they are to be kept, or tried again, until those have begun."""
        del sites

    def why_absent(self, site: str) -> str:
        """Return why a site is not there now, in words; empty: it is, or nothing is to be said."""
        del site
        return ""

    def problems(self, config: TrainRunConfig) -> list[Problem]:
        """Return why a run cannot be carried out as things stand, e.g. a cluster that does not answer.

        Called in a thread when a run config is checked and when a run is submitted; it may take a few seconds.

        Args:
            config: The run's, valid in itself.
        """
        del config
        return []

    async def background(self) -> None:
        """Do what is to be done beside the runs, until cancelled or done; by default nothing.

        An exception is logged, and this is called again a second later.
        """
        return
