"""A PettingZoo environment whose agents act in turn, and that emits what each of them does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pettingzoo.utils import BaseWrapper

from gym_gui.core.worker.encoding import snapshot
from gym_gui.core.worker.envs.agents import AgentsEpisode, AgentsRecording
from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.returns import as_float
from gym_gui.core.worker.telemetry import TelemetryEmitter


class _Turn:
    """An action whose reward is not complete before its agent's next turn."""

    __slots__ = ("action", "frame", "number", "reward")

    def __init__(self, number: int, action: Any) -> None:
        self.number = number
        self.action = action
        self.reward = 0.0
        self.frame: dict[str, str] = {}


class AECTelemetryWrapper(BaseWrapper):  # type: ignore[misc]
    """Emits each agent's turns as steps, and the episodes with each agent's return.

    Every turn has a step index of its own. Its reward is all that the agent got from its action until its next turn
    (what ``last()`` returns then), and its observation what the agent sees then; so it is emitted at that moment, or
    when the episode ends. The steps with which dead agents are taken away are none, and not emitted. An episode's
    ``total_reward`` is the sum over its agents; ``agent_rewards`` and ``agent_steps`` hold each one's. It ends when
    every agent is dead, also if those are never stepped.

    Args:
        env: An ``AECEnv``.
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
        self._turns: dict[Any, _Turn] = {}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Begin an episode."""
        self._abandon()
        self.env.reset(seed=seed, options=options)
        self._agents.begin(seed)

    def step(self, action: Any) -> None:
        """Let the selected agent take its turn."""
        env, recording = self.env, self._agents
        agent = env.agent_selection
        if env.terminations[agent] or env.truncations[agent]:
            self._take_away(agent, action)
            return
        current = recording.current or recording.begin()
        self._emit_turn(current, agent)
        if current.episode.recorded and recording.observations and str(agent) not in current.lengths:
            recording.keep_first(str(agent), env.observe(agent))
        taken = snapshot(action) if current.episode.recorded else None  # emitted later; the caller may reuse its array
        env.step(action)
        turn = self._turns[agent] = _Turn(recording.next_step() if current.episode.recorded else -1, taken)
        turn.frame = recording.frame(current)
        current.episode.length += 1
        recording.show()
        for other, given in env.rewards.items():
            reward = as_float(given)
            recording.add_reward(current, str(other), reward)
            if other in self._turns:
                self._turns[other].reward += reward
        if all(env.terminations[other] or env.truncations[other] for other in env.agents):
            self._end(current)

    def close(self) -> None:
        """Close the environment."""
        self._abandon()
        self._agents.close()
        super().close()

    def _take_away(self, agent: Any, action: Any) -> None:
        """Step a dead agent, which is how it leaves."""
        current = self._agents.current
        if current is not None:
            self._emit_turn(current, agent)
        self.env.step(action)
        if current is not None and not self.env.agents:
            self._end(current)

    def _emit_turn(self, current: AgentsEpisode, agent: Any) -> None:
        """Emit an agent's last turn, now that all that came of it is known."""
        turn = self._turns.pop(agent, None)
        if turn is None:
            return
        env, recording = self.env, self._agents
        wanted = current.episode.recorded and recording.observations
        recording.emit(
            current,
            turn.number,
            str(agent),
            reward=turn.reward,
            terminated=bool(env.terminations.get(agent)),
            truncated=bool(env.truncations.get(agent)),
            action=turn.action,
            observation=env.observe(agent) if wanted else None,
            frame=turn.frame,
        )

    def _end(self, current: AgentsEpisode) -> None:
        for agent in list(self._turns):
            self._emit_turn(current, agent)
        self._agents.end()

    def _abandon(self) -> None:
        """Emit what is waiting of an episode that ends without an end."""
        current = self._agents.current
        if current is not None:
            for agent in list(self._turns):
                self._emit_turn(current, agent)
        self._agents.abandon()


__all__ = ["AECTelemetryWrapper"]
