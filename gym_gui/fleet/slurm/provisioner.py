"""Provisioner of runs whose attempts are jobs of Slurm: home and node share the files of orders, leases and reports."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import ClassVar

import msgspec

from gym_gui.config.settings import get_setting
from gym_gui.fleet.lease import EXPIRED, FAILED, Lease
from gym_gui.fleet.orders import Order
from gym_gui.fleet.provisioner import AttemptReport, FleetProvisioner
from gym_gui.runs import RunFolder, RunPlan, wanted_gpus
from gym_gui.supervision import MACHINE_LOST, Attempt, Launched, ProcessFacts, build_spec

#: What a launcher records that was signalled by another than MOSAIC.
_TERMINATED = "terminated"


class SlurmProvisioner(FleetProvisioner):
    """Attempts of one run as jobs of Slurm.

    Args:
        folder: The run's folder.
        plan: The run.
        clock: Monotonic clock, seconds: the supervisor's.
    """

    sends_files: ClassVar[bool] = False

    def __init__(self, folder: RunFolder, plan: RunPlan, clock: Callable[[], float]) -> None:
        super().__init__(folder, plan, clock)
        self._heard: dict[tuple[str, int], tuple[float, float]] = {}
        """By attempt, when its last report was written by the node's clock, and seen by this machine's."""

    def start(self, attempt: Attempt, argv: Sequence[str] | None) -> Launched | None:
        worker = next(each for each in self._plan.workers if each.worker_id == attempt.worker_id)
        prepared = self._prepared(attempt, worker, list(argv or worker.argv))
        if prepared is None:
            return None
        resources = self._plan.config.get("resources", {})
        explicit = resources.get("gpus", {}).get("requested") is not None
        order = Order(
            worker_id=attempt.worker_id,
            attempt=attempt.number,
            worker_type=worker.worker_type,
            machine="",
            # The submitter's variables count: the nodes share the file systems of this machine.
            spec=build_spec(self._folder, self._plan, worker, attempt.number, None if argv is None else list(argv)),
            home=str(self._folder.path.resolve().parent.parent),
            cpus=resources.get("cpus", 1),
            memory_mb=resources.get("memory_mb", 0),
            # By default runs take a GPU if one is free; which no queue can say.
            gpus=wanted_gpus(self._plan, worker) if explicit or worker.needs_gpus else 0,
            building=str(get_setting("slurm_build_environments")),
            **prepared,
        )
        return Launched(None, "offered to Slurm") if self._box.post(order) else None

    def _leased(self, attempt: Attempt, lease: Lease) -> ProcessFacts:
        facts = super()._leased(attempt, lease)
        if facts.exit is None or facts.unknown or facts.exit.reason not in (_TERMINATED, "exited"):
            return facts
        if facts.exit.reason != _TERMINATED and facts.exit.code == 0:
            return facts
        # Slurm signals all processes of a job at once: the worker may have ended before its launcher was signalled.
        if lease.held:  # why is known once its job has ended
            asked = any(each.signal in ("stop", "kill", "kill_all") for each in self._box.commands(*self._key(attempt)))
            return facts if asked else msgspec.structs.replace(facts, locked=True)
        if lease.state in (EXPIRED, FAILED):
            return msgspec.structs.replace(
                facts, exit=msgspec.structs.replace(facts.exit, reason=MACHINE_LOST, error=lease.why)
            )
        return facts

    def _report(self, worker_id: str, attempt: int) -> AttemptReport:
        """Return the last report, dated by this machine's clock: a node's may differ."""
        report = super()._report(worker_id, attempt)
        written, seen = self._heard.get((worker_id, attempt), (0.0, 0.0))
        if report.at != written or not seen:
            written, seen = self._heard[worker_id, attempt] = report.at, time.time()
        return msgspec.structs.replace(report, at=seen)

    @staticmethod
    def _key(attempt: Attempt) -> tuple[str, int]:
        return attempt.worker_id, attempt.number
