"""Whether a worker can go on after it was killed."""

from __future__ import annotations

from pathlib import Path

from gym_gui.workers.conformance.rule import NotApplicable, RuleBook
from gym_gui.workers.conformance.subject import ResumedRun, Subject, checkpoint_path

BOOK = RuleBook("checkpoints")


def _promised(subject: Subject) -> None:
    if not subject.record.capabilities.get("supports_checkpointing"):
        raise NotApplicable("it promises no checkpoints")


def _resumed(subject: Subject) -> ResumedRun:
    _promised(subject)
    return subject.resumed


@BOOK.warning(
    "checkpoint-saved",
    "A worker with `supports_checkpointing` says `checkpoint_saved` in a short run.",
    why="Nothing is resumed or evaluated from a checkpoint that was never announced.",
    mend='After each save `emitter.checkpoint_saved({"path": str(path), "step": step})`; save one at the end. Or leave '
    "`supports_checkpointing` out.",
)
def checkpoint_saved(subject: Subject) -> str | None:
    _promised(subject)
    return None if subject.trained.of("checkpoint_saved") else "none came"


@BOOK.error(
    "checkpoint-path",
    "`checkpoint_saved` names a file that exists.",
    why="It is what a resumed run is given.",
    mend="Emit the event after the file is whole (write it under another name and rename), with its absolute path as "
    "`path`.",
)
def checkpoint_path_exists(subject: Subject) -> str | None:
    _promised(subject)
    events = subject.trained.of("checkpoint_saved")
    if not events:
        raise NotApplicable("it announces no checkpoint")
    payload = events[-1].get("payload")
    path = checkpoint_path(payload) if isinstance(payload, dict) else None
    if path is None:
        return "its payload has no path"
    if not Path(path).is_absolute():
        return f"{path} is not absolute"
    return None if Path(path).exists() else f"{path} does not exist"


@BOOK.warning(
    "checkpoint-fields",
    "A worker with `supports_checkpointing` has `mode` and `checkpoint_path` in its config.",
    why="They are how it is told to resume or evaluate.",
    mend='Add `mode: str = "train"` (train, resume, evaluate) and `checkpoint_path: str | None = None`.',
)
def checkpoint_fields(subject: Subject) -> str | None:
    _promised(subject)
    missing = [name for name in ("mode", "checkpoint_path") if not subject.record.has_field(name)]
    return f"without {' and '.join(missing)}" if missing else None


@BOOK.error(
    "checkpoint-resume",
    "Killed at any moment, it completes when it is started again from its last checkpoint.",
    why="That is what a new attempt after a crash does.",
    mend="Write checkpoints whole or not at all, with all that training needs: networks, optimizer, counters, random "
    "number generators. Take `mode: resume` and `checkpoint_path`.",
    slow=True,
)
def checkpoint_resume(subject: Subject) -> str | None:
    resumed = _resumed(subject).resumed
    if resumed is None:
        raise NotApplicable("its config cannot say resume")
    return None if resumed.completed else f"from {_resumed(subject).checkpoint}: {resumed.how()}"


@BOOK.warning(
    "checkpoint-loaded",
    "A resumed run says `checkpoint_loaded`.",
    why="Otherwise nobody can tell a resumed training from one that began anew.",
    mend='After loading: `emitter.checkpoint_loaded({"path": ..., "step": ...})`.',
    slow=True,
)
def checkpoint_loaded(subject: Subject) -> str | None:
    resumed = _resumed(subject).resumed
    if resumed is None or not resumed.completed:
        raise NotApplicable("it did not resume")
    return None if resumed.of("checkpoint_loaded") else "it did not"
