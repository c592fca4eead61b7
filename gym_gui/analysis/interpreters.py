"""Interpreters in use by runs that have not ended."""

from __future__ import annotations

from pathlib import Path

from gym_gui.analysis.queries import list_runs
from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs import RunFilter, RunFolder, RunState, load_plan


def pythons_in_use(home: Path) -> set[str]:
    """Return the programs that start workers of active runs, now or at another attempt."""
    active = RunFilter(states=tuple(state for state in RunState if not state.terminal))
    programs: set[str] = set()
    for run in list_runs(home, active):
        try:
            plan = load_plan(RunFolder.of(home, run.run_id))
        except MosaicError:
            continue  # deleted meanwhile, or not startable
        programs |= {worker.argv[0] for worker in plan.workers if worker.argv}
    return programs
