"""Rewards of every numeric type add up, and arrays that an environment uses again are not read too late."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.encoding import snapshot
from gym_gui.core.worker.envs import returns, wrap
from gym_gui.core.worker.envs.returns import as_float

pettingzoo = pytest.importorskip("pettingzoo")

#: A reward of each type, and what 5,000 of it add up to.
REWARDS = [
    (np.float16(1.0), 5000.0),
    (np.float32(0.1), 5000 * 0.10000000149011612),
    (np.float64(0.1), 500.0),
    (np.array(1.0, dtype=np.float16), 5000.0),
    (np.array([0.5], dtype=np.float32), 2500.0),
    (np.int8(100), 500_000.0),
    (np.uint8(200), 1_000_000.0),
    (np.bool_(True), 5000.0),
    (True, 5000.0),
    (3, 15_000.0),
    (Decimal("0.25"), 1250.0),
    (Fraction(1, 4), 1250.0),
]
IDS = [f"{type(reward).__name__}-{reward}" for reward, _ in REWARDS]


class Paid(gymnasium.Env[Any, Any]):
    """Gives the same reward in each of so many steps; changes its one array, and the action's, in place."""

    action_space = gymnasium.spaces.Box(-9.0, 9.0, (1,), np.float64)

    def __init__(self, reward: Any = 1.0, length: int = 3, *, nested: bool = False) -> None:
        box = gymnasium.spaces.Box(-1.0, 1e6, (1,), np.float64)
        self._seen = np.zeros(1)
        self._reward, self._length, self._number, self._nested = reward, length, 0, nested
        pair = gymnasium.spaces.Tuple((box, box))
        self.observation_space = gymnasium.spaces.Dict({"a": box, "b": pair}) if nested else box

    def _observation(self) -> Any:
        return {"a": self._seen, "b": (self._seen, self._seen)} if self._nested else self._seen

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._number, self._seen[0] = 0, -1.0
        return self._observation(), {}

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        self._number += 1
        self._seen[0] = float(self._number)
        action[...] = 0.0
        return self._observation(), self._reward, self._number == self._length, False, {}


@pytest.mark.parametrize(("reward", "total"), REWARDS, ids=IDS)
@pytest.mark.parametrize("statistics", [False, True])
def test_one_environment(recorder: Any, reward: Any, total: float, statistics: bool) -> None:
    inner: Any = Paid(reward, 5000)
    if statistics and not isinstance(reward, (Decimal, Fraction)) and np.ndim(reward) == 0:
        inner = RecordEpisodeStatistics(inner)
    env = wrap(inner, recorder.emitter, steps="none")
    env.reset()
    for _ in range(5000):
        env.step(np.ones(1))
    (episode,) = recorder.events("episode")
    assert episode["total_reward"] == pytest.approx(total, rel=1e-12)
    assert "reward_sum" not in episode


@pytest.mark.parametrize(("reward", "total"), REWARDS, ids=IDS)
def test_steps_carry_the_reward_as_a_number(recorder: Any, reward: Any, total: float) -> None:
    env = wrap(Paid(reward), recorder.emitter)
    env.reset()
    env.step(np.ones(1))
    (step,) = recorder.events("step")
    assert step["reward"] == pytest.approx(total / 5000, rel=1e-12)
    assert not isinstance(step["reward"], bool)


class Vector(gymnasium.vector.VectorEnv[Any, Any, Any]):
    """Two environments that never end before the last step; rewards of a given type."""

    num_envs = 2
    single_observation_space = observation_space = gymnasium.spaces.Box(-1, 1, (2, 1))
    single_action_space = action_space = gymnasium.spaces.MultiDiscrete([2, 2])

    def __init__(self, rewards: Any, length: int) -> None:
        self._rewards, self._left = rewards, length
        self.metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP}

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        return np.zeros((2, 1)), {}

    def step(self, actions: Any) -> Any:
        self._left -= 1
        done = np.full(2, self._left == 0)
        return np.zeros((2, 1)), self._rewards, done, np.zeros(2, dtype=bool), {}


