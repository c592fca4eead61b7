"""A Gymnasium environment that emits its steps and episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium

from gym_gui.core.worker.encoding import snapshot
from gym_gui.core.worker.envs.autoreset import find_autoreset
from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.description import describe_environment
from gym_gui.core.worker.envs.live_frames import LiveFrames
from gym_gui.core.worker.envs.recording import Episode, Recording, plain
from gym_gui.core.worker.envs.returns import as_float, reported
from gym_gui.core.worker.telemetry import TelemetryEmitter


class TelemetryWrapper(gymnasium.Wrapper[Any, Any, Any, Any]):
    """Emits one event per episode and, for the episodes that are recorded, one per step.

    Once the run's disk quota is used up, whole episodes are emitted without their steps. Steps that are left out are
    counted in the ``sampled`` of their episode's event. An episode that is reset before its end is not emitted; its
    steps that were left out are counted all the same.

    Rewards are summed as Python's floats, whatever their type. Where the environment reports an episode's return itself
    (Gymnasium's ``RecordEpisodeStatistics`` inside of wrappers that scale or clip rewards), that is the
    ``total_reward``; what the rewards seen here add up to is then told as ``reward_sum``. A report that covers other
    steps than the episode's is told as ``reported_return``, and the sum counts.

    Gymnasium's ``Autoreset`` inside of this wrapper spends a step on each reset: that step is no transition, and not
    emitted.

    Args:
        env: The environment.
        emitter: Emits its events.
        steps: Which episodes' steps: ``"all"``, ``"none"`` or ``"episodes:<k>"``.
        observations: Put what each step returned into its event (and what ``reset`` returned into the first one's
            ``reset_observation``), so that an episode can be replayed.
        frames: Which episodes' rendered frames are written as PNG files (needs ``render_mode="rgb_array"``); of those
            whose steps are recorded. The step's event names the file.
        frames_dir: Where to; default: the worker's folder for frames.
        render: ``"on"``: show the environment live to those who watch (needs ``render_mode="rgb_array"``; see
            :func:`~gym_gui.core.worker.envs.rendering.make_rendered`).
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
        render: str = "off",
        phase: str | None = None,
        agent_id: str | None = None,
        counter: RunCounter | None = None,
    ) -> None:
        super().__init__(env)
        self._recording = Recording(
            emitter,
            steps=steps,
            frames=frames,
            frames_dir=frames_dir,
            render_mode=self.render_mode,
            phase=phase,
            agent_id=agent_id,
            counter=counter,
            environment=describe_environment(env),
        )
        self._live = LiveFrames.of_run(env, emitter) if render == "on" else None
        self._emit = emitter.step
        self._next_step = self._recording.counter.next_step
        self._observations = observations
        self._plain = not observations and not self._recording.labels
        self._first: dict[str, Any] = {}
        self._episode: Episode | None = None
        self._autoreset, self._statistics_count_resets = find_autoreset(env)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode."""
        self._abandon()
        observation, info = self.env.reset(seed=seed, options=options)
        self._begin(observation, seed)
        return observation, info

    def step(self, action: Any) -> Any:
        """Take a step."""
        if self._autoreset is not None and self._autoreset.autoreset:
            return self._restart(action)
        episode = self._episode
        if episode is None:  # environments that begin their next episode by themselves
            episode = self._begin(None)
        # Before the step: an environment may change the action's array in place.
        taken = action if type(action) is int or not episode.recorded else snapshot(action)
        result: Any = self.env.step(action)
        _, reward, terminated, truncated, info = result
        if type(reward) is not float:
            reward = as_float(reward)
        episode.total += reward
        if episode.recorded:
            if self._plain and not episode.rendered:  # as most are: an empty ** and the calls would cost a third more
                self._emit(
                    self._next_step(),
                    reward=reward,
                    ep_index=episode.index,
                    terminated=bool(terminated),
                    truncated=bool(truncated),
                    action=taken,
                )
            else:
                self._emit_whole(episode, taken, reward, result)
        episode.length += 1
        if terminated or truncated:
            self._episode = None
            self._recording.end(
                episode,
                None if self._statistics_count_resets else reported(info),
                left_out=episode.length,
                terminated=bool(terminated),
                truncated=bool(truncated),
            )
        if self._live is not None:
            self._live.show()
        return result

    def _restart(self, action: Any) -> Any:
        """Take the step with which ``Autoreset`` begins the next episode."""
        self._abandon()
        result: Any = self.env.step(action)
        self._begin(result[0])
        return result

    def _begin(self, observation: Any, seed: int | None = None) -> Episode:
        episode = self._episode = self._recording.begin(seed)
        wanted = episode.recorded and self._observations and observation is not None
        self._first = {"reset_observation": snapshot(observation)} if wanted else {}
        return episode

    def _emit_whole(self, episode: Episode, action: Any, reward: float, result: Any) -> None:
        """Emit a step with all that is wanted of it."""
        observation, _, terminated, truncated, _ = result
        extra = self._recording.labels
        if self._first or episode.rendered:
            extra = {**extra, **self._first}
            self._first = {}
            if episode.rendered:
                extra.update(self._recording.frame(episode, self.env.render))
        self._emit(
            self._next_step(),
            reward=reward,
            ep_index=episode.index,
            terminated=bool(terminated),
            truncated=bool(truncated),
            action=action,
            observation=plain(observation) if self._observations else None,
            **extra,
        )

    def close(self) -> None:
        """Close the environment."""
        self._abandon()
        if self._live is not None:
            self._live.close()
        super().close()

    def _abandon(self) -> None:
        if self._episode is not None:
            self._recording.abandon(self._episode, left_out=self._episode.length)
        self._episode = None


__all__ = ["TelemetryWrapper"]
