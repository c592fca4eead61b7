"""A Gymnasium environment that emits its steps and episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium

from gym_gui.core.worker.encoding import to_jsonable
from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.frames import FrameWriter
from gym_gui.core.worker.envs.sampling import EpisodeSampling
from gym_gui.core.worker.sink import say
from gym_gui.core.worker.telemetry import TelemetryEmitter


class TelemetryWrapper(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Emits one event per episode and, for the episodes that are recorded, one per step.

    Once the run's disk quota is used up, whole episodes are emitted without their steps. Steps that are left out are
    counted in the ``sampled`` of their episode's event. An episode that is reset before its end is not emitted; its
    steps that were left out are counted all the same.

    Args:
        env: The environment.
        emitter: Emits its events.
        steps: Which episodes' steps: ``"all"``, ``"none"`` or ``"episodes:<k>"``.
        observations: Put what each step returned into its event (and what ``reset`` returned into the first one's
            ``reset_observation``), so that an episode can be replayed.
        frames: Which episodes' rendered frames are written as PNG files (needs ``render_mode="rgb_array"``); of those
            whose steps are recorded. The step's event names the file.
        frames_dir: Where to; default: the worker's folder for frames.
        phase: ``"train"`` or ``"eval"``.
        agent_id: Who acts, where several environments or agents share a run.
        counter: Numbers of steps and episodes; share one between environments of the same phase.

    Raises:
        ConfigError: A sampling rule is not valid.
        ValueError: Frames are wanted of an environment that does not render arrays.
    """

    def __init__(
        self,
        env: Any,
        emitter: TelemetryEmitter,
        *,
        steps: str = "all",
        observations: bool = False,
        frames: str = "none",
        frames_dir: Path | None = None,
        phase: str | None = None,
        agent_id: str | None = None,
        counter: RunCounter | None = None,
    ) -> None:
        super().__init__(env)
        self._emitter = emitter
        self._sampling = EpisodeSampling(steps)
        self._frame_sampling = EpisodeSampling(frames, name="frames")
        self._observations = observations
        self._writer = self._open_frames(frames, frames_dir)
        self._labels: dict[str, Any] = {
            name: value for name, value in (("phase", phase), ("agent_id", agent_id)) if value is not None
        }
        self._counter = counter or RunCounter()
        self._first: dict[str, Any] = {}
        self._seed: int | None = None
        self._ep_index = -1
        self._return = 0.0
        self._length = 0
        self._recorded = False
        self._rendered = False

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        self._abandon()
        observation, info = self.env.reset(seed=seed, options=options)
        self._begin(seed)
        if self._recorded and self._observations:
            self._first = {"reset_observation": to_jsonable(observation)}
        return observation, info

    def step(self, action: Any) -> Any:
        """Take a step."""
        result: Any = self.env.step(action)
        if self._ep_index < 0:  # environments that begin their next episode by themselves
            self._begin(None)
        self._return += result[1]
        if self._recorded:
            self._emit_step(action, result)
        self._length += 1
        if result[2] or result[3]:
            self._end(bool(result[2]), bool(result[3]))
        return result

    def close(self) -> None:
        """Close the environment."""
        self._abandon()
        super().close()

    def _open_frames(self, frames: str, frames_dir: Path | None) -> FrameWriter | None:
        if frames == "none":
            return None
        if self.render_mode != "rgb_array":
            raise ValueError(f'frames need an environment of render_mode="rgb_array", not {self.render_mode!r}')
        if frames_dir is None:
            from gym_gui.config.paths import get_frames_dir

            frames_dir = get_frames_dir(self._emitter.run_id, self._emitter.worker_id)
        return FrameWriter(Path(frames_dir))

    def _begin(self, seed: int | None) -> None:
        self._ep_index = self._counter.next_episode()
        self._seed = seed
        self._return = 0.0
        self._length = 0
        self._recorded = self._sampling.picks(self._ep_index) and self._emitter.allows_steps()
        self._rendered = self._recorded and self._writer is not None and self._frame_sampling.picks(self._ep_index)
        self._first = {}

    def _emit_step(self, action: Any, result: Any) -> None:
        observation, reward, terminated, truncated, _ = result
        extra = dict(self._labels, **self._first) if self._first else self._labels
        self._first = {}
        if self._rendered:
            extra = {**extra, **self._frame()}
        self._emitter.step(
            self._counter.next_step(),
            reward=_plain(reward),
            ep_index=self._ep_index,
            terminated=bool(terminated),
            truncated=bool(truncated),
            action=_plain(action),
            observation=_plain(observation) if self._observations else None,
            **extra,
        )

    def _frame(self) -> dict[str, Any]:
        try:
            assert self._writer is not None
            return {"frame": self._writer.write(self._ep_index, self._length, self.env.render())}
        except (OSError, ValueError, AttributeError) as error:
            self._rendered = False
            say(f"frames of episode {self._ep_index} cannot be written ({error}); training goes on.")
            return {}

    def _end(self, terminated: bool, truncated: bool) -> None:
        extra = dict(self._labels)
        if not self._recorded:
            extra["sampled"] = self._length
        self._emitter.episode(
            self._ep_index,
            total_reward=float(self._return),
            steps=self._length,
            seed=self._seed,
            terminated=terminated,
            truncated=truncated,
            **extra,
        )
        self._ep_index = -1

    def _abandon(self) -> None:
        """Count the steps that were left out of an episode that ends without an end."""
        if self._ep_index >= 0 and not self._recorded and self._length:
            self._emitter.count_sampled(self._length)
        self._ep_index = -1


def _plain(value: Any) -> Any:
    """Return numbers and arrays of numpy as Python's own."""
    return value if type(value) in (int, float) else to_jsonable(value) if hasattr(value, "tolist") else value


__all__ = ["TelemetryWrapper"]
