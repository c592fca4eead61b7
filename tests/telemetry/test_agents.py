"""Several agents of one environment: their rows, and what each got."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.runs.summary import AgentSummary
from gym_gui.telemetry.agents import MAX_AGENTS, returns_of
from gym_gui.telemetry.reader import RunReader

Line = Callable[..., bytes]


def test_agents_share_a_step_index_and_are_read_apart(logged_run: Any, sdk_line: Line) -> None:
    for number in range(4):
        for agent in ("red", "blue"):
            logged_run.append(
                sdk_line(step_index=number, ep_index=0, agent_id=agent, reward=1.0 if agent == "red" else -1.0)
            )
    assert logged_run.ingest().stored == 8
    reader = RunReader(logged_run.folder)
    assert [(step.step_index, step.agent_id) for step in reader.steps()] == [
        (number, agent) for number in range(4) for agent in ("red", "blue")
    ]
    assert [(step.step_index, step.reward) for step in reader.steps(agent_id="blue")] == [(n, -1.0) for n in range(4)]
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert rollup.steps == 4


@pytest.mark.parametrize("batch", [200, 4 << 20])
def test_what_each_agent_got(logged_run: Any, sdk_line: Line, batch: int) -> None:
    for number in range(150):
        rewards = {"red": float(number), "blue": 1}
        logged_run.append(
            sdk_line("episode", ep_index=number, total_reward=number + 1.0, agent_rewards=rewards, steps=3)
        )
    logged_run.append(sdk_line("episode", ep_index=0, phase="eval", total_reward=7.0, agent_rewards={"red": 7.0}))
    logged_run.ingest(batch)
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert rollup.episodes == 150
    assert rollup.agents == [
        AgentSummary(
            agent_id="red",
            episodes=150,
            mean_return_100=sum(range(50, 150)) / 100,
            recent_episodes=100,
            eval_episodes=1,
            eval_mean_return=7.0,
        ),
        AgentSummary(agent_id="blue", episodes=150, mean_return_100=1.0, recent_episodes=100),
    ]


def test_episodes_of_one_agent_each(logged_run: Any, sdk_line: Line) -> None:
    for agent, value in (("red", 1.0), ("blue", -1.0), ("green", None), ("blue", -3.0)):
        logged_run.append(sdk_line("episode", ep_index=int(value == -3.0), agent_id=agent, total_reward=value))
    logged_run.ingest()
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert [(one.agent_id, one.episodes, one.mean_return_100) for one in rollup.agents] == [
        ("red", 1, 1.0),
        ("blue", 2, -2.0),
    ]
    assert rollup.mean_return_100 == 1.0


def test_agents_beyond_the_limit_have_rows_alone(logged_run: Any, sdk_line: Line) -> None:
    rewards = {f"agent_{number}": 0.0 for number in range(MAX_AGENTS + 10)}
    logged_run.append(sdk_line("episode", ep_index=0, total_reward=0.0, agent_rewards=rewards))
    logged_run.ingest()
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert len(rollup.agents) == MAX_AGENTS
    (episode,) = RunReader(logged_run.folder).episodes()
    assert episode.agent_rewards == rewards


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1, "b": NaN, "c": "x", "d": true, "e": null, "f": [1]}', ["a", "b"]),
        ('{"a": 1' + "0" * 400 + ', "b": 2}', ["b"]),
        ("[1, 2]", []),
        ('"text"', []),
        ("{", []),
        ("[" * 100_000, []),
    ],
)
def test_what_is_no_return_is_left_out(text: str, found: list[str]) -> None:
    assert [agent for agent, _ in returns_of(text)] == found


def test_a_return_that_is_no_number_shows(logged_run: Any, sdk_line: Line) -> None:
    logged_run.append(sdk_line("episode", ep_index=0, total_reward=1.0, agent_rewards={"red": math.nan}))
    logged_run.ingest()
    (rollup,) = logged_run.ingestor().worker_rollups()
    assert rollup.agents[0].mean_return_100 is not None
    assert math.isnan(rollup.agents[0].mean_return_100)
