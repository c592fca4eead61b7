"""Vectors of environments that report for themselves."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics, TransformReward
from gymnasium.wrappers.vector import RecordEpisodeStatistics as VectorStatistics

from gym_gui.core.worker.envs import RunCounter, VectorTelemetryWrapper, wrap

LENGTHS = (2, 3, 5)


class Count(gymnasium.Env[Any, Any]):
    """Counts up; the reward is the number, the episode ends at a given one. Shows its number as a colour."""

    observation_space = gymnasium.spaces.Box(-1, 1000, (1,), np.float64)
    action_space = gymnasium.spaces.Discrete(4)
    metadata = {"render_modes": ["rgb_array"]}  # noqa: RUF012 - as Gymnasium has it
    render_mode = "rgb_array"

    def __init__(self, length: int, cut: bool = False) -> None:
        self._length, self._cut, self._number = length, cut, 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._number = 0
        return np.array([0.0]), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self._number += 1
        done = self._number == self._length
        return np.array([float(self._number)]), float(self._number), done and not self._cut, done and self._cut, {}

    def render(self) -> Any:
        return np.full((1, 1, 3), self._number, dtype=np.uint8)


def counts(mode: AutoresetMode, lengths: tuple[int, ...] = LENGTHS) -> Any:
    return SyncVectorEnv([functools.partial(Count, length) for length in lengths], autoreset_mode=mode)


def turn(env: Any, mode: AutoresetMode, steps: int) -> None:
    """Take steps, resetting where that is one's own affair."""
    env.reset(seed=10)
    for number in range(steps):
        _, _, terminated, truncated, _ = env.step(np.full(env.num_envs, number % 4))
        done = terminated | truncated
        if mode is AutoresetMode.DISABLED and done.any():
            env.reset(options={"reset_mask": done})


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_every_transition_and_no_other(recorder: Any, mode: AutoresetMode) -> None:
    env = VectorTelemetryWrapper(counts(mode), recorder.emitter, observations=True)
    turn(env, mode, 30)
    env.close()
    steps, episodes = recorder.events("step"), recorder.events("episode")
    # Where the reset takes a step of its own, an episode of n transitions comes every n + 1 steps.
    apart = 1 if mode is AutoresetMode.NEXT_STEP else 0
    assert Counter(episode["env_index"] for episode in episodes) == {
        place: (30 + apart) // (length + apart) for place, length in enumerate(LENGTHS)
    }
    for episode in episodes:
        length = LENGTHS[episode["env_index"]]
        own = [step for step in steps if step["ep_index"] == episode["ep_index"]]
        assert [step["reward"] for step in own] == [float(number) for number in range(1, length + 1)]
        assert [step["observation"] for step in own] == [[step["reward"]] for step in own]
        assert [step.get("reset_observation") for step in own] == [[0.0], *[None] * (length - 1)]
        assert [step["terminated"] for step in own] == [False] * (length - 1) + [True]
        assert (episode["steps"], episode["total_reward"]) == (length, length * (length + 1) / 2)
        assert (episode["terminated"], episode["truncated"]) == (True, False)
    assert [step["step_index"] for step in steps] == list(range(len(steps)))
    assert len({episode["ep_index"] for episode in episodes}) == len(episodes)
    assert [episode.get("seed") for episode in sorted(episodes, key=lambda one: one["ep_index"])][:4] == [
        10,
        11,
        12,
        None,
    ]


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("rule", ["none", "episodes:2"])
def test_whole_episodes_are_sampled_and_counted(recorder: Any, mode: AutoresetMode, rule: str) -> None:
    counter = RunCounter()
    env = VectorTelemetryWrapper(counts(mode), recorder.emitter, steps=rule, counter=counter)
    turn(env, mode, 31)
    env.close()
    recorder.emitter.run_completed({})
    taken = sum(31 - (30 // (length + 1) if mode is AutoresetMode.NEXT_STEP else 0) for length in LENGTHS)
    steps = recorder.events("step")
    assert len(steps) + sum(event.get("sampled", 0) for event in recorder.events()) == taken == counter.next_step()
    assert {step["ep_index"] % 2 for step in steps} == ({0} if rule != "none" else set())


def test_cut_off_is_not_terminated(recorder: Any) -> None:
    env = wrap(SyncVectorEnv([functools.partial(Count, 2, cut=True)] * 2), recorder.emitter)
    turn(env, AutoresetMode.NEXT_STEP, 2)
    assert [(e["terminated"], e["truncated"]) for e in recorder.events("episode")] == [(False, True)] * 2


def test_reset_in_the_middle_begins_anew(recorder: Any) -> None:
    env = VectorTelemetryWrapper(counts(AutoresetMode.NEXT_STEP, (2, 9)), recorder.emitter, steps="none")
    env.reset(seed=[5, None])
    env.step(np.zeros(2, int))
    env.step(np.zeros(2, int))  # the first has ended, the second is under way
    env.reset()
    for _ in range(9):
        env.step(np.zeros(2, int))
    recorder.emitter.run_completed({})
    episodes = recorder.events("episode")
    assert [(e["env_index"], e["steps"], e.get("seed")) for e in episodes] == [
        (0, 2, 5), (0, 2, None), (0, 2, None), (0, 2, None), (1, 9, None),
    ]  # fmt: skip
    assert sum(event.get("sampled", 0) for event in recorder.events()) == 2 + 2 + 3 * 2 + 9


def make_scaled() -> Any:
    return TransformReward(RecordEpisodeStatistics(Count(4)), lambda reward: reward / 10)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("inside", [True, False])
def test_the_return_that_the_environment_reports_counts(recorder: Any, mode: AutoresetMode, inside: bool) -> None:
    if inside:
        env: Any = SyncVectorEnv([make_scaled] * 2, autoreset_mode=mode)
    else:
        env = gymnasium.wrappers.vector.TransformReward(VectorStatistics(counts(mode, (4, 9))), lambda r: r / 10)
    turn(VectorTelemetryWrapper(env, recorder.emitter), mode, 4)
    episodes = recorder.events("episode")
    assert len(episodes) == (2 if inside else 1)
    assert [(e["total_reward"], pytest.approx(e["reward_sum"])) for e in episodes] == [(10.0, 1.0)] * len(episodes)


def test_one_environment_reports_its_return(recorder: Any) -> None:
    env = wrap(make_scaled(), recorder.emitter)
    env.reset()
    for _ in range(4):
        env.step(0)
    (episode,) = recorder.events("episode")
    assert (episode["total_reward"], episode["reward_sum"]) == (10.0, pytest.approx(1.0))


def test_equal_returns_are_told_once(recorder: Any) -> None:
    env = VectorTelemetryWrapper(VectorStatistics(counts(AutoresetMode.NEXT_STEP)), recorder.emitter)
    turn(env, AutoresetMode.NEXT_STEP, 20)
    assert recorder.events("episode")
    assert not [episode for episode in recorder.events("episode") if "reward_sum" in episode]


def cartpole() -> Any:
    return gymnasium.make("CartPole-v1")


def test_environments_in_processes_of_their_own_say_the_same(recorder: Any) -> None:
    def play(env: Any) -> list[dict[str, Any]]:
        before = len(recorder.events())
        with contextlib.closing(VectorTelemetryWrapper(env, recorder.emitter, observations=True)) as wrapped:
            wrapped.action_space.seed(3)
            wrapped.reset(seed=3)
            for _ in range(60):
                wrapped.step(wrapped.action_space.sample())
        return [{k: v for k, v in e.items() if k != "timestamp"} for e in recorder.events()[before:]]

    inside = play(SyncVectorEnv([cartpole] * 2))
    outside = play(AsyncVectorEnv([cartpole] * 2, context="spawn"))
    assert len(inside) > 100
    assert inside == outside


def test_composite_spaces(recorder: Any) -> None:
    class Composite(Count):
        observation_space = gymnasium.spaces.Dict({"a": Count.observation_space, "b": gymnasium.spaces.Discrete(9)})
        action_space = gymnasium.spaces.Tuple([gymnasium.spaces.Discrete(3), gymnasium.spaces.Box(0, 1, (2,))])

        def reset(self, **options: Any) -> Any:
            return {"a": super().reset(**options)[0], "b": 1}, {}

        def step(self, action: Any) -> Any:
            observation, *rest = super().step(action)
            return ({"a": observation, "b": 2}, *rest)

    env = VectorTelemetryWrapper(SyncVectorEnv([lambda: Composite(9)] * 2), recorder.emitter, observations=True)
    env.reset(seed=1)
    env.step(env.action_space.sample())
    for step in recorder.events("step"):
        assert step["observation"] == {"a": [1.0], "b": 2}
        assert step["reset_observation"] == {"a": [0.0], "b": 1}
        assert isinstance(step["action"][0], int)
        assert len(step["action"][1]) == 2


def test_frames(recorder: Any, tmp_path: Path) -> None:
    env = VectorTelemetryWrapper(
        counts(AutoresetMode.NEXT_STEP), recorder.emitter, frames="episodes:3", frames_dir=tmp_path
    )
    turn(env, AutoresetMode.NEXT_STEP, 3)
    named = {step["frame"] for step in recorder.events("step") if "frame" in step}
    assert named == {"ep000000/000000.png", "ep000000/000001.png"}
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/*")} == named
    with pytest.raises(ValueError, match="rgb_array"):
        VectorTelemetryWrapper(gymnasium.make_vec("CartPole-v1", 2), recorder.emitter, frames="all")


def test_vectors_that_do_not_say_how_they_reset(recorder: Any) -> None:
    vector = counts(AutoresetMode.NEXT_STEP)
    vector.metadata = {}
    turn(VectorTelemetryWrapper(vector, recorder.emitter), AutoresetMode.NEXT_STEP, 30)
    assert Counter(e["env_index"] for e in recorder.events("episode")) == {0: 10, 1: 7, 2: 5}
