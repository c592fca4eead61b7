"""An episode that several agents play, and the options that wrappers of such environments share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gym_gui.core.worker.encoding import snapshot
from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.description import describe_environment
from gym_gui.core.worker.envs.live_frames import LiveFrames
from gym_gui.core.worker.envs.recording import Episode, Recording, plain
from gym_gui.core.worker.telemetry import TelemetryEmitter


class AgentsEpisode:
    """What each agent of an episode got.

    Args:
        episode: The episode.
    """

    def __init__(self, episode: Episode) -> None:
        self.episode = episode
        self.rewards: dict[str, float] = {}
        self.lengths: dict[str, int] = {}
        self.terminated: dict[str, bool] = {}
        self.truncated: dict[str, bool] = {}


class AgentsRecording:
    """Records the episodes of an environment of several agents.

    Args:
        env: The environment.
        emitter: Emits the events.
        steps: Which episodes' steps are emitted.
        observations: Put observations into step events.
        frames: Which episodes' frames are written.
        frames_dir: Where to; default: the worker's folder for frames.
        render: ``"on"``: show the environment live to those who watch.
        phase: ``"train"`` or ``"eval"``.
        counter: Numbers of steps and episodes.

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
        self.env = env
        self.observations = observations
        self.current: AgentsEpisode | None = None
        self._firsts: dict[str, Any] = {}
        self._live = LiveFrames.of_run(env, emitter) if render == "on" else None
        self._recording = Recording(
            emitter,
            steps=steps,
            frames=frames,
            frames_dir=frames_dir,
            render_mode=getattr(env, "render_mode", None),
            phase=phase,
            counter=counter,
            environment=describe_environment(env),
        )
        self.next_step = self._recording.counter.next_step

    def begin(self, seed: int | None = None) -> AgentsEpisode:
        """Begin an episode."""
        self.current = AgentsEpisode(self._recording.begin(seed))
        self._firsts = {}
        return self.current

    def keep_first(self, agent: str, observation: Any) -> None:
        """Keep what an agent begins with until its first step is emitted."""
        self._firsts[agent] = snapshot(observation)

    def add_reward(self, current: AgentsEpisode, agent: str, reward: float) -> None:
        """Add a reward to an agent's return, and to that of all."""
        current.rewards[agent] = current.rewards.get(agent, 0.0) + reward
        current.episode.total += reward

    def emit(
        self,
        current: AgentsEpisode,
        number: int,
        agent: str,
        *,
        reward: float,
        terminated: bool,
        truncated: bool,
        action: Any,
        observation: Any,
        frame: dict[str, str],
    ) -> None:
        """Emit what one agent did in a step, if the episode is recorded; remember how it stands in any case."""
        current.lengths[agent] = current.lengths.get(agent, 0) + 1
        current.terminated[agent] = terminated
        current.truncated[agent] = truncated
        if not current.episode.recorded:
            return
        extra = {**self._recording.labels, **frame} if frame else self._recording.labels
        if agent in self._firsts:
            extra = {**extra, "reset_observation": self._firsts.pop(agent)}
        self._recording.emitter.step(
            number,
            reward=reward,
            ep_index=current.episode.index,
            agent_id=agent,
            terminated=terminated,
            truncated=truncated,
            action=plain(action),
            observation=plain(observation) if self.observations else None,
            **extra,
        )

    def frame(self, current: AgentsEpisode) -> dict[str, str]:
        """Write what is to be seen now, if it is wanted; return what the events of this step say of it."""
        return self._recording.frame(current.episode, self.env.render) if current.episode.rendered else {}

    def show(self) -> None:
        """Show the environment to those who watch."""
        if self._live is not None:
            self._live.show()

    def close(self) -> None:
        """Stop showing it."""
        if self._live is not None:
            self._live.close()

    def end(self) -> None:
        """Emit the end of the episode."""
        current, self.current = self.current, None
        assert current is not None
        cut = any(current.truncated.values())
        self._recording.end(
            current.episode,
            left_out=sum(current.lengths.values()),
            agent_rewards=current.rewards,
            agent_steps=current.lengths,
            terminated=not cut,
            truncated=cut,
        )

    def abandon(self) -> None:
        """Count what was left out of an episode that ends without an end."""
        current, self.current = self.current, None
        if current is not None:
            self._recording.abandon(current.episode, left_out=sum(current.lengths.values()))


__all__ = ["AgentsEpisode", "AgentsRecording"]
