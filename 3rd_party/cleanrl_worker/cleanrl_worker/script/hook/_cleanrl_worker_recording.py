"""Records the steps and episodes of every environment that a script makes, and sends them to the worker as JSON lines.

The standard library alone, Python 3.8 or newer. The environments stay the objects that they are: only their ``step``
and ``reset`` are watched. What gymnasium's ``make`` returns is below the script's own wrappers, so rewards are those of
the environment, and games whole.
"""

from __future__ import annotations

import copy
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from typing import Any

EPISODES, STEPS = 0, 1
#: Where CleanRL's scripts evaluate from: episodes of environments made in there are no training.
EVALUATION = "cleanrl_utils.evals"
PROGRESS_S = 1.0


class Recorder:
    """Watches environments.

    Args:
        descriptor: Where the lines go.
        period: Steps of every so many-th episode are sent; 0 sends none.
        observations: Whether steps carry the observation that they led to.
    """

    def __init__(self, descriptor: int, period: int, observations: bool) -> None:
        self._descriptor, self.period, self.observations = descriptor, period, observations
        # Shared with processes that the script forks, as gymnasium's AsyncVectorEnv does.
        self._counts = multiprocessing.Array("q", 2)
        self._reported_at = 0.0

    def watch(self, module: Any) -> None:
        """Have ``gymnasium`` (or ``gym``) return watched environments."""
        registration: Any = sys.modules.get(module.__name__ + ".envs.registration")
        for place in (module, registration):
            make = getattr(place, "make", None)
            if make is not None:
                place.make = self._watching(make)

    def _watching(self, make: Callable[..., Any]) -> Callable[..., Any]:
        def made(*args: Any, **kwargs: Any) -> Any:
            env = make(*args, **kwargs)
            if not getattr(env, "_cleanrl_worker_watched", False):
                env._cleanrl_worker_watched = True
                Watch(env, self, "eval" if _evaluating() else "train")
            return env

        made.__name__, made.__doc__, made.__wrapped__ = "make", make.__doc__, make  # type: ignore[attr-defined]
        return made

    def next(self, which: int) -> int:
        """Return the next number of an episode or a step of the whole run."""
        with self._counts.get_lock():
            self._counts[which] += 1
            return int(self._counts[which]) - 1

    def send(self, message: dict[str, Any]) -> None:
        """Send one line; a worker that is gone ends the script."""
        line = json.dumps(message, default=_plain).encode("utf-8") + b"\n"
        with self._counts.get_lock():
            while line:
                line = line[os.write(self._descriptor, line) :]

    def progress(self, step: int) -> None:
        """Say once a second how many steps were taken, sent or not."""
        now = time.monotonic()
        if now - self._reported_at >= PROGRESS_S:
            self._reported_at = now
            self.send({"kind": "progress", "steps": step + 1})


class Watch:
    """One environment's steps and episodes.

    Args:
        env: The environment; its ``step`` and ``reset`` are replaced.
        recorder: Where they are recorded.
        phase: ``train`` or ``eval``.
    """

    def __init__(self, env: Any, recorder: Recorder, phase: str) -> None:
        self._step, self._reset, self._recorder, self._phase = env.step, env.reset, recorder, phase
        self._number: int | None = None
        self._steps = self._sent = 0
        self._total, self._seed = 0.0, None
        env.step, env.reset = self.step, self.reset

    def reset(self, *args: Any, **kwargs: Any) -> Any:
        """Begin an episode."""
        result = self._reset(*args, **kwargs)
        self._seed = kwargs.get("seed")
        self._number, self._steps, self._sent, self._total = None, 0, 0, 0.0
        return result

    def step(self, action: Any) -> Any:
        """Take a step and record it."""
        recorder = self._recorder
        if self._number is None:  # only now: a reset after a reset is no episode
            self._number = recorder.next(EPISODES)
        if recorder.period and self._number % recorder.period == 0:
            action_taken = copy.copy(action)  # the environment may change it in place
        result = self._step(action)
        reward = result[1]
        # In Python's float, whatever the environment's type: float16 stops counting by ones at 2048.
        reward = float(reward.item() if hasattr(reward, "item") else reward)
        obs, terminated, truncated = result[0], bool(result[2]), False
        if len(result) == 5:
            truncated = bool(result[3])
        index = recorder.next(STEPS)
        self._steps += 1
        self._total += reward
        if recorder.period and self._number % recorder.period == 0:
            step = {"kind": "step", "step_index": index, "ep_index": self._number, "reward": reward}
            step.update(terminated=terminated, truncated=truncated, action=action_taken)
            if recorder.observations:
                step["observation"] = obs
            if self._phase != "train":
                step["phase"] = self._phase
            recorder.send(step)
            self._sent += 1
        if terminated or truncated:
            episode = {"kind": "episode", "ep_index": self._number, "total_reward": self._total, "steps": self._steps}
            episode.update(terminated=terminated, truncated=truncated, seed=self._seed, phase=self._phase)
            episode["sampled"] = self._steps - self._sent
            episode["total_steps"] = index + 1
            recorder.send(episode)
            self._number, self._steps, self._sent, self._total, self._seed = None, 0, 0, 0.0, None
        else:
            recorder.progress(index)
        return result


def _evaluating() -> bool:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if str(frame.f_globals.get("__name__", "")).startswith(EVALUATION):
            return True
        frame = frame.f_back
    return False


def _plain(value: Any) -> Any:
    """Return numpy's and torch's values as JSON has them."""
    return value.tolist() if hasattr(value, "tolist") else str(value)
