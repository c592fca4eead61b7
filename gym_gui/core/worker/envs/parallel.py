"""A PettingZoo environment whose agents act at once, and that emits what each of them does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pettingzoo.utils import BaseParallelWrapper

from gym_gui.core.worker.encoding import snapshot
from gym_gui.core.worker.envs.agents import AgentsRecording
from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.returns import as_float
from gym_gui.core.worker.telemetry import TelemetryEmitter


class ParallelTelemetryWrapper(BaseParallelWrapper):  # type: ignore[misc]
    """Emits a step for each agent that acted, all with the same step index, and the episodes with each agent's return.

    An episode's ``total_reward`` is the sum over its agents, ``agent_rewards`` holds the return of each and
    ``agent_steps`` how long each took part: an agent that dies early has no more steps, and keeps its return. The
    episode ends when no agent is left. In ``sampled`` every agent's step counts.

    Args:
        env: A ``ParallelEnv``.
        emitter: Emits its events.
        steps: Which episodes' steps: ``"all"``, ``"none"`` or ``"episodes:<k>"``.
        observations: Put what each agent saw then into its step.
        frames: Which episodes' frames are written as PNG files (needs ``render_mode="rgb_array"``).
        frames_dir: Where to; default: the worker's folder for frames.
        render: ``"on"``: show the environment live to those who watch (needs ``render_mode="rgb_array"``; see
            :func:`~gym_gui.core.worker.envs.rendering.make_rendered`).
        phase: ``"train"`` or ``"eval"``.
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
        render: str = "off",
        phase: str | None = None,
        counter: RunCounter | None = None,
    ) -> None:
        super().__init__(env)
        self._agents = AgentsRecording(
            env,
            emitter,
            steps=steps,
            observations=observations,
            frames=frames,
            frames_dir=frames_dir,
            render=render,
            phase=phase,
            counter=counter,
        )

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Begin an episode."""
        recording = self._agents
        recording.abandon()
        result = self.env.reset(seed=seed, options=options)
        if recording.begin(seed).episode.recorded and recording.observations:
            for agent, observation in result[0].items():
                recording.keep_first(str(agent), observation)
        return result

    def step(self, actions: dict[Any, Any]) -> Any:
        """Let every agent take a step."""
        recording = self._agents
        current = recording.current or recording.begin()
        taken = snapshot(actions) if current.episode.recorded else {}  # an environment may change them in place
        acting = set(actions)
        result = self.env.step(actions)
        observations, rewards, terminations, truncations, _ = result
        number = recording.next_step() if current.episode.recorded else -1
        frame = recording.frame(current)
        for agent, given in rewards.items():
            name, reward = str(agent), as_float(given)
            recording.add_reward(current, name, reward)
            if agent not in acting:  # dead, and rewarded for what others do
                continue
            recording.emit(
                current,
                number,
                name,
                reward=reward,
                terminated=bool(terminations.get(agent)),
                truncated=bool(truncations.get(agent)),
                action=taken.get(agent),
                observation=observations.get(agent),
                frame=frame,
            )
        current.episode.length += 1
        recording.show()
        if not self.env.agents:
            recording.end()
        return result

    def close(self) -> None:
        """Close the environment."""
        self._agents.abandon()
        self._agents.close()
        super().close()


__all__ = ["ParallelTelemetryWrapper"]
