"""What is counted of a worker's attempt, and how many environment steps that says were taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gym_gui.telemetry.limits import MAX_INDEX

STEP_NAMES = ("step", "steps", "global_step", "env_steps", "total_env_steps", "num_timesteps")
"""Names under which payloads of heartbeats and checkpoints say how many steps were taken."""

END_STEP_NAMES = ("total_steps", "steps_taken", *STEP_NAMES)
"""The same of the events that end a run; before that ``total_steps`` is the target."""

PHASE_LENGTH = 80
"""Characters that are kept of the name of a phase."""

_ENDS = ("run_completed", "run_cancelled", "run_failed")


class RollupState(msgspec.Struct):
    """What is written with every transaction.

    Every source says of how many steps it knows, so none can say too many; the largest counts, and nothing is added
    up twice: the highest step number, the step events, the lengths of the episodes, step events and those left out by
    sampling, and what metrics, heartbeats, checkpoints and the end say.
    """

    lines: int = 0
    stored: int = 0
    log: int = 0
    quarantined: int = 0
    records: int = 0
    dropped: int = 0
    sampled: int = 0
    episodes: int = 0
    eval_episodes: int = 0
    steps_end: int = 0
    """One past the highest step index of training."""
    step_rows: int = 0
    """Training steps without an agent."""
    episode_steps: int = 0
    """Sum of the lengths of the training episodes counted."""
    lead: str | None = None
    """The agent whose episodes are counted: the first that reported one. Those without agent always are."""
    last_event: str = ""
    last_event_at: float | None = None
    last_event_payload: str | None = None
    heartbeats: int = 0
    last_heartbeat_at: float | None = None
    last_checkpoint: str | None = None
    eval_steps_end: int = 0
    eval_step_rows: int = 0
    eval_episode_steps: int = 0
    train_sampled: int = 0
    """Steps left out of training episodes."""
    eval_sampled: int = 0
    """Steps left out of evaluation episodes."""
    loose_sampled: int = 0
    """Steps left out of episodes without an end: of the training, unless there is an evaluation as well."""
    several_agents: bool = False
    """Then left out steps are those of each agent, and say nothing of the environment's."""
    told_steps: int = 0
    """What metrics and lifecycle events say."""
    mode: str = ""
    """``train``, ``resume`` or ``evaluate``, where the worker says so at its start."""
    resumed_at: int = 0
    """Step of the checkpoint that a resumed training went on from."""
    nan_episodes: int = 0
    """Training episodes whose return is no finite number."""
    eval_nan_episodes: int = 0
    first_mark: tuple[float, int] | None = None
    """Earliest time at which the worker told of steps taken, and how many; by its own clock."""
    last_mark: tuple[float, int] | None = None
    phase: str = ""
    """What the worker is busy with, as it announced, while it takes no steps."""
    phase_heartbeats: int = 0
    """Heartbeats that say nothing but that a phase begins or ends."""

    @property
    def train_steps(self) -> int:
        """Environment steps taken in training."""
        loose = 0 if self._evaluates else self.loose_sampled
        emitted = 0 if self.several_agents else self.step_rows + self.train_sampled + loose
        told = 0 if self.mode == "evaluate" else self.told_steps
        base = self.resumed_at if self.mode == "resume" else 0
        known = max(self.steps_end, self.step_rows, self.episode_steps, emitted, told)
        return min(max(known, base + emitted if base else 0), MAX_INDEX)

    @property
    def eval_steps(self) -> int:
        """Environment steps taken in evaluation."""
        alone = self.mode == "evaluate"
        loose = self.loose_sampled if alone else 0
        emitted = 0 if self.several_agents else self.eval_step_rows + self.eval_sampled + loose
        told = self.told_steps if alone else 0
        return min(max(self.eval_steps_end, self.eval_step_rows, self.eval_episode_steps, emitted, told), MAX_INDEX)

    @property
    def steps(self) -> int:
        """Environment steps taken: in training; where there was none, in evaluation."""
        return self.train_steps or self.eval_steps

    @property
    def _evaluates(self) -> bool:
        return self.mode == "evaluate" or bool(self.eval_episodes or self.eval_step_rows)

    def leave_out(self, phase: int | None, steps: int) -> None:
        """Take in that a sampling rule left steps out of an episode: 0 train, 1 eval, ``None`` one without an end."""
        name = "loose_sampled" if phase is None else "eval_sampled" if phase else "train_sampled"
        setattr(self, name, min(getattr(self, name) + steps, MAX_INDEX))

    def tell(self, event: str, payload: Mapping[str, Any], timestamp: float | None) -> None:
        """Take in what a lifecycle event says of steps.

        Args:
            event: Its name.
            payload: Its payload.
            timestamp: When it was printed, as far as it says.
        """
        if event == "run_started":
            self.mode = str(payload.get("mode") or "")
            return
        names = END_STEP_NAMES if event in _ENDS else STEP_NAMES
        steps = next((count for count in map(_count, map(payload.get, names)) if count is not None), None)
        if steps is None:
            return
        if event == "checkpoint_loaded":
            self.resumed_at = steps
        elif event == "checkpoint_saved" and self.mode == "evaluate":
            pass  # of the training that is evaluated
        else:
            self.tell_steps(steps, timestamp)

    def beat(self, payload: Mapping[str, Any]) -> None:
        """Take in a heartbeat: the phase that it names, or that there is none.

        One that tells of steps taken comes from work that goes on, whatever it calls that.
        """
        named = payload.get("phase")
        steps = next((count for count in map(_count, map(payload.get, STEP_NAMES)) if count is not None), 0)
        self.phase = named.strip()[:PHASE_LENGTH] if isinstance(named, str) and not steps else ""
        self.phase_heartbeats += isinstance(named, str) and len(payload) == 1

    def tell_steps(self, steps: int, timestamp: float | None) -> None:
        """Take in that so many steps were taken by then."""
        self.told_steps = max(self.told_steps, min(steps, MAX_INDEX))
        self.mark(timestamp)

    def mark(self, timestamp: float | None) -> None:
        """Remember when the worker told of its steps, for its speed."""
        steps = self.steps
        if timestamp is None or not steps:
            return
        if self.first_mark is None:
            self.first_mark = (timestamp, steps)
        if self.last_mark is None or steps > self.last_mark[1]:
            self.last_mark = (timestamp, steps)


def _count(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
