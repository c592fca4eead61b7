"""Whether a worker can go on after it was killed."""

from __future__ import annotations

from pathlib import Path

from gym_gui.telemetry import aliased_value
from gym_gui.workers.conformance._resumed import ResumedRun, checkpoint_path, resumed_run, uninterrupted_run
from gym_gui.workers.conformance._transcript import Event, Transcript, kind_of
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.determinism import events_by_episode
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("checkpoints")


def _promised(subject: Subject) -> None:
    if not subject.record.capabilities.get("supports_checkpointing"):
        raise NotApplicable("it promises no checkpoints")


def _resumed(subject: Subject) -> ResumedRun:
    _promised(subject)
    return resumed_run(subject)


@BOOK.warning(
    "checkpoint-saved",
    "A worker with `supports_checkpointing` emits `checkpoint_saved` in a short run.",
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
    why="A resumed run loads that file.",
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
    why="`mosaic resume` and `mosaic evaluate` set these two fields.",
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
    "A resumed run emits `checkpoint_loaded`.",
    why="Otherwise a resumed training cannot be distinguished from one that started from scratch.",
    mend='After loading: `emitter.checkpoint_loaded({"path": ..., "step": ...})`.',
    slow=True,
)
def checkpoint_loaded(subject: Subject) -> str | None:
    resumed = _completed(subject)
    return None if resumed.of("checkpoint_loaded") else "it did not"


@BOOK.warning(
    "checkpoint-step",
    "A resumed run continues the counts of its checkpoint.",
    why="Steps that are counted from 0 again overlap those of the first attempt in every curve, and a run of N steps"
    " takes more than N.",
    mend="Save the numbers of the next step and episode with the checkpoint, and begin with them.",
    slow=True,
)
def checkpoint_step(subject: Subject) -> str | None:
    killed, resumed = _resumed(subject).killed, _completed(subject)
    before, after = _step_numbers(killed), _step_numbers(resumed)
    if not before or not after:
        raise NotApplicable("its steps have no numbers")
    saved = resumed_run(subject).step
    at = f"the checkpoint was saved at step {saved}" if saved is not None else f"it was killed after {before[-1]}"
    # Whatever unit a worker counts in, one that goes on is beyond where it began.
    return f"it began again with step {after[0]}; {at}" if after[0] <= before[0] < before[-1] else None


@BOOK.error(
    "checkpoint-exact",
    "A worker with `exact_resume` trains the same episodes when it is killed and resumed as without that.",
    why="Its results are taken to be independent of whether a machine went down meanwhile.",
    mend="Save the states of every random number generator and of the environment, or what the next episode is seeded "
    "with, and save where an episode ends. Or leave `exact_resume` out: most environments cannot be saved.",
    slow=True,
)
def checkpoint_exact(subject: Subject) -> str | None:
    if not subject.record.capabilities.get("exact_resume"):
        raise NotApplicable("it does not promise it (`exact_resume`)")
    resumed = _completed(subject)
    numbers = _numbers(resumed, "step", "step_index")
    episodes = events_by_episode(resumed)
    if not numbers or len(episodes) < 2:
        raise NotApplicable("it printed too few steps or episodes")
    whole = events_by_episode(uninterrupted_run(subject))
    differing = [key for key, events in episodes.items() if not _goes_on(events, whole.get(key, []), numbers[0])]
    return f"after resuming, episodes differ, first: {differing[0]}" if differing else None


def _goes_on(resumed: list[Event], whole: list[Event], first: int) -> bool:
    """Return whether an episode is what it would have been without an interruption.

    Args:
        resumed: Its events after resuming.
        whole: Its events in a run without an interruption.
        first: The first step after resuming; an episode that began before it may have only its later steps here.
    """
    if resumed == whole:
        return True
    after, all_steps = _steps(resumed), _steps(whole)
    begun_before = bool(all_steps) and _number(all_steps[0]) < first
    return begun_before and after == [step for step in all_steps if _number(step) >= first]


def _steps(events: list[Event]) -> list[Event]:
    return [event for event in events if kind_of(event) == "step"]


def _number(step: Event) -> int:
    number = aliased_value(step, "step", "step_index")
    return number if isinstance(number, int) else 0


def _completed(subject: Subject) -> Transcript:
    resumed = _resumed(subject).resumed
    if resumed is None or not resumed.completed:
        raise NotApplicable("it did not resume")
    return resumed


def _step_numbers(transcript: Transcript) -> list[int]:
    """Return the numbers of its steps, or those of its metrics if it prints no steps."""
    return _numbers(transcript, "step", "step_index") or _numbers(transcript, "metric", "step")


def _numbers(transcript: Transcript, kind: str, name: str) -> list[int]:
    return [number for event in transcript.of(kind) if isinstance(number := aliased_value(event, kind, name), int)]