@pytest.mark.parametrize(
    "rewards",
    [
        np.ones(2, dtype=np.float16),
        np.array([Decimal(1), Fraction(1)], dtype=object),
        [np.float16(1.0), True],
        np.ones(2, dtype=bool),
    ],
)
def test_vector(recorder: Any, rewards: Any) -> None:
    env = wrap(Vector(rewards, 5000), recorder.emitter, steps="none")
    env.reset()
    for _ in range(5000):
        env.step(np.zeros(2, dtype=int))
    assert [episode["total_reward"] for episode in recorder.events("episode")] == [5000.0, 5000.0]


class Pair(pettingzoo.ParallelEnv):  # type: ignore[misc, name-defined]
    """Two agents that are paid in a given type; uses its arrays again, and changes those of the actions."""

    metadata = {"name": "pair", "is_parallelizable": True}  # noqa: RUF012 - as PettingZoo has it
    possible_agents = ["a", "b"]  # noqa: RUF012
    render_mode = None

    def __init__(self, reward: Any, length: int) -> None:
        self.agents: list[str] = []
        self._reward, self._length, self._number = reward, length, 0
        self._seen = np.zeros(1)

    def observation_space(self, agent: str) -> Any:
        return gymnasium.spaces.Box(-1, 1e6, (1,), np.float64)

    def action_space(self, agent: str) -> Any:
        return gymnasium.spaces.Box(-9, 9, (1,), np.float64)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.agents, self._number = ["a", "b"], 0
        self._seen[0] = -1.0
        return dict.fromkeys(self.agents, self._seen), {"a": {}, "b": {}}

    def step(self, actions: Any) -> Any:
        self._number += 1
        self._seen[0] = self._number
        for action in actions.values():
            action[...] = 0.0
        agents, done = self.agents, self._number == self._length
        if done:
            self.agents = []
        return (
            dict.fromkeys(agents, self._seen),
            dict.fromkeys(agents, self._reward),
            dict.fromkeys(agents, done),
            dict.fromkeys(agents, False),
            {agent: {} for agent in agents},
        )


def in_turn(env: Any) -> Any:
    from pettingzoo.utils.conversions import parallel_to_aec

    return parallel_to_aec(env)


def play(env: Any) -> None:
    env.reset()
    if hasattr(env, "agent_iter"):
        action = np.zeros(1)  # one array for all: what is emitted later must not see its next content
        for number, _ in enumerate(env.agent_iter()):
            _, _, terminated, truncated, _ = env.last()
            action[0] = float(number + 1)
            env.step(None if terminated or truncated else action)
    else:
        while env.agents:
            env.step({agent: np.full(1, 5.0) for agent in env.agents})


@pytest.mark.parametrize(
    ("reward", "total", "turns"),
    # PettingZoo itself adds the turns' rewards up, and takes only numbers of Python and numpy.
    [(*case, False) for case in REWARDS] + [(*case, True) for case in REWARDS[:3] + REWARDS[5:10]],
)
def test_several_agents(recorder: Any, reward: Any, total: float, turns: bool) -> None:
    pair = Pair(reward, 2500)
    play(wrap(in_turn(pair) if turns else pair, recorder.emitter, steps="none"))
    (episode,) = recorder.events("episode")
    assert episode["agent_rewards"] == pytest.approx({"a": total / 2, "b": total / 2}, rel=1e-12)
    assert episode["total_reward"] == pytest.approx(total, rel=1e-12)


def test_what_is_no_number_is_nan_and_said_once(
    recorder: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returns, "_warned", False)
    for reward in (np.ones(2), None, {"a": 1.0}):
        env = wrap(Paid(reward, 1), recorder.emitter)
        env.reset()
        env.step(np.ones(1))
    assert all(math.isnan(episode["total_reward"]) for episode in recorder.events("episode"))
    assert len(recorder.events("episode")) == 3
    assert capsys.readouterr().err.count("a reward is not a number") == 1


@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.fractions(), st.decimals(allow_nan=False)))
def test_any_number_becomes_a_float(value: Any) -> None:
    number = as_float(value)
    assert type(number) is float
    if abs(value) < 1e300:
        assert number == float(value)


