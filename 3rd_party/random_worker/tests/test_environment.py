"""The worker in its own environment: MOSAIC's SDK and what the worker's package asks for, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.library

Events = list[dict[str, Any]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Events]:
    """Run the worker as a process in a folder of its own, so that nothing is imported from the checkout's."""

    def run(*flags: str, code: int = 0, before: str = "", **settings: Any) -> Events:
        config = {"run_id": "r", "seed": 1, "total_steps": 100, **settings}
        (tmp_path / "config.json").write_text(json.dumps(config))
        main = "if __name__ == '__main__':\n    sys.exit(main())\n"
        program = f"{before}\nimport sys\nfrom random_worker.cli import main\n{main}"
        (tmp_path / "play.py").write_text(program)
        ended = subprocess.run(
            [sys.executable, "play.py", "--config", "config.json", *flags],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == code, ended.stderr
        return [json.loads(line) for line in ended.stdout.splitlines()]

    return run


def data(events: Events, kind: str) -> Events:
    return [event for event in events if event.get("event_type") == kind]


@pytest.mark.parametrize("module", ["gym_gui.trainer", "torch"])
def test_it_does_without(tmp_path: Path, module: str) -> None:
    program = f"from importlib.util import find_spec; import gym_gui.core.worker; print(find_spec({module!r}))"
    said = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert said.stdout == "None\n"


@pytest.mark.parametrize("how", ["sync", "async"])
def test_a_vector(play: Callable[..., Events], how: str) -> None:
    events = play(num_envs=3, vectorization=how, total_steps=150)
    assert [step["step_index"] for step in data(events, "step")] == list(range(150))
    assert {episode["env_index"] for episode in data(events, "episode")} == {0, 1, 2}
    assert events[-1]["event"] == "run_completed"


@pytest.mark.parametrize(
    ("env_id", "api", "agents"),
    [
        ("mpe2/simple_spread_v3", "auto", {"agent_0", "agent_1", "agent_2"}),
        ("mpe2/simple_spread_v3", "aec", {"agent_0", "agent_1", "agent_2"}),
        ("classic/tictactoe_v3", "auto", {"player_1", "player_2"}),
    ],
)
def test_several_agents(play: Callable[..., Events], env_id: str, api: str, agents: set[str]) -> None:
    play("--dry-run", env_id=env_id, api=api)
    events = play(env_id=env_id, api=api, total_steps=0, episodes=2)
    assert {step["agent_id"] for step in data(events, "step")} == agents
    assert [set(episode["agent_rewards"]) for episode in data(events, "episode")] == [agents] * 2
    assert events[-1]["event"] == "run_completed"


def test_what_is_not_installed_is_asked_for(play: Callable[..., Events]) -> None:
    without = "import sys; sys.modules['pettingzoo'] = sys.modules['mpe2'] = None"
    events = play("--dry-run", code=2, before=without, env_id="mpe2/simple_spread_v3")
    assert "random-worker[pettingzoo]" in json.dumps(events[-1])
