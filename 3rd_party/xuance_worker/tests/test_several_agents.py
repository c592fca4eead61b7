"""Several agents of one environment: who of them acts, and what their actions become."""

from __future__ import annotations

import pickle
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.library, pytest.mark.filterwarnings("ignore")]

#: Two agents: ``first`` is out after two steps, the game is over after four. Each step of each of them is worth 1.
ENVIRONMENT = """
import numpy as np
from gymnasium import spaces
from pettingzoo import ParallelEnv


class parallel_env(ParallelEnv):
    metadata = {"name": "short_game", "render_modes": []}
    render_mode = None
    max_cycles = 25

    def __init__(self, continuous=False):
        self.possible_agents = ["first", "second"]
        self.agents = []
        self._actions = spaces.Box(-2.0, 2.0, (2,), np.float32) if continuous else spaces.Discrete(3)

    def observation_space(self, agent):
        return spaces.Box(0.0, 1.0, (2,), np.float32)

    def action_space(self, agent):
        return self._actions

    def reset(self, seed=None, options=None):
        self.agents, self._step = list(self.possible_agents), 0
        return {agent: np.zeros(2, np.float32) for agent in self.agents}, {agent: {} for agent in self.agents}

    def step(self, actions):
        assert set(actions) == set(self.agents)
        acted, self._step = self.agents, self._step + 1
        over = {"first": self._step >= 2, "second": self._step >= 4}
        self.agents = [agent for agent in acted if not over[agent]]
        seen = {agent: np.full(2, self._step / 4, np.float32) for agent in acted}
        none = {agent: False for agent in acted}
        return seen, {agent: 1.0 for agent in acted}, {a: over[a] for a in acted}, none, {agent: {} for agent in acted}
"""


@pytest.fixture
def short_game(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The id of the environment above."""
    (tmp_path / "own_games").mkdir()
    (tmp_path / "own_games" / "short_game.py").write_text(ENVIRONMENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("own_games", "own_games.short_game"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return "own_games/short_game"


@pytest.mark.parametrize("algo", ["VDN", "MADDPG", "MFQ"])
def test_the_step_in_which_an_agent_goes_out_is_learned_from(worker: Any, short_game: str, algo: str) -> None:
    continuous = {"env_kwargs": {"continuous": True}} if algo == "MADDPG" else {}
    ran = worker(
        algo=algo,
        env_id=short_game,
        n_envs=1,
        total_timesteps=8,
        start_training=4,
        training_frequency=1,
        batch_size=4,
        save_replay_buffer=True,
        **continuous,
    )
    with zipfile.ZipFile(ran.named("checkpoint_saved")[-1]["path"]) as archive:
        memory = pickle.loads(archive.read("memory.pkl"))
    stored = {
        name: {agent: np.ravel(values)[:8].astype(float).tolist() for agent, values in memory.data[name].items()}
        for name in ("agent_mask", "rewards", "terminals")
    }
    assert stored["agent_mask"] == {"first": [1, 1, 0, 0] * 2, "second": [1, 1, 1, 1] * 2}
    assert stored["rewards"] == stored["agent_mask"]
    assert stored["terminals"] == {"first": [0, 1, 1, 1] * 2, "second": [0, 0, 0, 1] * 2}


def test_agents_of_an_episode_that_is_over_act_in_the_next(short_game: str) -> None:
    from xuance_worker.environments import ACTED, SeveralAgents
    from xuance_worker.seeding import Numbers
    from xuance_worker.sources import find_environment

    env = SeveralAgents(find_environment(short_game).make(), Numbers(1, "train"), span=(0.0, 1.0))
    env.reset()
    infos = [env.step({"first": 0, "second": 0})[-1] for _ in range(4)]
    assert [list(info[ACTED].values()) for info in infos] == [[1, 1], [1, 1], [0, 1], [0, 1]]
    assert [list(info["agent_mask"].values()) for info in infos] == [[1, 1], [0, 1], [0, 1], [1, 1]]


@pytest.mark.parametrize(("activation", "span"), [("sigmoid", (0.0, 1.0)), ("tanh", (-1.0, 1.0))])
def test_actions_of_networks_are_spread_over_those_of_the_environment(
    worker: Any, short_game: str, monkeypatch: pytest.MonkeyPatch, activation: str, span: tuple[float, float]
) -> None:
    from xuance.torch.agents.multi_agent_rl.iddpg_agents import IDDPG_Agents

    def extremes(agent: Any, obs_dict: list[Any], **_: Any) -> dict[str, Any]:
        return {"hidden_state": None, "actions": [{key: np.array(span) for key in agent.agent_keys} for _ in obs_dict]}

    monkeypatch.setattr(IDDPG_Agents, "get_actions", extremes)
    settings = {"activation_action": activation}
    ran = worker(algo="IDDPG", env_id=short_game, env_kwargs={"continuous": True}, settings=settings, total_timesteps=8)
    assert [step["action"] for step in ran.data("step")] == [[-2.0, 2.0]] * len(ran.data("step"))
