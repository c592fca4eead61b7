"""The machines of a daemon: its own, and those that its executors report."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_MACHINES_REFUSED
from gym_gui.runs import RunPlan
from gym_gui.trainer.allocation import Capacity, Placement
from gym_gui.trainer.demand import Request, demand_of, fits, request_of_plan
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.machine import Inventory, Machine

logger = logging.getLogger(__name__)


class Machines:
    """Says which machines there are now, and where a run may be placed.

    Args:
        here: The daemon's own.
        executors: By the name that run configs use.
        max_per_submitter: Runs of one submitter under way at once; 0: as many as there are slots.
    """

    def __init__(self, here: Machine, executors: Mapping[str, Executor], max_per_submitter: int = 0) -> None:
        self.here = here
        self._executors = executors
        self._max_per_submitter = max_per_submitter
        self._of: dict[str, tuple[Machine, ...]] = {}
        """By executor, where its runs may be placed."""
        self._sites: dict[str, dict[str, str]] = {}
        """By executor, the machine of each of its sites."""
        self._reasons: dict[tuple[str, str], str] = {}
        self._placements: dict[tuple[str, Request], tuple[Placement, ...]] = {}
        self._refused: dict[str, str] = {}
        self.capacity = Capacity((here,), max_per_submitter)
        """What may be under way at once, as of the last look."""
        self.look()

    @property
    def slots(self) -> int:
        """How many runs may be under way at once, on all machines together."""
        return sum(machine.slots for machine in self.capacity.machines)

    def look(self) -> bool:
        """Ask the executors which machines they have; return whether that is not what it was at the last look."""
        found, machines = self._found()
        sites = self._found_sites()
        if (found, machines, sites) == (self._of, self.capacity.machines, self._sites):
            return False
        self._of, self._sites = found, sites
        self._placements.clear()
        self.capacity = Capacity(machines, self._max_per_submitter)
        return True

    @property
    def changed(self) -> bool:
        """Whether the executors have other machines than at the last look."""
        return self._found() != (self._of, self.capacity.machines) or self._found_sites() != self._sites

    @property
    def current(self) -> Capacity:
        """What may be under way at once, as of now; what is decided on is that of the last look."""
        return Capacity(self._found()[1], self._max_per_submitter)

    def _found(self) -> tuple[dict[str, tuple[Machine, ...]], tuple[Machine, ...]]:
        """Return the machines of each executor, and all of them."""
        by_name = {self.here.name: self.here}
        found: dict[str, tuple[Machine, ...]] = {}
        for name, executor in self._executors.items():
            reported = self._reported(name, executor)
            if reported is None:
                found[name] = (self.here,)
                continue
            found[name] = tuple(by_name.setdefault(each.name, each) for each in reported if each.name not in by_name)
            if len(found[name]) < len(reported):
                self._refuse(name, "names of its machines are empty, or taken by another machine")
        return found, tuple(by_name.values())

    def _found_sites(self) -> dict[str, dict[str, str]]:
        """Return by executor the machine of each of its sites."""
        return {name: dict(executor.sites()) for name, executor in self._executors.items()}

    def request_of(self, plan: RunPlan) -> Request:
        """Return what a run on record asks for, and where.

        Raises:
            ValueError: Its plan does not tell.
        """
        return replace(request_of_plan(plan), site=self.site(plan.executor, plan.config))

    def site(self, executor: str, config: Mapping[str, Any]) -> str:
        """Return the site of its executor that a run is for; empty: any."""
        found = self._executors.get(executor)
        return "" if found is None else found.site(config)

    def expect(self, requests: Iterable[tuple[str, Request]]) -> bool:
        """Tell the executors which sites queued runs are for; return whether what is said of these has changed.

        Args:
            requests: Executor and request of each run that waits.
        """
        wanted = {(executor, request.site) for executor, request in requests if request.site}
        for name, executor in self._executors.items():
            executor.expect({site for of, site in wanted if of == name})
        before, self._reasons = self._reasons, {each: self.why_absent(*each) for each in wanted}
        return before != self._reasons

    def why_absent(self, executor: str, site: str) -> str:
        """Return why a site is not there now, in words; empty: nothing is to be said."""
        found = self._executors.get(executor)
        return found.why_absent(site) if found is not None and site else ""

    def inventory(self, machine: str) -> Inventory | None:
        """Return what a machine has; ``None`` where nothing is counted, or it is not there."""
        return next((each.inventory for each in self.capacity.machines if each.name == machine), None)

    def candidates(self, executor: str, site: str = "") -> tuple[Machine, ...]:
        """Return the machines of an executor, or of one of its sites, as of the last look."""
        found = self._of.get(executor, ())
        if not site:
            return found
        machine = self._sites.get(executor, {}).get(site)
        return tuple(each for each in found if each.name == machine)

    def placements(self, executor: str, request: Request) -> tuple[Placement, ...]:
        """Return where a run may be placed; of equal requests the same object.

        Where it fits on none of its executor's machines, what they have has changed since its submission: it takes all
        that there is, as a run with more workers than cores does.

        Args:
            executor: The run's.
            request: What it asks for.
        """
        key = executor, request
        found = self._placements.get(key)
        if found is None:
            machines = self.candidates(executor, request.site)
            fitting = [each for each in machines if each.inventory is None or fits(request, each.inventory)]
            found = tuple(Placement(each.name, demand_of(request, each.inventory)) for each in fitting or machines)
            self._placements[key] = found
        return found

    def _reported(self, name: str, executor: Executor) -> list[Machine] | None:
        """Return the machines that an executor reports, none where it fails to; ``None``: the daemon's own."""
        try:
            reported = executor.machines()
            if reported is None:
                return None
            machines = list(reported)
            if not all(isinstance(each, Machine) for each in machines):
                raise TypeError("machines() returned something else than machines")
        except Exception as error:  # noqa: BLE001 - a broken executor must not keep the others from their work
            self._refuse(name, f"{type(error).__name__}: {error}")
            return []
        return machines

    def _refuse(self, executor: str, reason: str) -> None:
        if self._refused.get(executor) != reason:
            self._refused[executor] = reason
            log_constant(logger, LOG_DAEMON_MACHINES_REFUSED, extra={"executor": executor, "reason": reason})
