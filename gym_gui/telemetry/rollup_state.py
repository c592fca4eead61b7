"""Counters of a worker's attempt, and the number of environment steps they imply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from gym_gui.telemetry.limits import MAX_INDEX

STEP_NAMES = ("step", "steps", "global_step", "env_steps", "total_env_steps", "num_timesteps")
"""Keys of heartbeat and checkpoint payloads with the number of steps taken."""

END_STEP_NAMES = ("total_steps", "steps_taken", *STEP_NAMES)
"""The same for the events that end a run; before that ``total_steps`` is the target."""

PHASE_LENGTH = 80
"""Maximum characters of a phase's name."""

FIRST_BURST_S, FIRST_BURST_SHARE = 0.25, 0.05
"""Most seconds that a worker's first burst of steps takes, and most share of the time before it.

A library that tells of its steps after an iteration prints thousands of them in a few milliseconds."""

_ENDS = ("run_completed", "run_cancelled", "run_failed")


class RollupState(msgspec.Struct):
    """Counters that are stored with every transaction.

    Each source gives a lower bound of the steps taken, and the largest one counts, so nothing is added twice: the
    highest step number, the number of step events (with those dropped by sampling), the lengths of the episodes, and
    the numbers in metrics, heartbeats, checkpoints and the final event.

    The names of the fields are stored in the database.
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
    """The agent whose episodes are counted: the first that reported one. Episodes without an agent are counted, too."""
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
    """Steps dropped from training episodes by sampling."""
    eval_sampled: int = 0
    """Steps dropped from evaluation episodes by sampling."""
    loose_sampled: int = 0
    """Steps dropped from unfinished episodes: of the training, unless there is an evaluation as well."""
    several_agents: bool = False
    """Dropped steps are then counted per agent, and do not tell those of the environment."""
    told_steps: int = 0
    """Steps reported by metrics and lifecycle events."""
    mode: str = ""
    """``train``, ``resume`` or ``evaluate``, if the worker reports it at its start."""
    resumed_at: int = 0
    """Step of the checkpoint from which training resumed."""
    nan_episodes: int = 0
    """Training episodes with a non-finite return."""
    eval_nan_episodes: int = 0
    first_mark: tuple[float, int] | None = None
    """Time of the worker's first burst of steps, by its own clock, and their number at its end."""
    last_mark: tuple[float, int] | None = None
    started_at: float | None = None
    """Time of ``run_started``, by the worker's clock."""
    first_steps_at: float | None = None
    """When that first burst began."""
    phase: str = ""
    """Announced phase of the worker while it takes no steps."""
    phase_heartbeats: int = 0
    """Heartbeats that only announce the begin or end of a phase."""

    @property
    def train_steps(self) -> int:
        """Environment steps taken in training."""
        loose = 0 if self._evaluates else self.loose_sampled
        emitted = 0 if self.several_agents else self.step_rows + self.train_sampled + loose
        reported = 0 if self.mode == "evaluate" else self.told_steps
        base = self.resumed_at if self.mode == "resume" else 0
        steps = max(self.steps_end, self.step_rows, self.episode_steps, emitted, reported)
        return min(max(steps, base + emitted if base else 0), MAX_INDEX)

    @property
    def eval_steps(self) -> int:
        """Environment steps taken in evaluation."""
        alone = self.mode == "evaluate"
        loose = self.loose_sampled if alone else 0
        emitted = 0 if self.several_agents else self.eval_step_rows + self.eval_sampled + loose
        reported = self.told_steps if alone else 0
        return min(max(self.eval_steps_end, self.eval_step_rows, self.eval_episode_steps, emitted, reported), MAX_INDEX)

    @property
    def steps(self) -> int:
        """Environment steps taken in training, or without one in evaluation."""
        return self.train_steps or self.eval_steps

    @property
    def _evaluates(self) -> bool:
        return self.mode == "evaluate" or bool(self.eval_episodes or self.eval_step_rows)

    def add_sampled(self, phase: int | None, steps: int) -> None:
        """Add steps dropped by a sampling rule.

        Args:
            phase: Of their episode: 0 train, 1 eval, ``None`` for an unfinished one.
            steps: Their number.
        """
        name = "loose_sampled" if phase is None else "eval_sampled" if phase else "train_sampled"
        setattr(self, name, min(getattr(self, name) + steps, MAX_INDEX))

    def add_event(self, event: str, payload: Mapping[str, Any], timestamp: float | None) -> None:
        """Add the steps that a lifecycle event reports.

        Args:
            event: Its name.
            payload: Its payload.
            timestamp: Its time, if it has one.
        """
        if event == "run_started":
            self.mode, self.started_at = str(payload.get("mode") or ""), timestamp
            return
        names = END_STEP_NAMES if event in _ENDS else STEP_NAMES
        steps = next((count for count in map(_count, map(payload.get, names)) if count is not None), None)
        if steps is None:
            return
        if event == "checkpoint_loaded":
            self.resumed_at = steps
        elif event == "checkpoint_saved" and self.mode == "evaluate":
            pass  # these are steps of the evaluated training
        else:
            self.add_steps(steps, timestamp)

    def add_heartbeat(self, payload: Mapping[str, Any]) -> None:
        """Set or clear the phase by a heartbeat. One that reports steps belongs to no phase."""
        named = payload.get("phase")
        steps = next((count for count in map(_count, map(payload.get, STEP_NAMES)) if count is not None), 0)
        self.phase = named.strip()[:PHASE_LENGTH] if isinstance(named, str) and not steps else ""
        self.phase_heartbeats += isinstance(named, str) and len(payload) == 1

    def add_steps(self, steps: int, timestamp: float | None) -> None:
        """Add a reported total of steps."""
        self.told_steps = max(self.told_steps, min(steps, MAX_INDEX))
        self.mark(timestamp)

    def mark(self, timestamp: float | None) -> None:
        """Record the time of the present number of steps, for the speed."""
        steps = self.steps
        if timestamp is None or not steps:
            return
        if self.first_mark is None:
            self.first_steps_at = timestamp
        if self.first_mark is None or self._in_first_burst(timestamp):
            self.first_mark = (timestamp, steps)
        if self.last_mark is None or steps > self.last_mark[1]:
            self.last_mark = (timestamp, steps)

    def _in_first_burst(self, timestamp: float) -> bool:
        if self.started_at is None or self.first_steps_at is None:
            return False
        burst_s = min(FIRST_BURST_S, FIRST_BURST_SHARE * (self.first_steps_at - self.started_at))
        return 0.0 <= timestamp - self.first_steps_at <= burst_s


def _count(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
