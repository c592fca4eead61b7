"""Episodes are a table that can be sorted and paged, with the steps of each."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.reading.episodes import EpisodeQuery, read_episodes, read_steps
from gym_gui.runs.folder import RunFolder

RETURNS = [3.0, math.nan, -1.0, math.inf, None, 7.0]


@pytest.fixture
def folder(new_logged_run: Callable[..., Any], sdk_line: Callable[..., bytes]) -> RunFolder:
    """Two workers: the first with six episodes of two steps each, of which the last is an evaluation."""
    run = new_logged_run(workers=2)
    for index, value in enumerate(RETURNS):
        for step in range(2):
            run.append(sdk_line(step_index=2 * index + step, ep_index=index, reward=1.0, action=step))
        phase = "eval" if index == 5 else "train"
        run.append(sdk_line("episode", ep_index=index, total_reward=value, steps=10 - index, phase=phase))
    run.append(sdk_line("episode", ep_index=0, total_reward=1.0, agent_id="red").replace(b"000001", b"000002"), 2)
    run.ingest()
    folder: RunFolder = run.folder
    return folder


def indices(folder: RunFolder, **query: Any) -> list[int]:
    return [episode.ep_index for episode in read_episodes(folder, EpisodeQuery(**query)).episodes]


def test_episodes_are_sorted_with_missing_returns_last(folder: RunFolder) -> None:
    assert indices(folder, worker_id="000001") == [0, 1, 2, 3, 4, 5]
    assert indices(folder, worker_id="000001", sort="return") == [2, 0, 5, 3, 1, 4]
    assert indices(folder, worker_id="000001", sort="-return") == [3, 5, 0, 2, 1, 4]
    assert indices(folder, worker_id="000001", sort="steps") == [5, 4, 3, 2, 1, 0]
    assert indices(folder, worker_id="000001", sort="-index", limit=2, offset=1) == [4, 3]


def test_episodes_are_filtered_and_counted(folder: RunFolder) -> None:
    page = read_episodes(folder, EpisodeQuery(phase="eval"))
    assert ([episode.total_reward for episode in page.episodes], page.total) == ([7.0], 1)
    assert read_episodes(folder, EpisodeQuery(limit=2)).total == 7
    assert [episode.worker_id for episode in read_episodes(folder, EpisodeQuery(agent_id="red")).episodes] == ["000002"]
    assert read_episodes(folder, EpisodeQuery(agent_id="blue")).total == 0


def test_each_episode_has_its_steps(folder: RunFolder) -> None:
    third = read_episodes(folder, EpisodeQuery(worker_id="000001")).episodes[2]
    steps = read_steps(folder, third.id)
    assert [(step.step_index, step.ep_index, step.action) for step in steps] == [(4, 2, "0"), (5, 2, "1")]
    assert [step.step_index for step in read_steps(folder, third.id, limit=1)] == [4]
    assert [step.step_index for step in read_steps(folder, third.id, after=steps[0].id)] == [5]
    with pytest.raises(UsageError, match="no episode"):
        read_steps(folder, third.id + 1)


@pytest.mark.parametrize(
    ("query", "path", "near"),
    [
        ({"phase": "trian"}, "phase", "train"), ({"sort": "-retrun"}, "sort", "return"), ({"limit": 0}, "limit", None),
        ({"offset": -1}, "offset", None),
    ],
)  # fmt: skip
def test_an_impossible_query_names_the_field(
    folder: RunFolder, query: dict[str, Any], path: str, near: str | None
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_episodes(folder, EpisodeQuery(**query))
    assert [(problem.path, problem.nearest) for problem in caught.value.problems] == [(path, near)]
    with pytest.raises(UsageError, match="no worker"):
        read_episodes(folder, EpisodeQuery(worker_id="x"))


def test_a_run_without_telemetry_has_no_episodes(tmp_path: Any) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    assert read_episodes(folder, EpisodeQuery()).total == 0
