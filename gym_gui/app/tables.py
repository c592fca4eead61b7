"""Tables that a user interface shows: titles, texts of cells and widths of their columns."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from gym_gui.app.live_buffers import return_in
from gym_gui.app.run_columns import state_text
from gym_gui.look import figures
from gym_gui.reading import Description
from gym_gui.runs import return_of

#: Characters of a value that a cell shows.
_LONGEST = 200


class Column(NamedTuple):
    """One column of a table.

    Args:
        title: Its header.
        text: What it shows of a row.
        width: Pixels.
        number: It is aligned at the right.
    """

    title: str
    text: Callable[[Any], str]
    width: int = 90
    number: bool = False


def _number(value: float | None) -> str:
    """Return a return or a reward."""
    return figures.decimal(value, 3) if value is None or math.isfinite(value) else str(value)


def _value(value: Any) -> str:
    if value is None:
        return figures.NOTHING
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _ending(terminated: bool | None, truncated: bool | None) -> str:
    """Return how an episode ended."""
    return "terminated" if terminated else "truncated" if truncated else ""


def _episode_columns(return_of_row: Callable[[Any], float | None]) -> tuple[Column, ...]:
    return (
        Column("Episode", lambda row: str(row.ep_index), 80, number=True),
        Column("Return", lambda row: _number(return_of_row(row)), number=True),
        Column("Steps", lambda row: figures.count(row.steps), 80, number=True),
        Column("End", lambda row: _ending(row.terminated, row.truncated)),
        Column("Phase", lambda row: row.phase, 60),
    )


def live_episode_columns(agent_id: str) -> tuple[Column, ...]:
    """Return the columns of episodes with the returns of an agent; empty: of all agents together."""
    return _episode_columns(lambda row: return_in(row, agent_id))


EPISODE_COLUMNS = (
    *_episode_columns(lambda row: row.total_reward),
    Column("Worker", lambda row: row.worker_id, 80),
    Column("Time", lambda row: figures.moment(row.timestamp), 160),
    Column("Agents", lambda row: _value(row.agent_rewards) if row.agent_rewards else ""),
)
STEP_COLUMNS = (
    Column("Step", lambda row: figures.count(row.step_index), number=True),
    Column("Reward", lambda row: _number(row.reward), number=True),
    Column("Action", lambda row: _value(row.action), 140),
    Column("Agent", lambda row: row.agent_id or ""),
    Column("End", lambda row: _ending(row.terminated, row.truncated)),
    Column("Observation", lambda row: _value(row.observation)),
)
FILE_COLUMNS = (
    Column("File", lambda entry: entry.path, 330),
    Column("Size", lambda entry: figures.size(entry.bytes), 90, number=True),
    Column("Changed", lambda entry: figures.moment(entry.modified_at), 160),
)
RELATIVE_COLUMNS = (
    Column("Kind", lambda relative: relative.kind, 90),
    Column("State", lambda relative: state_text(relative.run.state.value), 100),
    Column("Name", lambda relative: relative.run.run_name, 180),
    Column("Return", lambda relative: relative.result, 120, number=True),
    Column("Episodes", lambda relative: figures.count(relative.episodes), 80, number=True),
    Column("Steps", lambda relative: figures.short(relative.run.steps or relative.run.eval_steps), 80, number=True),
    Column("Submitted", lambda relative: figures.age(relative.run.created_at), 100),
)
WORKER_COLUMNS = (
    Column("Worker", lambda row: row.worker.worker_id, 80),
    Column("Agent", lambda row: row.agent.agent_id, 80),
    Column("Kind", lambda row: row.kind, 180),
    Column("State", lambda row: row.state, 110),
    Column("Ended because", lambda row: row.ended, 170),
    Column("Steps", lambda row: figures.short(row.worker.steps), 70, number=True),
    Column("Steps/s", lambda row: figures.short(row.worker.steps_per_second), 70, number=True),
    Column("Episodes", lambda row: figures.count(row.agent.episodes + row.agent.eval_episodes), 70, number=True),
    Column("Return", lambda row: figures.decimal(row.mean_return), 70, number=True),
    Column("Device", lambda row: row.device, 80),
    Column("Heartbeat", lambda row: figures.age(row.worker.last_heartbeat_at), 90),
    Column("CPU time", lambda row: figures.duration(row.worker.cpu_seconds), 80, number=True),
    Column("Memory", lambda row: figures.size(row.worker.memory_bytes), 80, number=True),
    Column("Attempt", lambda row: str(row.worker.attempt), 60, number=True),
)
CLOSURE_COLUMNS = (
    Column("Run", lambda row: row[0].run_name, 190),
    Column("Worker", lambda row: row[1].worker_id, 90),
    Column("Episodes", lambda row: figures.count(row[1].episodes), number=True),
    Column("Evaluation", lambda row: figures.count(row[1].eval_episodes), number=True),
    Column("Steps", lambda row: figures.count(row[1].steps), number=True),
)
MACHINE_RUN_COLUMNS = (
    Column("Run under way", lambda run: run.run_name or run.run_id, 150),
    Column("State", lambda run: state_text(run.state.value), 100),
    Column("Cores", lambda run: figures.count(run.cpus) if run.cpus else "shared", 60, number=True),
    Column("Memory", lambda run: figures.size(run.memory_bytes), 80, number=True),
    Column("GPUs", lambda run: ", ".join(run.gpus) or figures.NOTHING, 60),
)
WORKER_ENTRY_COLUMNS = (
    Column("Worker", lambda each: each.title, 105),
    Column("State", lambda each: each.standing, 110),
    Column("Version", lambda each: each.version or figures.NOTHING, 60),
    Column("Size", lambda each: figures.size(each.size), 70, number=True),
)
CHECKPOINT_COLUMNS = (
    Column("Environment", lambda each: each.env_id or figures.NOTHING, 150),
    Column("Run", lambda each: each.run.run_name, 170),
    Column("Worker", lambda each: each.checkpoint.worker_type, 80),
    Column("Algorithm", lambda each: ", ".join({worker.algorithm for worker in each.run.workers}), 80),
    Column("Step", lambda each: figures.short(each.checkpoint.step), 70, number=True),
    Column("Return", lambda each: figures.decimal(return_of(each.run)), 80, number=True),
    Column("Submitted", lambda each: figures.age(each.run.created_at), 110),
    Column("Fits", lambda each: f"! {each.differs}" if each.differs else "✓", 160),
    Column("Saved with", lambda each: each.saved_with or figures.NOTHING, 180),
    Column("Size", lambda each: figures.size(each.checkpoint.bytes), 80, number=True),
    Column("Path", lambda each: each.checkpoint.path, 300),
)


def compared_columns(settings: list[str]) -> tuple[Column, ...]:
    """Return the columns of compared runs, whose rows are a run and the values of these settings."""

    def setting(at: int) -> Callable[[Any], str]:
        return lambda row: figures.NOTHING if row[at] is None else str(row[at])

    return (
        Column("Name", lambda row: row[0].run_name, 180),
        Column("Seed", lambda row: figures.NOTHING if row[0].seed is None else str(row[0].seed), 60, number=True),
        Column("State", lambda row: state_text(row[0].state.value), 100),
        Column("Return", lambda row: figures.decimal(return_of(row[0])), 80, number=True),
        Column("Best", lambda row: figures.decimal(row[0].best_return), 80, number=True),
        Column("Steps", lambda row: figures.short(row[0].steps), 80, number=True),
        *(Column(name, setting(at), 130) for at, name in enumerate(settings, start=1)),
    )


def _result(title: str, text: Callable[[Description], str], width: int = 130) -> Column:
    shown = lambda group: figures.NOTHING if group.result is None else text(group.result)  # noqa: E731
    return Column(title, shown, width, number=True)


def _range(low: float, high: float, words: str = " to ") -> str:
    return f"{figures.decimal(low)}{words}{figures.decimal(high)}"


GROUP_COLUMNS = (
    Column("Group", lambda group: group.name, 220),
    _result("Runs", lambda found: str(found.count), 50),
    _result("Mean ± std", lambda found: _range(found.mean, found.std, " ± ")),
    _result("95 % of the mean", lambda found: _range(found.mean_low, found.mean_high)),
    _result("Median", lambda found: figures.decimal(found.median), 80),
    _result("IQM", lambda found: figures.decimal(found.iqm), 80),
    _result("Lowest to highest", lambda found: _range(found.low, found.high)),
)
