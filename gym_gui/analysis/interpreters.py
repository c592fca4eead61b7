"""Which interpreters the runs that have not ended were planned with."""

from __future__ import annotations

from pathlib import Path

from gym_gui.analysis.queries import list_runs
from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.filter import RunFilter
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import load_plan
from gym_gui.runs.states import RunState


def pythons_in_use(home: Path) -> set[str]:
    """Return the programs that workers of runs that have not ended are started with, now or on another attempt."""
    going = RunFilter(states=tuple(state for state in RunState if not state.terminal))
    found: set[str] = set()
    for run in list_runs(home, going):
        try:
            plan = load_plan(RunFolder.of(home, run.run_id))
        except MosaicError:
            continue  # deleted meanwhile, or nothing that could be started
        found |= {worker.argv[0] for worker in plan.workers if worker.argv}
    return found
