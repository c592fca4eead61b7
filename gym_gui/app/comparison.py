"""What several runs are compared by, and the comparison itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from gym_gui.app.tables import Column, compared_columns
from gym_gui.reading import (
    ALL_SETTINGS,
    CENTRES,
    SPREADS,
    ComparedSeries,
    Line,
    RunRow,
    Statistic,
    compare_series,
    differing_values,
    settings_of,
    smoothed,
)

SINGLE_RUNS, SEEDS = "single runs", "runs that differ only in their seed"
GROUPED_BY = {
    SINGLE_RUNS: "id", SEEDS: "variant", "algorithm": "algo", "environment": "env",
    "worker": "worker", "name": "name",
}  # fmt: skip
"""Fields that runs of a group have in common, by what that is called; settings come besides."""
CENTRES_BY_NAME = dict(zip(("mean", "median", "interquartile mean"), CENTRES, strict=True))
SPREADS_BY_NAME = dict(
    zip(("± standard deviation", "lowest to highest", "95 % bootstrap interval"), SPREADS, strict=True)
)
COMPARED_FIELDS = (ALL_SETTINGS, *GROUPED_BY.values())
"""What is to be known of each run."""


def compare_runs(
    rows: Sequence[RunRow], lines: Mapping[str, Line], by: str, statistic: Statistic, window: int, *, of_runs: bool
) -> list[ComparedSeries]:
    """Return the groups of some runs, with their curves and results; a bootstrap of many takes long.

    Args:
        rows: The runs.
        lines: Their curves, by id.
        by: What runs of a group have in common: one of `GROUPED_BY`, or a setting.
        statistic: Centre and spread of a group.
        window: Points of a curve that become one, as their mean.
        of_runs: The results are those of the runs, not the ends of the curves.
    """
    smooth = {run_id: smoothed(line, window) for run_id, line in lines.items()}
    return compare_series(list(rows), GROUPED_BY.get(by, by), statistic, smooth, of_runs=of_runs)


class Comparison:
    """Runs that are compared, with the curves that were read of them."""

    def __init__(self) -> None:
        self.rows: list[RunRow] = []
        """The runs as they stand."""
        self._lines: dict[str, Line] = {}
        self._whole: set[str] = set()
        """Runs that had ended before their curve was read."""

    def settings(self) -> dict[str, list[Any]]:
        """Return the settings in which the runs differ, with the value of each run; a seed is none."""
        found = differing_values([settings_of(row) for row in self.rows])
        found.pop("seed", None)  # it has a column of its own
        return found

    def table(self) -> tuple[tuple[Column, ...], list[tuple[Any, ...]]]:
        """Return columns and rows of the runs with those settings."""
        settings = self.settings()
        rows = [(row.run, *(values[at] for values in settings.values())) for at, row in enumerate(self.rows)]
        return compared_columns(list(settings)), rows

    def unread(self) -> list[str]:
        """Return the ids of the runs whose curves can have changed since they were read."""
        return [row.run.run_id for row in self.rows if row.run.run_id not in self._whole]

    def ended(self) -> set[str]:
        """Return the ids of the runs that have ended."""
        return {row.run.run_id for row in self.rows if row.run.state.terminal}

    def take_lines(self, lines: Mapping[str, Line], ended: Collection[str]) -> None:
        """Take over curves.

        Args:
            lines: By id of the run.
            ended: Runs that had ended before these were read.
        """
        self._lines.update(lines)
        self._whole.update(ended)

    def forget_lines(self) -> None:
        """Forget the curves: others are wanted."""
        self._lines, self._whole = {}, set()

    @property
    def has_lines(self) -> bool:
        """Whether a curve was read."""
        return bool(self._lines)

    def gaps_text(self, metric: str) -> str:
        """Return how many of the runs have no curve of a metric; empty: each has one."""
        read = [self._lines[row.run.run_id] for row in self.rows if row.run.run_id in self._lines]
        without = sum(not line.steps for line in read)
        return f"{without} of {len(self.rows)} runs have no {metric} yet" if without else ""

    def computation(
        self, by: str, statistic: Statistic, window: int, *, of_runs: bool
    ) -> Callable[[], list[ComparedSeries]]:
        """Return what computes the groups of the runs as they stand now, in any thread: see :func:`compare_runs`."""
        rows, lines = list(self.rows), dict(self._lines)
        return lambda: compare_runs(rows, lines, by, statistic, window, of_runs=of_runs)
