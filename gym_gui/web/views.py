"""Rows of lists as the pages get them: what a list shows, and no more."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from gym_gui.reading import GroupRow, Page, RunRow, Spread
from gym_gui.runs import CurvePoint, RunSummary, return_of


def page_json(page: Page) -> dict[str, Any]:
    """Return a page of a search."""
    return {
        "runs": [row_json(row) for row in page.runs],
        "groups": [group_json(row) for row in page.groups],
        "total": page.total,
        "groups_total": page.groups_total,
        "cursor": page.cursor,
    }


def row_json(row: RunRow) -> dict[str, Any]:
    """Return a run of a list."""
    return {**run_json(row.run), "values": row.values, "curve": _curve(row.curve)}


def compared_json(row: RunRow) -> dict[str, Any]:
    """Return a run of a comparison: its curve as steps and mean returns alone."""
    return {
        **run_json(row.run),
        "episodes": row.run.episodes,
        "curve": [_short(each) for each in _curve(row.curve)[:2]],
    }


def _short(values: Sequence[float]) -> list[float]:
    """Return numbers with seven significant digits: a thousand curves are half as large."""
    return [float(f"{value:.7g}") for value in values]


def run_json(run: RunSummary) -> dict[str, Any]:
    """Return what lists show of a run; a number that is not finite is text: ``"NaN"``, ``"Infinity"``."""
    return {
        "id": run.run_id,
        "sequence": run.sequence,
        "name": run.run_name,
        "state": run.state.value,
        "cause": run.cause,
        "worker": _each(worker.worker_type for worker in run.workers),
        "algo": _each(worker.algorithm for worker in run.workers),
        "env": _each(worker.env_id for worker in run.workers),
        "seed": run.seed,
        "tags": run.tags,
        "group": run.group,
        "starred": run.starred,
        "steps": run.steps,
        "target": run.target_steps,
        "speed": _number(run.steps_per_second),
        "return": _number(return_of(run)),
        "best": _number(run.best_return),
        "diverged": bool(run.nan_episodes or run.eval_nan_episodes),
        "created": run.created_at,
        "started": run.started_at,
        "ended": run.ended_at,
        "measured": run.measured_at,
        "parent": run.parent_run_id,
    }


def group_json(row: GroupRow) -> dict[str, Any]:
    """Return a group of a list."""
    return {
        "key": row.key,
        "ids": row.run_ids,
        "states": row.states,
        "return": _spread(row.returns),
        "best": _spread(row.best),
        "steps": _spread(row.steps),
        "speed": _spread(row.speed),
        "returns": [_number(value) for value in row.return_values],
        "bests": [_number(value) for value in row.best_values],
        "far": row.far_runs,
        "values": row.values,
        "newest": run_json(row.newest),
        "band": row.band
        and {
            "steps": list(row.band.steps),
            "mean": list(row.band.mean),
            "low": list(row.band.low),
            "high": list(row.band.high),
        },
    }


def rows_json(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Return episodes or steps; their ids as text, since JavaScript rounds whole numbers above 2**53."""
    return [{**msgspec.to_builtins(row), "id": str(row.id)} for row in rows]


def _curve(points: Iterable[CurvePoint]) -> list[list[float]]:
    """Return a learning curve: steps, means, lows, highs."""
    columns: list[list[float]] = [[], [], [], []]
    for point in points:
        for column, value in zip(
            columns, (point.step, point.mean_return, point.min_return, point.max_return), strict=True
        ):
            column.append(value)
    return columns if columns[0] else []


def _spread(spread: Spread | None) -> dict[str, float] | None:
    if spread is None:
        return None
    return {"n": spread.count, "mean": spread.mean, "std": spread.std, "low": spread.low, "high": spread.high}


def _each(names: Iterable[str]) -> str:
    return ", ".join(name for name in dict.fromkeys(names) if name)


def _number(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
