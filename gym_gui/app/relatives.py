"""The runs that evaluate, continue or repeat a run, and the one that it follows from."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.reading import Search
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import RunSummary, return_of

_MOST = 100


@dataclass(frozen=True)
class Relative:
    """A run that is related to another.

    Args:
        run: The run.
        is_parent: The other one follows from it.
    """

    run: RunSummary
    is_parent: bool = False

    @property
    def kind(self) -> str:
        """How it is related."""
        if self.is_parent:
            return "parent"
        return "evaluation" if self.run.eval_episodes and not self.run.episodes else "follows"

    @property
    def result(self) -> str:
        """Mean return; of an evaluation with its standard deviation."""
        spread = self.run.evaluation
        if spread is None:
            return figures.decimal(return_of(self.run))
        return f"{figures.decimal(spread.mean)} ± {figures.decimal(spread.std)}"

    @property
    def episodes(self) -> int:
        """Episodes in the result of an evaluation, else all of training."""
        return self.run.episodes if self.run.evaluation is None else self.run.evaluation.episodes


async def watch_relatives(client: AsyncTrainerClient, run_id: str) -> AsyncIterator[list[Relative]]:
    """Yield a run's parent and its children, the newest first, whenever they change.

    Args:
        client: The daemon.
        run_id: The run.
    """
    first: list[Relative] = []
    parent = (await client.get(run_id)).parent_run_id
    if parent is not None:
        with contextlib.suppress(MosaicError):  # it was removed
            first.append(Relative(await client.get(parent), is_parent=True))
    runs: dict[str, RunSummary] = {}
    async for update in client.watch_search(Search(f"parent:{run_id}", limit=_MOST)):
        runs.update({row.run.run_id: row.run for row in update.runs})
        yield first + [Relative(runs[child]) for child in update.run_ids if child in runs]
