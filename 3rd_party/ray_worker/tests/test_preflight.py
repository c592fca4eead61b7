"""What would stop a run is found before Ray is loaded."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from gym_gui.core.worker import ConfigError
from ray_worker import RayWorkerConfig, RayWorkerRuntime

pytest.importorskip("gymnasium")

from ray_worker.preflight import check_run
from ray_worker.registry import UnknownEnvironmentError, find_environment, known_ids


def problems(**settings: Any) -> str:
    return "; ".join(map(str, check_run(RayWorkerConfig(run_id="test", **settings))[1]))


@pytest.fixture(autouse=True)
def _no_ray() -> Any:
    yield
    assert "ray" not in sys.modules


def test_gymnasium_environments_are_found() -> None:
    source = find_environment("CartPole-v1")
    assert source.api == "gymnasium"
    env = source.make(max_episode_steps=5)
    assert env.spec.max_episode_steps == 5
    env.close()
    with pytest.raises(UnknownEnvironmentError, match="Gymnasium does not know") as caught:
        find_environment("CartPole-v99x")
    assert str(caught.value.near).startswith("CartPole")


@pytest.mark.parametrize(
    ("env_id", "api", "found"),
    [
        ("mpe2/simple_spread_v3", "auto", "parallel"),
        ("mpe/simple_spread_v3", "aec", "aec"),
        ("pettingzoo/classic/rps_v2", "auto", "parallel"),
        ("classic/tictactoe_v3", "auto", "aec"),
        ("classic/tictactoe-v3", "auto", "aec"),
        ("mpe2/simple_spread-v3", "auto", "parallel"),
        ("pettingzoo.classic.tictactoe_v3", "auto", "aec"),
    ],
)
def test_pettingzoo_environments_are_found(env_id: str, api: str, found: str) -> None:
    pytest.importorskip("pettingzoo")
    pytest.importorskip("mpe2")
    assert find_environment(env_id, api).api == found


def test_pettingzoo_faults_are_told() -> None:
    pytest.importorskip("pettingzoo")
    pytest.importorskip("mpe2")
    assert {"CartPole-v1", "classic/tictactoe-v3", "mpe2/simple_spread-v3"} <= set(known_ids())
    with pytest.raises(UnknownEnvironmentError) as caught:
        find_environment("classic/tictactoes_v3")
    assert caught.value.near == "classic/tictactoe-v3"
    with pytest.raises(UnknownEnvironmentError, match="no parallel interface"):
        find_environment("classic/tictactoe_v3", "parallel")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"algo": "DQN", "env_id": "Pendulum-v1"}, "DQN takes discrete actions"),
        ({"env_id": "NoSuchEnvironment-v0"}, "Gymnasium does not know it"),
        ({"env_id": "no_such_package:Env-v0"}, "cannot be imported"),
        ({"env_kwargs": {"colour": 1}}, "env_kwargs"),
        ({"paradigm": "self_play"}, "CartPole-v1 has one agent"),
        ({"object_store_mb": 10**7}, "/dev/shm"),
        ({"mode": "evaluate", "checkpoint_path": "/nowhere"}, "no such checkpoint"),
        ({"env_id": "mpe2/simple_spread_v3", "paradigm": "self_play"}, "needs two players"),
        ({"env_id": "mpe2/simple_spread_v3", "paradigm": "sequential"}, "has 3 agents"),
        ({"env_id": "mpe2/simple_tag_v3"}, "the spaces of agent_0 differ"),
    ],
)
def test_faults_are_found(settings: dict[str, Any], told: str) -> None:
    if "/" in settings.get("env_id", ""):
        pytest.importorskip("mpe2")
    assert told in problems(**settings)


def test_what_fits_is_let_through() -> None:
    assert problems() == ""
    assert problems(algo="SAC", env_id="Pendulum-v1") == ""


def test_agents_are_known() -> None:
    pytest.importorskip("mpe2")
    facts, found = check_run(RayWorkerConfig(run_id="test", env_id="mpe2/simple_tag_v3", paradigm="independent"))
    assert not found
    assert facts is not None
    assert facts.agents == ("adversary_0", "adversary_1", "adversary_2", "agent_0")
    facts, _ = check_run(RayWorkerConfig(run_id="test", env_id="classic/tictactoe_v3", paradigm="self_play"))
    assert facts is not None
    assert (facts.api, facts.paradigm, facts.agents) == ("aec", "self_play", ("player_1", "player_2"))


def test_a_dry_run_says_two_things(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOSAIC_LOG", raising=False)
    summary = RayWorkerRuntime(RayWorkerConfig(run_id="test", seed=1), dry_run=True).run()
    assert summary["status"] == "dry-run"
    assert [line.split('"')[3] for line in capsys.readouterr().out.splitlines()] == ["run_started", "run_completed"]
    with pytest.raises(ConfigError, match="Gymnasium does not know"):
        RayWorkerRuntime(RayWorkerConfig(run_id="test", env_id="Nothing-v0"), dry_run=True).run()
