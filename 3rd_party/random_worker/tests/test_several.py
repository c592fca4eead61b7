"""Several environments at once, and environments of several agents."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gym_gui.core.worker import ConfigError
from random_worker import RandomWorkerConfig
from random_worker.environments import is_pettingzoo, pettingzoo_ids
from random_worker.pace import episode_seed


def plain(ran: Any) -> list[Any]:
    return [{k: v for k, v in e.items() if k not in ("timestamp", "run_id")} for e in ran.events if "event" not in e]


def living(group: int) -> list[int]:
    """Return the processes of a group that still run; the dead may wait for whoever counts them."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state not in "ZX":
                found.append(int(stat.parent.name))
    return found


def seeds_of(ran: Any) -> dict[int, int]:
    return {episode["ep_index"]: episode["seed"] for episode in ran.data("episode")}


# -- vectors ---------------------------------------------------------------------------------------------------------


def test_every_step_of_every_environment(worker: Any) -> None:
    ran = worker(num_envs=4, total_steps=502)
    steps = ran.data("step")
    assert [step["step_index"] for step in steps] == list(range(500))  # no part of a step of all four
    for episode in ran.data("episode"):
        own = [step for step in steps if step["ep_index"] == episode["ep_index"]]
        assert len(own) == episode["steps"]
        assert sum(step["reward"] for step in own) == episode["total_reward"]
        assert [step["terminated"] or step["truncated"] for step in own] == [False] * (len(own) - 1) + [True]
    assert {episode["env_index"] for episode in ran.data("episode")} == {0, 1, 2, 3}
    assert ran.summary["total_steps"] == 500
    assert ran.summary["episodes"] == len(ran.data("episode"))


def test_processes_of_their_own_play_the_same(worker: Any) -> None:
    together, apart = (worker(num_envs=2, total_steps=100, vectorization=how) for how in ("sync", "async"))
    assert plain(together) == plain(apart)


def test_same_seed_same_events_and_episodes_have_the_seeds_of_their_numbers(worker: Any) -> None:
    first = worker(num_envs=3)
    assert plain(first) == plain(worker(num_envs=3)) != plain(worker(num_envs=3, seed=2))
    assert all(seed == episode_seed(1, number, "train") for number, seed in seeds_of(first).items())
    assert seeds_of(worker())[0] == seeds_of(first)[0]


@pytest.mark.parametrize(("episodes", "num_envs"), [(7, 3), (2, 5), (4, 4)])
def test_a_limit_of_episodes_plays_those_that_began_first(worker: Any, episodes: int, num_envs: int) -> None:
    ran = worker(mode="evaluate", eval_episodes=episodes, num_envs=num_envs)
    assert sorted(episode["ep_index"] for episode in ran.data("episode")) == list(range(episodes))
    assert {event["phase"] for event in ran.events if "event" not in event} == {"eval"}
    assert len(ran.data("step")) == sum(episode["steps"] for episode in ran.data("episode"))
    assert ran.summary["mean_return"] == pytest.approx(np.mean([e["total_reward"] for e in ran.data("episode")]))


@pytest.mark.parametrize("rule", ["none", "episodes:3"])
def test_sampled_and_stored_steps_of_a_vector_add_up(worker: Any, rule: str) -> None:
    ran = worker(steps=rule, num_envs=4)
    assert len(ran.data("step")) + sum(event.get("sampled", 0) for event in ran.events) == 500


