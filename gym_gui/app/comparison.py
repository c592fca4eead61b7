"""What several runs are compared by, and the comparison itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gym_gui.reading import (
    ALL_SETTINGS,
    CENTRES,
    SPREADS,
    ComparedSeries,
    Line,
    RunRow,
    Statistic,
    compare_series,
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