@pytest.mark.parametrize("nested", [False, True])
def test_one_array_for_all_observations(recorder: Any, nested: bool) -> None:
    env = wrap(Paid(nested=nested), recorder.emitter, observations=True)
    for _ in range(2):
        env.reset()
        for _ in range(3):
            env.step(np.full(1, 5.0))
    whole = (lambda number: {"a": [number], "b": [[number], [number]]}) if nested else lambda number: [number]
    steps = recorder.events("step")
    assert [step["observation"] for step in steps] == [whole(float(number)) for number in (1, 2, 3)] * 2
    assert [step["reset_observation"] for step in steps if "reset_observation" in step] == [whole(-1.0)] * 2
    assert [step["action"] for step in steps] == [[5.0]] * 6


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("copies", [False, True])
def test_one_array_in_a_vector(recorder: Any, mode: AutoresetMode, nested: bool, copies: bool) -> None:
    vector = SyncVectorEnv([lambda: Paid(nested=nested)] * 2, autoreset_mode=mode, copy=copies)
    env = wrap(vector, recorder.emitter, observations=True)
    env.reset()
    for _ in range(8):
        _, _, terminated, _, infos = env.step(np.full((2, 1), 5.0))
        if mode is AutoresetMode.SAME_STEP and terminated.any():
            last = infos["final_obs"][0]
            assert float((last["b"][1] if nested else last)[0]) == 3.0
    whole = (lambda number: {"a": [number], "b": [[number], [number]]}) if nested else lambda number: [number]
    for index in range(4):
        steps = [step for step in recorder.events("step") if step["ep_index"] == index]
        assert [step["observation"] for step in steps] == [whole(float(number)) for number in (1, 2, 3)]
        assert steps[0]["reset_observation"] == whole(-1.0)
        assert [step["action"] for step in steps] == [[5.0]] * 3


def test_one_array_for_several_agents_at_once(recorder: Any) -> None:
    play(wrap(Pair(1.0, 2), recorder.emitter, observations=True))
    steps = recorder.events("step")
    assert [step["observation"] for step in steps] == [[1.0], [1.0], [2.0], [2.0]]
    assert [step.get("reset_observation") for step in steps] == [[-1.0], [-1.0], None, None]
    assert [step["action"] for step in steps] == [[5.0]] * 4


def test_one_array_for_several_agents_in_turn(recorder: Any) -> None:
    env = in_turn(Pair(1.0, 2))
    # The conversion hands on the actions' own arrays, which the environment then clears.
    play(wrap(env, recorder.emitter, observations=True))
    steps = sorted(recorder.events("step"), key=lambda step: step["step_index"])
    assert [step["action"] for step in steps] == [[1.0], [2.0], [3.0], [4.0]]
    assert [step.get("reset_observation") for step in steps] == [[-1.0], [-1.0], None, None]


def test_a_snapshot_stays_what_it_is() -> None:
    array = np.zeros(2)
    original = {"a": array, "b": (array, [array, {"c": array}]), "d": 1}
    taken = snapshot(original)
    array[:] = 7.0
    assert taken == {"a": [0.0, 0.0], "b": [[0.0, 0.0], [[0.0, 0.0], {"c": [0.0, 0.0]}]], "d": 1}


def test_the_lives_of_one_game_are_not_paid_twice(recorder: Any) -> None:
    class Lives(gymnasium.Wrapper[Any, Any, Any, Any]):
        """Ends after two steps; the game inside goes on."""

        def reset(self, **options: Any) -> Any:
            self._taken = 0
            over = self.env.get_wrapper_attr("_number") in (0, 4)
            return self.env.reset(**options) if over else (np.zeros(1), {})

        def step(self, action: Any) -> Any:
            self._taken += 1
            observation, reward, terminated, truncated, info = self.env.step(action)
            return observation, reward, terminated or self._taken == 2, truncated, info

    env = wrap(Lives(RecordEpisodeStatistics(Paid(1.0, 4))), recorder.emitter)
    for _ in range(2):
        env.reset()
        for _ in range(2):
            env.step(np.ones(1))
    first, second = recorder.events("episode")
    assert (first["total_reward"], first["steps"]) == (2.0, 2)
    assert (second["total_reward"], second["steps"], second["reported_return"]) == (2.0, 2, 4.0)
