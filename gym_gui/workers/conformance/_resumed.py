"""A training that is killed after a checkpoint, and started again from it."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gym_gui.workers.conformance import settings as choose
from gym_gui.workers.conformance._transcript import TERMINAL, Transcript, kind_of, read_lines
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.subject import Subject


@dataclass(frozen=True)
class ResumedRun:
    """What came of it.

    Args:
        checkpoint: The last one it reported before it was killed; the first that is left if it was over by then.
        step: The step at which that was saved, where its event says so.
        settings: What it was to train.
        killed: What the first attempt said.
        resumed: What the second said; ``None`` where the worker cannot be told to resume.
    """

    checkpoint: str
    step: int | None
    settings: dict[str, Any]
    killed: Transcript
    resumed: Transcript | None


def resumed_run(subject: Subject) -> ResumedRun:
    """Return what came of a training that is killed after its first checkpoint, and started again from it.

    Raises:
        NotApplicable: The worker promises no checkpoints, or saves none.
    """
    return subject.once(_kill_and_resume)


def uninterrupted_run(subject: Subject) -> Transcript:
    """Return the training that was killed and resumed, from beginning to end."""
    return subject.once(_run_through)


def _run_through(subject: Subject) -> Transcript:
    settings = resumed_run(subject).settings
    subject.stage("training it as long without killing it")
    return subject.run(settings)


def _kill_and_resume(subject: Subject) -> ResumedRun:
    limits = subject.limits
    if not subject.record.capabilities.get("supports_checkpointing"):
        raise NotApplicable("it promises no checkpoints")
    checkpoints = choose.checkpoint_settings(subject.usable, max(1, limits.steps // 4))
    if not subject.trained.of("checkpoint_saved") and not checkpoints:
        raise NotApplicable("it saves no checkpoint in a short run")
    subject.stage("killing a run after a checkpoint and resuming it")
    settings = {**subject.given, **choose.length_settings(subject.usable, limits.steps * 4), **checkpoints}
    attempt = subject.start(settings, wall_s=limits.startup_s + limits.run_s)
    attempt.until(lambda: saved_checkpoints(attempt.output()), limits.run_s)
    attempt.signal(signal.SIGKILL)
    killed = attempt.finish()
    saved = saved_checkpoints(attempt.output())
    if not saved:
        raise NotApplicable("it saved no checkpoint before its end")
    checkpoint, step = saved[-1]
    if set(killed.kinds) & set(TERMINAL):
        # It was faster than this process: from its last checkpoint there would be nothing left to train.
        checkpoint, step = next((one for one in saved if Path(one[0]).exists()), saved[-1])
    resumed = attempt.finish() if attempt.start(checkpoint) else None
    return ResumedRun(checkpoint, step, settings, killed, resumed)


def saved_checkpoints(output: bytes) -> list[tuple[str, int | None]]:
    """Return the paths of the checkpoints that a run reported, each with its step where the event says so."""
    found: list[tuple[str, int | None]] = []
    for line in read_lines(output) if b"checkpoint_saved" in output else ():
        for event in line.events:
            payload = event.get("payload")
            if kind_of(event) == "checkpoint_saved" and isinstance(payload, dict):
                path, step = checkpoint_path(payload), payload.get("step")
                found += [(path, step if isinstance(step, int) else None)] if path else []
    return found


def checkpoint_path(payload: Mapping[str, Any]) -> str | None:
    """Return the file that a ``checkpoint_saved`` event names."""
    value = next((payload[name] for name in ("path", "checkpoint_path", "checkpoint") if name in payload), None)
    return value if isinstance(value, str) else None
