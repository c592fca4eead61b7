"""Environments of several agents that report for themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from gym_gui.core.worker import UsageError
from gym_gui.core.worker.envs import AECTelemetryWrapper, ParallelTelemetryWrapper, RunCounter, TelemetryWrapper, wrap

# The way in which its environments are made warns of a newer one, which older versions do not have.
pytestmark = pytest.mark.filterwarnings("ignore:The old environment creation API:DeprecationWarning")
pettingzoo = pytest.importorskip("pettingzoo")


class Race(pettingzoo.ParallelEnv):  # type: ignore[misc, name-defined]
    """Agent i is out after i + 1 steps and gets i + 1 in each; the last is cut off."""

    metadata = {"name": "race", "render_modes": ["rgb_array"]}  # noqa: RUF012 - as PettingZoo has it
    render_mode = "rgb_array"

    def __init__(self, agents: int = 3) -> None:
        self.possible_agents = [f"agent_{number}" for number in range(agents)]
        self.agents: list[str] = []
        self._taken = 0

    def observation_space(self, agent: str) -> Any:
        return gymnasium.spaces.Box(0, 100, (1,))

    def action_space(self, agent: str) -> Any:
        return gymnasium.spaces.Discrete(2)

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.agents, self._taken = self.possible_agents[:], 0
        return {agent: np.array([0.0]) for agent in self.agents}, {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, int]) -> Any:
        self._taken += 1
        numbers = {agent: int(agent[-1]) + 1 for agent in self.agents}
        done = {agent: number == self._taken for agent, number in numbers.items()}
        last = self.possible_agents[-1]
        result = (
            {agent: np.array([float(self._taken)]) for agent in self.agents},
            {agent: float(number) for agent, number in numbers.items()},
            {agent: one and agent != last for agent, one in done.items()},
            {agent: one and agent == last for agent, one in done.items()},
            {agent: {} for agent in self.agents},
        )
        self.agents = [agent for agent in self.agents if not done[agent]]
        return result

    def render(self) -> Any:
        return np.full((1, 1, 3), self._taken, dtype=np.uint8)


def race(env: Any, episodes: int = 1) -> None:
    for number in range(episodes):
        env.reset(seed=number)
        while env.agents:
            env.step(dict.fromkeys(env.agents, 1))


def test_each_agents_steps_share_an_index_and_dead_agents_have_none(recorder: Any) -> None:
    env = wrap(Race(), recorder.emitter, observations=True)
    assert isinstance(env, ParallelTelemetryWrapper)
    race(env)
    steps, (episode,) = recorder.events("step"), recorder.events("episode")
    assert [(s["step_index"], s["agent_id"], s["reward"], s["terminated"], s["truncated"]) for s in steps] == [
        (0, "agent_0", 1.0, True, False),
        (0, "agent_1", 2.0, False, False),
        (0, "agent_2", 3.0, False, False),
        (1, "agent_1", 2.0, True, False),
        (1, "agent_2", 3.0, False, False),
        (2, "agent_2", 3.0, False, True),
    ]
    assert [s["observation"] for s in steps] == [[1.0]] * 3 + [[2.0]] * 2 + [[3.0]]
    assert [s.get("reset_observation") for s in steps] == [[0.0]] * 3 + [None] * 3
    assert {s["action"] for s in steps} == {1}
    assert episode["agent_rewards"] == {"agent_0": 1.0, "agent_1": 4.0, "agent_2": 9.0}
    assert episode["agent_steps"] == {"agent_0": 1, "agent_1": 2, "agent_2": 3}
    assert (episode["total_reward"], episode["steps"], episode["seed"]) == (14.0, 3, 0)
    assert (episode["terminated"], episode["truncated"]) == (False, True)


@pytest.mark.parametrize(("rule", "recorded"), [("none", set()), ("episodes:2", {0, 2})])
def test_whole_episodes_are_sampled(recorder: Any, rule: str, recorded: set[int]) -> None:
    counter = RunCounter()
    env = ParallelTelemetryWrapper(Race(), recorder.emitter, steps=rule, counter=counter, phase="eval")
    race(env, 3)
    env.reset()
    env.step(dict.fromkeys(env.agents, 0))
    env.close()
    recorder.emitter.run_completed({})
    steps, events = recorder.events("step"), recorder.events()
    # The fourth episode is given up: its three step events are left out, too, unless its number is recorded.
    assert len(steps) + sum(event.get("sampled", 0) for event in events) == 3 * 6 + 3
    assert {step["ep_index"] for step in steps} == recorded
    assert counter.next_step() == 3 * 3 + 1
    assert {event["phase"] for event in events[:-1]} == {"eval"}


def test_frames_show_all_agents(recorder: Any, tmp_path: Path) -> None:
    race(wrap(Race(), recorder.emitter, frames="all", frames_dir=tmp_path))
    frames = [(step["step_index"], step["frame"]) for step in recorder.events("step")]
    assert set(frames) == {(number, f"ep000000/{number:06d}.png") for number in range(3)}
    assert len(list(tmp_path.glob("*/*.png"))) == 3


def spread(api: str, **options: Any) -> Any:
    module = pytest.importorskip("mpe2.simple_spread_v3")
    return getattr(module, api)(max_cycles=10, **options)


def play_spread(env: Any, actions: np.random.Generator) -> dict[str, float]:
    """Play as the library's documentation shows, return each agent's return."""
    env.reset(seed=4)
    returns = dict.fromkeys(env.possible_agents, 0.0)
    if hasattr(env, "agent_iter"):
        for agent in env.agent_iter():
            _, reward, terminated, truncated, _ = env.last()
            returns[agent] += reward
            env.step(None if terminated or truncated else int(actions.integers(5)))
    else:
        while env.agents:
            _, rewards, *_ = env.step({agent: int(actions.integers(5)) for agent in env.agents})
            for agent, reward in rewards.items():
                returns[agent] += reward
    return returns


def test_in_turn_and_at_once_tell_the_same(recorder: Any) -> None:
    told = []
    for api in ("parallel_env", "env"):
        before = len(recorder.events())
        env = wrap(spread(api), recorder.emitter)
        returns = play_spread(env, np.random.default_rng(1))
        env.close()
        events = recorder.events()[before:]
        (episode,) = [event for event in events if event["event_type"] == "episode"]
        steps = [event for event in events if event["event_type"] == "step"]
        assert episode["agent_rewards"] == pytest.approx(returns)
        assert episode["total_reward"] == pytest.approx(sum(returns.values()))
        assert episode["agent_steps"] == dict.fromkeys(returns, 10)
        assert len(steps) == 30
        for agent, value in returns.items():
            assert sum(step["reward"] for step in steps if step["agent_id"] == agent) == pytest.approx(value)
        told.append([(s["agent_id"], s["action"], round(s["reward"], 6), s["truncated"]) for s in steps])
        assert [s["step_index"] for s in steps] == [n // 3 for n in range(30)] if api == "parallel_env" else range(30)
        assert episode["steps"] == (10 if api == "parallel_env" else 30)
    assert told[0] == told[1]


def tictactoe() -> Any:
    return pytest.importorskip("pettingzoo.classic.tictactoe_v3").env()


def play_tictactoe(env: Any, seed: int, *, to_the_end: bool = True) -> dict[str, float]:
    env.reset(seed=seed)
    actions = np.random.default_rng(seed)
    returns = dict.fromkeys(env.possible_agents, 0.0)
    for agent in env.agent_iter():
        observation, reward, terminated, truncated, _ = env.last()
        returns[agent] += reward
        if terminated or truncated:
            if not to_the_end:
                break
            env.step(None)
        else:
            env.step(int(actions.choice(np.flatnonzero(observation["action_mask"]))))
    return returns


@pytest.mark.parametrize("to_the_end", [True, False])
def test_a_board_game_in_turn(recorder: Any, to_the_end: bool) -> None:
    env = wrap(tictactoe(), recorder.emitter, observations=True)
    assert isinstance(env, AECTelemetryWrapper)
    expected = [play_tictactoe(env, seed, to_the_end=to_the_end) for seed in range(5)]
    env.close()
    episodes, steps = recorder.events("episode"), recorder.events("step")
    assert [episode["seed"] for episode in episodes] == [0, 1, 2, 3, 4]
    assert [step["step_index"] for step in sorted(steps, key=lambda one: one["step_index"])] == list(range(len(steps)))
    for episode, returns in zip(episodes, expected, strict=True):
        own = sorted((s for s in steps if s["ep_index"] == episode["ep_index"]), key=lambda one: one["step_index"])
        assert len(own) == episode["steps"] == sum(episode["agent_steps"].values())
        assert [step["agent_id"] for step in own] == ["player_1", "player_2"] * 4 + ["player_1"] * 1 or len(own) < 9
        assert [step["terminated"] for step in own] == [False] * (len(own) - 2) + [True] * 2
        assert np.shape(own[0]["observation"]["observation"]) == (3, 3, 2)
        assert [step["action"] for step in own] == list(dict.fromkeys(step["action"] for step in own))
        for agent, value in episode["agent_rewards"].items():
            assert sum(step["reward"] for step in own if step["agent_id"] == agent) == value
        if to_the_end:
            assert episode["agent_rewards"] == returns
    assert any(any(episode["agent_rewards"].values()) for episode in episodes)


def test_sampling_in_turn(recorder: Any) -> None:
    counter = RunCounter()
    env = wrap(tictactoe(), recorder.emitter, steps="episodes:3", counter=counter)
    for seed in range(4):
        play_tictactoe(env, seed)
    env.reset(seed=9)
    env.step(0)
    env.step(1)
    env.close()
    recorder.emitter.run_completed({})
    steps, events = recorder.events("step"), recorder.events()
    assert {step["ep_index"] for step in steps} == {0, 3}
    taken = sum(episode["steps"] for episode in recorder.events("episode")) + 2
    assert len(steps) + sum(event.get("sampled", 0) for event in events) == taken == counter.next_step()


def test_agents_that_die_early_in_turn(recorder: Any) -> None:
    env = wrap(pettingzoo.utils.parallel_to_aec(Race()), recorder.emitter)
    env.reset(seed=1)
    for _ in env.agent_iter():
        _, _, terminated, truncated, _ = env.last()
        env.step(None if terminated or truncated else 1)
    (episode,) = recorder.events("episode")
    assert episode["agent_rewards"] == {"agent_0": 1.0, "agent_1": 4.0, "agent_2": 9.0}
    assert episode["agent_steps"] == {"agent_0": 1, "agent_1": 2, "agent_2": 3}
    assert (episode["total_reward"], episode["steps"]) == (14.0, 6)
    ends = {s["agent_id"]: (s["terminated"], s["truncated"]) for s in recorder.events("step")}
    assert ends == {"agent_0": (True, False), "agent_1": (True, False), "agent_2": (False, True)}


def test_the_library_takes_the_wrapped_for_its_own(recorder: Any) -> None:
    from pettingzoo.test import api_test, parallel_api_test

    parallel_api_test(wrap(spread("parallel_env"), recorder.emitter), num_cycles=30)
    api_test(wrap(spread("env"), recorder.emitter), num_cycles=30)
    assert recorder.events("episode")


def test_the_right_wrapper_is_picked(recorder: Any) -> None:
    assert isinstance(wrap(gymnasium.make("CartPole-v1"), recorder.emitter), TelemetryWrapper)
    with pytest.raises(UsageError, match=r"builtins\.dict is not an environment"):
        wrap({}, recorder.emitter)
