"""A vector of Gymnasium environments that emits the steps and episodes of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from gymnasium.vector import VectorWrapper
from gymnasium.vector.utils import iterate

from gym_gui.core.worker.encoding import snapshot
from gym_gui.core.worker.envs.autoreset import copy_final_observations
from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.description import describe_environment
from gym_gui.core.worker.envs.live_frames import LiveFrames
from gym_gui.core.worker.envs.recording import Episode, Recording, plain
from gym_gui.core.worker.envs.returns import Reported, as_float, reported
from gym_gui.core.worker.telemetry import TelemetryEmitter

if TYPE_CHECKING:
    _VectorWrapper = VectorWrapper[Any, Any, Any, Any, Any]
else:
    _VectorWrapper = VectorWrapper  # not generic in every version


class VectorTelemetryWrapper(_VectorWrapper):
    """Emits the steps and episodes of every sub-environment, with numbers of their own.

    Every transition of a sub-environment is a step, with a number that no other has; every episode has a number of its
    own and says in ``env_index`` where it was played. All modes of automatic reset are known: with ``NextStep`` (the
    default of Gymnasium, and what is assumed where a vector does not say) the step that resets a sub-environment is
    no transition, and not emitted; with ``SameStep`` the observation of a last step is ``infos["final_obs"]``; with
    ``Disabled`` an episode begins where ``options["reset_mask"]`` says so, and nothing is emitted in between. It works
    at the level of the vector, so that the environments may live in processes of their own (``AsyncVectorEnv``).

    What is sampled, counted and recorded is as for
    :class:`~gym_gui.core.worker.envs.wrapper.TelemetryWrapper`; an episode's return as reported in
    ``infos["episode"]``, where ``infos["_episode"]`` masks it, counts as it does there.

    Args:
        env: The vector of environments, of Gymnasium 1.0 or later.
        emitter: Emits its events.
        steps: Which episodes' steps: ``"all"``, ``"none"`` or ``"episodes:<k>"``.
        observations: Put observations into step events.
        frames: Which episodes' frames are written as PNG files (needs ``render_mode="rgb_array"``).
        frames_dir: Where to; default: the worker's folder for frames.
        render: ``"on"``: show the environment live to those who watch (needs ``render_mode="rgb_array"``; see
            :func:`~gym_gui.core.worker.envs.rendering.make_rendered`).
        phase: ``"train"`` or ``"eval"``.
        agent_id: Who acts, where several vectors or agents share a run.
        counter: Numbers of steps and episodes; share one between environments of the same phase.

    Raises:
        ConfigError: A sampling rule is not valid.
        ValueError: Frames are wanted of environments that do not render arrays.
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
        # Compared by value: the enumeration is not there in every version.
        mode = (self.env.metadata or {}).get("autoreset_mode")
        self._mode = str(getattr(mode, "value", mode) or "NextStep")
        if self._mode == "SameStep":
            copy_final_observations(env)
        self._episodes: list[Episode | None] = [None] * self.num_envs
        self._firsts: list[Any] = [None] * self.num_envs
        self._pictures: Any = None

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in every sub-environment, or in those that ``options["reset_mask"]`` picks."""
        # Read before the reset, which takes it out of the options.
        mask = (options or {}).get("reset_mask")
        places = [place for place in range(self.num_envs) if mask is None or mask[place]]
        self._abandon(places)
        observations, infos = self.env.reset(seed=seed, options=options)  # type: ignore[arg-type] # lists are taken
        seeds = [seed + place for place in range(self.num_envs)] if isinstance(seed, int) else seed
        for place in places:
            self._begin(place, None if seeds is None else seeds[place])
        self._keep_first(places, observations)
        return observations, infos

    def step(self, actions: Any) -> Any:
        """Take a step in every sub-environment."""
        # Before the step: an environment may change the actions' array in place.
        taken = actions.tolist() if hasattr(actions, "tolist") else snapshot(list(iterate(self.action_space, actions)))
        result: Any = self.env.step(actions)
        observations, rewards, terminations, truncations, infos = result
        labels = self._recording.labels
        seen = self._split(observations) if self._observations else None
        self._pictures = None
        ended, resetting = [], []
        place = -1
        for episode, reward, terminated, truncated in zip(
            self._episodes, _listed(rewards), _listed(terminations), _listed(truncations)
        ):
            place += 1
            if episode is None:
                if self._mode == "Disabled":  # reset behind the wrapper's back, or not at all
                    continue
                episode = self._begin(place)
                if self._mode == "NextStep":
                    resetting.append(place)
                    continue
            if type(reward) is not float:
                reward = as_float(reward)
            episode.total += reward
            if episode.recorded:
                self._emit(
                    self._next_step(),
                    reward=reward,
                    ep_index=episode.index,
                    terminated=terminated,
                    truncated=truncated,
                    action=taken[place],
                    observation=None if seen is None else self._returned(place, seen, infos, terminated or truncated),
                    **(
                        self._details(place, episode, terminated or truncated)
                        if seen is not None or episode.rendered
                        else labels
                    ),
                )
            episode.length += 1
            if terminated or truncated:
                ended.append(place)
        for place in ended:
            self._end(place, bool(terminations[place]), bool(truncations[place]), infos)
        if resetting or (ended and self._mode == "SameStep"):
            self._keep_first(resetting or ended, observations)
        if self._live is not None:
            self._live.show()
        return result

    def close(self, **kwargs: Any) -> None:
        """Close the environments."""
        self._abandon(range(self.num_envs))
        if self._live is not None:
            self._live.close()
        super().close(**kwargs)

    def _begin(self, place: int, seed: int | None = None) -> Episode:
        episode = self._episodes[place] = self._recording.begin(seed)
        return episode

    def _end(self, place: int, terminated: bool, truncated: bool, infos: Any) -> None:
        episode, self._episodes[place] = self._episodes[place], None
        assert episode is not None
        self._recording.end(
            episode,
            self._reported(infos, place),
            left_out=episode.length,
            terminated=terminated,
            truncated=truncated,
            env_index=place,
        )

    def _reported(self, infos: Any, place: int) -> Reported | None:
        report = reported(infos, place)
        # What a sub-environment itself said at its end stands there if it was reset in the same step.
        return reported(infos.get("final_info"), place) if report is None else report

    def _abandon(self, places: Any) -> None:
        for place in places:
            episode, self._episodes[place] = self._episodes[place], None
            if episode is not None:
                self._recording.abandon(episode, left_out=episode.length)

    def _keep_first(self, places: list[int], observations: Any) -> None:
        """Keep what episodes begin with until their first step is emitted."""
        if self._observations:
            seen = self._split(observations)
            for place in places:
                self._firsts[place] = snapshot(seen[place])

    def _split(self, observations: Any) -> Any:
        """Return a batch of observations as a sequence."""
        if hasattr(observations, "tolist"):
            return observations
        return list(iterate(self.observation_space, observations))

    def _returned(self, place: int, seen: Any, infos: Any, done: bool) -> Any:
        """Return the observation that a step came to: where it was reset already, the last of its episode."""
        if done and self._mode == "SameStep" and "final_obs" in infos:
            return plain(infos["final_obs"][place])
        return plain(seen[place])

    def _details(self, place: int, episode: Episode, done: bool) -> dict[str, Any]:
        """Return what a step's event holds besides: labels, the first observation, a frame."""
        extra = self._recording.labels
        if self._firsts[place] is not None:
            extra = {**extra, "reset_observation": self._firsts[place]}
            self._firsts[place] = None
        # An environment that was reset in this step shows its next episode already.
        if episode.rendered and not (done and self._mode == "SameStep"):
            extra = {**extra, **self._recording.frame(episode, lambda: self._render()[place])}
        return extra

    def _render(self) -> Any:
        """Return the pictures of all sub-environments, drawn once a step."""
        if self._pictures is None:
            self._pictures = self.env.render()
        return self._pictures


def _listed(values: Any) -> Any:
    return values.tolist() if hasattr(values, "tolist") else list(values)


__all__ = ["VectorTelemetryWrapper"]
