"""How a worker fails."""

from __future__ import annotations

from gym_gui.workers.conformance._transcript import Transcript
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.settings import IMPOSSIBLE_ENVIRONMENT, environment_field
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("failures")


def _impossible(subject: Subject) -> Transcript:
    """Return what it said of an environment that does not exist, if it does anything where one exists."""
    impossible = subject.impossible
    if not impossible.completed and not subject.short.events:
        raise NotApplicable(f"it fails without telemetry in any environment: {subject.short.how()}")
    return impossible


def _failed(subject: Subject) -> Transcript:
    impossible = _impossible(subject)
    if impossible.completed:
        raise NotApplicable("an environment that does not exist did not make it fail")
    return impossible


@BOOK.warning(
    "failure-ignored",
    "An environment that does not exist makes the run fail.",
    why="A mistyped environment that trains something else gives a result that means nothing.",
    mend="Make the environment that `env_id` names, and let the error out.",
)
def failure_ignored(subject: Subject) -> str | None:
    if not _impossible(subject).completed:
        return None
    return f"{environment_field(subject.usable)}={IMPOSSIBLE_ENVIRONMENT} completed"


@BOOK.error(
    "failure-event",
    "A run that fails emits `run_failed`.",
    why="Otherwise only its exit code is recorded.",
    mend="In `run()`: `except Exception as error: emitter.run_failed({...}); raise`.",
)
def failure_event(subject: Subject) -> str | None:
    failed = _failed(subject)
    if not failed.events:
        raise NotApplicable(f"the environment was refused before the run began: {failed.how()}")
    return (
        None if "run_failed" in failed.kinds else f"it said {', '.join(failed.kinds[-3:]) or 'nothing'}; {failed.how()}"
    )


@BOOK.error(
    "failure-exit-code",
    "A run that fails ends with an exit code other than 0.",
    why="The supervisor takes 0 for completed.",
    mend="Raise again after `run_failed`; never swallow the exception.",
)
def failure_exit_code(subject: Subject) -> str | None:
    failed = _failed(subject)
    return f"exit code 0 after {', '.join(failed.kinds[-2:]) or 'no event'}" if failed.code == 0 else None


@BOOK.warning(
    "failure-error-type",
    "`run_failed` carries `error` and `error_type`.",
    why="Lists show them, and similar failures are grouped by them.",
    mend='`emitter.run_failed({"error": str(error), "error_type": type(error).__name__})`.',
)
def failure_error_type(subject: Subject) -> str | None:
    failed = _failed(subject)
    if "run_failed" not in failed.kinds:
        raise NotApplicable("it does not emit run_failed")
    payload = failed.payload("run_failed")
    missing = [name for name in ("error", "error_type") if not payload.get(name)]
    return f"without {' and '.join(missing)}" if missing else None


@BOOK.error(
    "failure-time",
    "A run that cannot start ends by itself.",
    why="A worker that hangs instead occupies its slot until it is cancelled.",
    mend="Let the error out of every thread; join threads with a time limit.",
)
def failure_time(subject: Subject) -> str | None:
    impossible = _impossible(subject)
    return impossible.how() if impossible.reason == "wall_time" else None
