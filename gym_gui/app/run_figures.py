"""What the first page of a run says: its figures, and what its last episodes returned."""

from __future__ import annotations

import asyncio
import math

from gym_gui.app.progress import description_text, spread_text
from gym_gui.app.run_columns import elapsed, progress_text
from gym_gui.look import figures
from gym_gui.reading import EpisodeQuery, describe
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import RunSummary, return_of

#: Episodes that are described.
_EPISODES = 100


async def describe_episodes(client: AsyncTrainerClient, run_id: str) -> list[str]:
    """Return what the last episodes of each phase returned, in words."""
    lines = []
    for phase, name in (("train", "training"), ("eval", "evaluation")):
        page = await client.episodes(run_id, EpisodeQuery(phase=phase, sort="-id", limit=_EPISODES))
        values = [math.nan if each.total_reward is None else each.total_reward for each in page.episodes]
        found = await asyncio.to_thread(describe, values)
        if found is not None:
            lines.append(f"The last {found.count:,} {name} episodes: {description_text(found)}")
    return lines


def without_curve(run: RunSummary) -> str:
    """Return why a run has no learning curve."""
    if run.eval_episodes:
        return "this run evaluates: nothing was trained, and its episodes are under Episodes"
    return "no episode has ended" if run.state.terminal else "no episode has ended yet"


def figures_of_run(run: RunSummary) -> list[tuple[str, str]]:
    """Return names and texts of a run's figures."""
    ledger = run.ledger
    counted = (
        f"{ledger.lines:,} lines: {ledger.stored:,} stored, {ledger.log:,} log, {ledger.quarantined:,} quarantined"
    )
    measured = [("Evaluation", spread_text(run.evaluation))] if run.evaluation is not None else []
    return [
        ("Return", figures.decimal(return_of(run))),
        ("Best", figures.decimal(run.best_return)),
        ("Steps", progress_text(run)),
        ("Steps per second", figures.short(run.steps_per_second)),
        ("Episodes", figures.count(run.episodes + run.eval_episodes)),
        ("Duration", figures.duration(elapsed(run))),
        ("Seed", figures.NOTHING if run.seed is None else str(run.seed)),
        ("Telemetry", counted),
        *measured,
    ]
