"""What the wrappers of all kinds of environments share: which episodes are recorded, and how they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from gym_gui.core.worker.encoding import to_jsonable
from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.frames import FrameWriter
from gym_gui.core.worker.envs.returns import Reported, choose_return
from gym_gui.core.worker.envs.sampling import EpisodeSampling
from gym_gui.core.worker.sink import say
from gym_gui.core.worker.telemetry import TelemetryEmitter


class Episode:
    """An episode that is under way."""

    __slots__ = ("frames", "index", "length", "recorded", "rendered", "seed", "total")

    def __init__(self, index: int, seed: int | None, recorded: bool, rendered: bool) -> None:
        self.index = index
        self.seed = seed
        self.recorded = recorded
        self.rendered = rendered
        self.total = 0.0
        self.length = 0
        self.frames = 0


class Recording:
    """Says which episodes are recorded, numbers them, writes their frames, and counts what is left out.

    Args:
        emitter: Emits the events.
        steps: Which episodes' steps are emitted.
        frames: Which episodes' frames are written.
        frames_dir: Where to; default: the worker's folder for frames.
        render_mode: The environment's.
        phase: ``"train"`` or ``"eval"``.
        agent_id: Stands in every event.
        counter: Numbers of steps and episodes.
        environment: What it was made from, for the first episode's event.

    Raises:
        ConfigError: A sampling rule is not valid.
        ValueError: Frames are wanted of an environment that does not render arrays.
    """

    def __init__(
        self,
        emitter: TelemetryEmitter,
        *,
        steps: str = "all",
        frames: str = "none",
        frames_dir: Path | None = None,
        render_mode: str | None = None,
        phase: str | None = None,
        agent_id: str | None = None,
        counter: RunCounter | None = None,
        environment: dict[str, Any] | None = None,
    ) -> None:
        self._environment = environment
        self.emitter = emitter
        self.counter = counter or RunCounter()
        self.labels: dict[str, Any] = {
            name: value for name, value in (("phase", phase), ("agent_id", agent_id)) if value is not None
        }
        self._sampling = EpisodeSampling(steps)
        self._frame_sampling = EpisodeSampling(frames, name="frames")
        self._unreported: set[Any] = set()  # environments whose last episodes ended without a reported return
        self._writer = None if frames == "none" else _open_frames(emitter, frames_dir, render_mode)

    def begin(self, seed: int | None = None) -> Episode:
        """Begin an episode."""
        index = self.counter.next_episode()
        recorded = self._sampling.picks(index) and self.emitter.allows_steps()
        return Episode(
            index, seed, recorded, recorded and self._writer is not None and self._frame_sampling.picks(index)
        )

    def frame(self, episode: Episode, render: Callable[[], Any]) -> dict[str, str]:
        """Write what is to be seen now; return what the step's event says of it.

        Args:
            episode: A rendered one.
            render: Returns the picture.
        """
        try:
            assert self._writer is not None
            name = self._writer.write(episode.index, episode.frames, render())
        except (OSError, ValueError, AttributeError, IndexError, TypeError) as error:
            episode.rendered = False
            say(f"frames of episode {episode.index} cannot be written ({error}); training continues.")
            return {}
        episode.frames += 1
        return {"frame": name}

    def end(self, episode: Episode, reported: Reported | None = None, *, left_out: int, **values: Any) -> None:
        """Emit the end of an episode.

        Args:
            episode: The episode.
            reported: Its return as the environment itself reports it (``info["episode"]``), where it does. It counts
                where wrappers have changed the rewards; what those add up to then stands in ``reward_sum``.
            left_out: Step events that its length stands for, if it is not recorded.
            values: Whatever else is known of it.
        """
        extra = {**self.labels, **values}
        if self._environment:
            extra["environment"], self._environment = self._environment, None
        if not episode.recorded:
            extra["sampled"] = left_out
            self.counter.skip_steps(episode.length)
        place = values.get("env_index")
        total, other = choose_return(episode.total, episode.length, reported, unreported=place in self._unreported)
        extra.update(other)
        if reported is None:
            self._unreported.add(place)
        else:
            self._unreported.discard(place)
        self.emitter.episode(episode.index, total_reward=total, steps=episode.length, seed=episode.seed, **extra)

    def abandon(self, episode: Episode, *, left_out: int) -> None:
        """Count the steps that were left out of an episode that ends without an end, and is not emitted."""
        if not episode.recorded and left_out:
            self.emitter.count_sampled(left_out)
            self.counter.skip_steps(episode.length)


def plain(value: Any) -> Any:
    """Return numbers and arrays of numpy as Python's own; what is emitted at once needs no deeper copy."""
    return value if type(value) in (int, float) else to_jsonable(value) if hasattr(value, "tolist") else value


def _open_frames(emitter: TelemetryEmitter, folder: Path | None, render_mode: str | None) -> FrameWriter:
    if render_mode != "rgb_array":
        raise ValueError(f'frames need an environment of render_mode="rgb_array", not {render_mode!r}')
    if folder is None:
        from gym_gui.config.paths import get_frames_dir

        folder = get_frames_dir(emitter.run_id, emitter.worker_id)
    return FrameWriter(Path(folder))


__all__ = ["Episode", "Recording", "plain"]
