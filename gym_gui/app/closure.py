"""What is lost when runs are deleted, and how it is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.rpc import AsyncTrainerClient, find_runs
from gym_gui.runs import RunSummary, WorkerSummary


class Closure(NamedTuple):
    """Runs that are about to be deleted or archived.

    Args:
        runs: Those that have ended.
        going: How many have not, and stay.
        size: Bytes of the files of a single run; 0: unknown.
    """

    runs: list[RunSummary]
    going: int = 0
    size: int = 0

    @property
    def rows(self) -> list[tuple[RunSummary, WorkerSummary]]:
        """Each worker with its run."""
        return [(run, worker) for run in self.runs for worker in run.workers]

    @property
    def question(self) -> str:
        """The question, with what the runs have."""
        name = self.runs[0].run_name if len(self.runs) == 1 else f"these {len(self.runs)} runs"
        episodes = sum(run.episodes + run.eval_episodes for run in self.runs)
        steps = sum(worker.steps for run in self.runs for worker in run.workers)
        files = f" and {figures.size(self.size)} of files" if self.size else ""
        return f"Delete {name} with {episodes:,} episodes, {steps:,} steps{files}?"

    @property
    def note(self) -> str:
        """Which runs stay; empty: none does."""
        return f"{self.going} of them have not ended, and stay: cancel them first" if self.going else ""


async def closure_of(client: AsyncTrainerClient, run_ids: list[str]) -> Closure:
    """Return the runs as they stand, and of a single one the bytes of its files."""
    listing = await client.files(run_ids[0], recursive=True) if len(run_ids) == 1 else None
    runs = await find_runs(client, run_ids)
    ended = [run for run in runs if run.state.terminal]
    size = sum(entry.bytes for entry in listing.entries) if listing else 0
    return Closure(ended, len(runs) - len(ended), size)


def refusals_text(refused: Mapping[str, MosaicError], most: int = 8) -> str:
    """Return why something could not be done to runs, a line each.

    Args:
        refused: By id of the run.
        most: Lines at most.
    """
    lines = [f"…{run_id[-6:]}: {error}" for run_id, error in list(refused.items())[:most]]
    return "\n".join([*lines, *([f"and {len(refused) - most} more"] if len(refused) > most else [])])
