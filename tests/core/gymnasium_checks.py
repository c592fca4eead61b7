"""Prints, for the Gymnasium at hand, what the wrappers told of episodes whose sums are known: a program, no tests."""

from __future__ import annotations

import functools
import io
import json
import sys
from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from gymnasium.wrappers import Autoreset, RecordEpisodeStatistics, TransformReward
from gymnasium.wrappers.vector import RecordEpisodeStatistics as VectorStatistics
from gymnasium.wrappers.vector import TransformReward as VectorTransformReward

from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.envs import wrap

#: 111 in three steps, and 1 in one: the first reward of an episode matters, and so does an episode of one step.
LONG, SHORT = (1.0, 10.0, 100.0), (1.0,)


class Scripted(gymnasium.Env):  # type: ignore[type-arg] # not generic in every version
    """Gives the rewards of a list; returns one array, whose content it changes."""

    observation_space = gymnasium.spaces.Box(-1.0, 1e6, (1,), np.float64)
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, rewards: tuple[Any, ...]) -> None:
        self._rewards, self._number = rewards, 0
        self._seen = np.zeros(1)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self._number, self._seen[0] = 0, -1.0
        return self._seen, {}

    def step(self, action: Any) -> Any:
        reward = self._rewards[self._number]
        self._number += 1
        self._seen[0] = float(self._number)
        return self._seen, reward, self._number == len(self._rewards), False, {}


def tenth(env: Any) -> Any:
    return TransformReward(env, lambda reward: reward / 10)


def played(env: Any, steps: int) -> dict[str, Any]:
    """Step an environment on and on; return what is told of its episodes and steps."""
    sink = io.StringIO()
    emitter = TelemetryEmitter("r", worker_id="w", sink=sink)
    wrapped = wrap(env, emitter, observations=True)
    return told(wrapped, sink, steps)


def told(env: Any, sink: io.StringIO, steps: int) -> dict[str, Any]:
    env.reset(seed=1)
    vector = hasattr(env, "num_envs")
    mode = (env.metadata or {}).get("autoreset_mode")
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(np.zeros(env.num_envs, dtype=int) if vector else 0)
        if vector and getattr(mode, "value", mode) == "Disabled" and (terminated | truncated).any():
            env.reset(options={"reset_mask": terminated | truncated})
    events = [json.loads(line) for line in sink.getvalue().splitlines()]
    env.close()
    return {
        "episodes": [
            [
                e.get("env_index"),
                e["total_reward"],
                e["steps"],
                round(e["reward_sum"], 6) if "reward_sum" in e else None,
            ]
            for e in events
            if e["event_type"] == "episode"
        ],
        "steps": [[e["reward"], *e["observation"]] for e in events if e["event_type"] == "step"],
    }


def singles() -> dict[str, Any]:
    inside = io.StringIO()
    own = wrap(Scripted(LONG), TelemetryEmitter("r", worker_id="w", sink=inside), observations=True)
    return {
        "autoreset inside": played(Autoreset(Scripted(LONG)), 8),
        "autoreset inside, one step": played(Autoreset(Scripted(SHORT)), 4),
        "autoreset outside": told(Autoreset(own), inside, 8),
        "statistics outside of autoreset": played(RecordEpisodeStatistics(Autoreset(Scripted(LONG))), 8),
        "statistics inside of autoreset": played(Autoreset(RecordEpisodeStatistics(Scripted(LONG))), 8),
        "changed rewards": played(Autoreset(tenth(RecordEpisodeStatistics(Scripted(LONG)))), 8),
        "float16": played(RecordEpisodeStatistics(Scripted((np.float16(1.0),) * 5000)), 5000)["episodes"],
        "float32": played(RecordEpisodeStatistics(Scripted((np.float32(0.1),) * 20000)), 20000)["episodes"],
    }


def vectors(mode: Any) -> dict[str, Any]:
    options = {} if mode is None else {"autoreset_mode": mode}

    def vector(*change: Any, kind: Any = SyncVectorEnv) -> Any:
        def make(rewards: tuple[float, ...]) -> Any:
            env: Any = Scripted(rewards)
            for wrapper in change:
                env = wrapper(env)
            return env

        return kind([functools.partial(make, LONG), functools.partial(make, SHORT)], **options)

    return {
        "plain": played(vector(), 8),
        "statistics inside": played(vector(RecordEpisodeStatistics), 8),
        "statistics outside": played(VectorStatistics(vector()), 8),
        "changed rewards": played(vector(RecordEpisodeStatistics, tenth), 8),
        "autoreset inside": played(vector(Autoreset), 8),
        "in processes": played(vector(kind=AsyncVectorEnv), 8)["episodes"],
        # In the other modes Gymnasium's own statistics are wrong before 1.4, and nothing else knows the rewards.
        "changed outside": played(VectorTransformReward(VectorStatistics(vector()), lambda r: r / 10), 8)["episodes"]
        if str(getattr(mode, "value", "NextStep")) == "NextStep"
        else None,
    }


if __name__ == "__main__":
    modes: Any = getattr(gymnasium.vector, "AutoresetMode", None)
    named = {"NextStep": None} if modes is None else {mode.value: mode for mode in modes}
    json.dump(
        {
            "version": gymnasium.__version__,
            "single": singles(),
            **{name: vectors(mode) for name, mode in named.items()},
        },
        sys.stdout,
    )
