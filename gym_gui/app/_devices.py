"""Says of workers that could use a GPU and have none, why: slow training on a CPU must not go unnoticed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.runs import LOCAL_EXECUTOR, RunFolder, RunState, RunSummary, read_cpu_reasons, read_grant

if TYPE_CHECKING:
    from gym_gui.trainer import Inventory


class DeviceNotes:
    """What is to be said once of the devices of runs.

    Args:
        home: The home that they are kept in; ``None``: one on another machine, of which nothing is known.
    """

    def __init__(self, home: Path | None) -> None:
        self._home = home
        self._seen: set[str] = set()
        self._said: set[str] = set()
        self._inventory: Inventory | None = None

    def of(self, run: RunSummary) -> list[str]:
        """Return the sentences for a run that has just been started; each reason is told once."""
        if self._home is None or run.run_id in self._seen or run.state is RunState.QUEUED:
            return []
        self._seen.add(run.run_id)
        return self._fresh(read_cpu_reasons(RunFolder.of(self._home, run.run_id)))

    def of_submitted(self, run_id: str) -> list[str]:
        """Return the sentences for a run that was submitted just now, as far as they are known before it starts."""
        from gym_gui.runs import load_plan
        from gym_gui.trainer import read_inventory, reasons_at_submission

        if self._home is None:
            return []
        folder = RunFolder.of(self._home, run_id)
        plan = load_plan(folder)
        if plan.executor != LOCAL_EXECUTOR or not any(worker.gpus or worker.cpu_reason for worker in plan.workers):
            return []
        if self._inventory is None:
            self._inventory = read_inventory()
        return self._fresh(read_cpu_reasons(folder) or reasons_at_submission(plan, self._inventory))

    def _fresh(self, reasons: dict[str, str]) -> list[str]:
        fresh = [reason for reason in dict.fromkeys(reasons.values()) if reason not in self._said]
        self._said.update(fresh)
        return [f"training on CPU: {reason}" for reason in fresh]


def devices_of(home: Path, run_id: str) -> str:
    """Return in words on what a run's workers compute; empty where nothing is known of it."""
    folder = RunFolder.of(home, run_id)
    granted = {name: gpus for name, gpus in read_grant(folder).items() if gpus}
    parts = [f"{name} on GPU {', '.join(gpus)}" for name, gpus in granted.items()]
    reasons: dict[str, list[str]] = {}
    for name, reason in read_cpu_reasons(folder).items():
        reasons.setdefault(reason, []).append(name)
    parts += [f"{', '.join(names)} on CPU: {reason}" for reason, names in reasons.items()]
    return "; ".join(parts)