@pytest.mark.parametrize("env_id", ["Pendulum-v1", "FrozenLake-v1"])
def test_vectors_of_any_environment(worker: Any, env_id: str) -> None:
    ran = worker(env_id=env_id, num_envs=2, total_steps=440, observations=True)
    assert len(ran.data("step")) == 440
    assert all("observation" in step for step in ran.data("step"))
    assert sum("reset_observation" in step for step in ran.data("step")) == len(
        {step["ep_index"] for step in ran.data("step")}
    )


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"num_envs": 0}, "num_envs"),
        ({"num_envs": 8, "total_steps": 7}, "total_steps"),
        ({"num_envs": 2, "payload_bytes": 10}, "payload_bytes"),
        ({"vectorization": "asynch"}, "vectorization"),
        ({"api": "both"}, "api"),
    ],
)
def test_a_wrong_value_is_named(values: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RandomWorkerConfig.from_dict({"run_id": "r", **values})
    assert [problem.path for problem in caught.value.problems] == [path]


def test_sigterm_ends_environments_in_processes_of_their_own(tmp_path: Path) -> None:
    config = {"run_id": "c", "seed": 1, "total_steps": 0, "episodes": 10**9, "num_envs": 2, "vectorization": "async"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    process = subprocess.Popen(
        [sys.executable, "-m", "random_worker.cli", "--config", "config.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with process:
        assert process.stdout is not None
        first = [process.stdout.readline() for _ in range(50)]
        os.killpg(process.pid, signal.SIGTERM)  # as a supervisor does: the environments' processes get it, too
        events = [json.loads(line) for line in [*first, *process.stdout]]
        assert process.wait(timeout=60) == 143
    assert events[-1]["event"] == "run_cancelled"
    deadline = time.monotonic() + 30
    while living(process.pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- agents ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def agents() -> None:
    pytest.importorskip("pettingzoo")
    pytest.importorskip("mpe2")


@pytest.mark.usefixtures("agents")
@pytest.mark.parametrize("env_id", ["mpe2/simple_spread_v3", "mpe2.simple_spread_v3"])
def test_agents_that_act_at_once(worker: Any, env_id: str) -> None:
    ran = worker(env_id=env_id, total_steps=60)
    steps, episodes = ran.data("step"), ran.data("episode")
    assert [(s["step_index"], s["agent_id"]) for s in steps] == [(n, f"agent_{a}") for n in range(60) for a in range(3)]
    assert len(episodes) == ran.summary["episodes"] == 2
    for episode in episodes:
        assert episode["total_reward"] == pytest.approx(sum(episode["agent_rewards"].values()))
        assert episode["seed"] == episode_seed(1, episode["ep_index"], "train")
    means = ran.summary["mean_agent_returns"]
    assert means["agent_1"] == pytest.approx(np.mean([episode["agent_rewards"]["agent_1"] for episode in episodes]))
    assert ran.summary["total_steps"] == 60


@pytest.mark.usefixtures("agents")
def test_the_same_in_turn_as_at_once(worker: Any) -> None:
    at_once = worker(env_id="mpe2/simple_spread_v3", total_steps=0, episodes=2)
    in_turn = worker(env_id="mpe2/simple_spread_v3", total_steps=0, episodes=2, api="aec")
    assert [e["agent_rewards"] for e in at_once.data("episode")] == [
        pytest.approx(e["agent_rewards"]) for e in in_turn.data("episode")
    ]
    assert (at_once.summary["total_steps"], in_turn.summary["total_steps"]) == (50, 150)


@pytest.mark.usefixtures("agents")
def test_only_legal_moves_on_a_board(worker: Any) -> None:
    ran = worker(env_id="classic/tictactoe_v3", mode="evaluate", eval_episodes=20)
    for episode in ran.data("episode"):
        assert episode["steps"] >= 5  # an illegal move would have ended it before anybody can win
        assert sum(episode["agent_rewards"].values()) == 0
    assert {step["agent_id"] for step in ran.data("step")} == {"player_1", "player_2"}
    assert plain(ran) == plain(worker(env_id="classic/tictactoe_v3", mode="evaluate", eval_episodes=20))


@pytest.mark.usefixtures("agents")
@pytest.mark.parametrize(
    ("values", "path", "near"),
    [
        ({"env_id": "mpe2/simple_sprad_v3"}, "env_id", "mpe2/simple_spread_v3"),
        ({"env_id": "mpe/simple_spread_v3"}, "env_id", "mpe2/simple_spread_v3"),
        ({"env_id": "clasic/tictactoe_v3"}, "env_id", "classic/tictactoe_v3"),
        ({"env_id": "simple_spread_v3"}, "env_id", "mpe2/simple_spread_v3"),
        ({"env_id": "mpe2/simple_spread_v3", "env_kwargs": {"no": 1}}, "env_kwargs", None),
        ({"env_id": "mpe2/simple_spread_v3", "num_envs": 2}, "num_envs", None),
        ({"env_id": "mpe2/simple_spread_v3", "payload_bytes": 9}, "payload_bytes", None),
        ({"env_id": "classic/tictactoe_v3", "api": "parallel"}, "api", None),
    ],
)
def test_what_cannot_be_played_is_said_before(worker: Any, values: dict[str, Any], path: str, near: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        worker(dry_run=True, **values)
    assert [(problem.path, problem.nearest) for problem in caught.value.problems] == [(path, near)]


@pytest.mark.usefixtures("agents")
def test_ids_are_found_where_they_are_installed() -> None:
    ids = pettingzoo_ids("mpe2/any_v1")
    assert {"classic/chess_v6", "butterfly/pistonball_v6", "mpe2/simple_tag_v3"} <= set(ids)
    assert len(ids) == len(set(ids))
    assert all(is_pettingzoo(env_id) for env_id in ids)


@pytest.mark.parametrize("env_id", ["CartPole-v1", "ALE/Pong-v5", "package.module:Name-v0", "phys2d/CartPole-v1"])
def test_ids_of_gymnasium(env_id: str) -> None:
    assert not is_pettingzoo(env_id)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"num_envs": 2}, "several environments are recorded"), ({"env_id": "mpe2/simple_v3"}, "several agents are")],
)
def test_without_mosaic_there_is_one_environment(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"run_id": "alone", "seed": 1, "total_steps": 300, **settings}))
    program = (
        "import sys; sys.modules['gym_gui'] = None; from random_worker.cli import main;"
        "sys.exit(main(['--config', 'config.json']))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "run_failed"
    assert said in done.stderr
