"""Trainings that go on from a checkpoint: leagues, optimizers and replay buffers come back as they were."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ray", reason="needs the worker's own environment")

import numpy as np

pytestmark = pytest.mark.library

SELF_PLAY: dict[str, Any] = {
    "env_id": "classic/tictactoe_v3",
    "paradigm": "self_play",
    "league_interval": 300,
    "league_size": 3,
    "train_batch_size": 300,
    "num_epochs": 1,
}
OFF_POLICY: dict[str, dict[str, Any]] = {
    "DQN": {"env_id": "CartPole-v1", "training": {"num_steps_sampled_before_learning_starts": 900}},
    "SAC": {
        "env_id": "Pendulum-v1",
        "hidden_sizes": [32, 32],
        "train_batch_size": 64,
        "training": {"num_steps_sampled_before_learning_starts": 900},
    },
}


def test_a_league_goes_on_where_it_stood(runs: Any) -> None:
    ran = runs(**SELF_PLAY, total_timesteps=900)
    assert ran.summary["snapshots"] == 4
    first = Path(ran.named("checkpoint_saved")[-1]["path"])
    resumed = runs(**SELF_PLAY, total_timesteps=1200, mode="resume", checkpoint_path=str(first), seed=None)
    resumed.check_data()
    assert resumed.named("checkpoint_loaded")[0]["snapshots"] == 4
    assert [metric["values"]["league/snapshots"] for metric in resumed.data("metric")] == [5]
    assert min(step["step_index"] for step in resumed.data("step")) == 900
    assert min(e["ep_index"] for e in resumed.data("episode")) > max(e["ep_index"] for e in ran.data("episode"))
    last = Path(resumed.named("checkpoint_saved")[-1]["path"])
    # The fifth snapshot takes the second place: the policy as it was at 300 steps makes way for that at 1,200.
    unchanged = {name for name in _policies(last) if _same(_weights(first, name), _weights(last, name))}
    assert unchanged == {"league_0", "league_2"}
    assert _same(_weights(last, "league_1"), _weights(last, "main"))
    assert _same(_weights(first, "league_0"), _weights(first, "main"))


def test_a_league_of_another_size_is_refused(runs: Any) -> None:
    path = runs(**SELF_PLAY, total_timesteps=300).named("checkpoint_saved")[-1]["path"]
    larger = {**SELF_PLAY, "league_size": 4}
    refused = runs(**larger, total_timesteps=600, mode="resume", checkpoint_path=path)
    assert refused.code == 2
    assert "league_size is 3 there and 4 here" in refused.named("run_failed")[0]["error"]
    assert runs(**larger, mode="evaluate", checkpoint_path=path, eval_episodes=1).summary["episodes"] == 1


@pytest.mark.parametrize("runners", [0, 1])
def test_a_snapshot_plays_at_once(tmp_path: Path, runners: int) -> None:
    settings = {**SELF_PLAY, "seed": 1, "total_timesteps": 600, "num_env_runners": runners}
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("players.py")), json.dumps(settings)],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
        timeout=600,
        check=True,
    )
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"step"')]
    assert told == [
        {"step": 0, "snapshots": 1, "stale": []},
        {"step": 300, "snapshots": 2, "stale": []},
        {"step": 600, "snapshots": 3, "stale": []},
    ]


@pytest.mark.parametrize("algo", list(OFF_POLICY))
def test_a_replay_buffer_comes_back_whole(runs: Any, algo: str) -> None:
    settings = {**OFF_POLICY[algo], "algo": algo}
    ran = runs(**settings, total_timesteps=1000)
    first = Path(ran.named("checkpoint_saved")[-1]["path"])
    before = _replay(first)
    assert before["_num_timesteps"] == before["_num_timesteps_added"] == 1000
    resumed = runs(**settings, total_timesteps=1200, mode="resume", checkpoint_path=str(first), seed=None)
    assert resumed.named("checkpoint_loaded")[0]["replay_steps"] == 1000
    last = Path(resumed.named("checkpoint_saved")[-1]["path"])
    after = _replay(last)
    assert after["_num_timesteps"] == after["_num_timesteps_added"] == 1200
    assert after["sampled_timesteps"] > before["sampled_timesteps"] > 0
    kept = {episode["id_"]: episode for episode in after["episodes"]}
    for episode in before["episodes"]:
        again = kept.pop(episode["id_"])
        for name in ("observations", "actions", "rewards"):
            np.testing.assert_array_equal(_values(again[name]), _values(episode[name]))
    assert sum(len(_values(episode["rewards"])) for episode in kept.values()) == 200
    learned = [metric["values"] for metric in resumed.data("metric")]
    assert any(name.startswith("learners/default_policy/") for name in learned[0])
    # Learning goes on from the first step: as often as before, not only once the buffer has filled anew.
    assert not _same(_weights(first, "default_policy"), _weights(last, "default_policy"))


def _policies(checkpoint: Path) -> list[str]:
    folder = checkpoint / "learner_group" / "learner" / "rl_module"
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


def _weights(checkpoint: Path, policy: str) -> dict[str, Any]:
    file = checkpoint / "learner_group" / "learner" / "rl_module" / policy / "module_state.pkl"
    weights: dict[str, Any] = pickle.loads(file.read_bytes())
    return weights


def _same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def _replay(checkpoint: Path) -> dict[str, Any]:
    with gzip.open(checkpoint / "replay_buffer.pkl.gz", "rb") as stream:
        state: dict[str, Any] = pickle.load(stream)
    return state


def _values(column: Any) -> Any:
    """Return the values of a column of an episode's state."""
    return np.asarray(column["data"] if isinstance(column, dict) else column)
