"""Classification of exits: the state in which an attempt ended, and why (pure)."""

from __future__ import annotations

import signal

import msgspec

from gym_gui.runs import ExitStatus, RunState
from gym_gui.supervision.facts import AttemptFacts, ExitFacts, StopKind

#: Python's exit code when a standard stream cannot be flushed at the end.
FLUSH_FAILED = 120
#: Reason of an exit that was not observed: the machine was given up.
MACHINE_LOST = "machine_lost"
#: Reason of an exit after which no further attempt is made, whatever the limit: the program itself said that it failed.
FAILED_FOR_GOOD = "failed_for_good"


class ExitClassification(msgspec.Struct, frozen=True):
    """A terminal state, its cause in words, and the exit that goes into the summary."""

    state: RunState
    cause: str
    exit: ExitStatus


def classify(attempt: AttemptFacts, wall_time_s: float | None = None) -> ExitClassification:
    """Return how an attempt ended; ask only when it is over and its log is closed.

    What the kernel reported decides; a worker's words can make an exit code worse, never better. An exit that was
    recorded before our first signal is the worker's own.

    Args:
        attempt: An attempt that began and is over.
        wall_time_s: The wall-time limit, for the cause.
    """
    classification = _classify(attempt, wall_time_s)
    if attempt.log_fault and classification.state is RunState.COMPLETED:
        return ExitClassification(
            RunState.FAILED, f"its log {attempt.log_fault}: not all that it printed is known", classification.exit
        )
    return classification


def _classify(attempt: AttemptFacts, wall_time_s: float | None) -> ExitClassification:
    if attempt.exit is None:
        return _classify_unseen(attempt)
    if attempt.exit.reason == "spawn_failed":
        return _classification(RunState.FAILED, f"could not be started: {attempt.exit.error}", attempt.exit)
    if attempt.exit.reason == MACHINE_LOST and attempt.stop is None:
        return _classification(RunState.LOST, attempt.exit.error or "its machine was lost", attempt.exit)
    if attempt.exit.signalled or _stop_came_first(attempt, attempt.exit):
        return _classify_stopped(attempt, attempt.exit, wall_time_s)
    return _classify_own_end(attempt, attempt.exit)


def _stop_came_first(attempt: AttemptFacts, ended: ExitFacts) -> bool:
    """Whether a worker that did not end well did so after our first signal, on its way to it."""
    well = ended.code == 0 and attempt.final_event != "run_failed"
    return attempt.stop is not None and ended.at > attempt.stop.at and not well


def _classify_unseen(attempt: AttemptFacts) -> ExitClassification:
    """Classify an exit without a record: the launcher was killed, or the machine went down."""
    unknown = ExitStatus(reason="unknown")
    if attempt.stop is not None:
        return ExitClassification(_stopped_state(attempt), f"{attempt.stop.cause} (exit code unknown)", unknown)
    if attempt.final_event == "run_completed":
        return ExitClassification(RunState.COMPLETED, "completed (exit code unknown: its launcher was killed)", unknown)
    if not attempt.same_boot:
        return ExitClassification(RunState.LOST, "the machine was restarted", unknown)
    if attempt.final_event == "run_failed":
        return ExitClassification(RunState.FAILED, f"run_failed{_quoted(attempt.error)} (exit code unknown)", unknown)
    return ExitClassification(RunState.FAILED, "exit unknown: its launcher was killed", unknown)


def _classify_stopped(attempt: AttemptFacts, ended: ExitFacts, wall_time_s: float | None) -> ExitClassification:
    """It ended after our first signal: why we sent it decides."""
    if ended.reason == "wall_time":
        return _classification(RunState.FAILED, wall_time_cause(wall_time_s), ended)
    if attempt.stop is not None:
        said = _quoted(attempt.error) if attempt.stop.kind is StopKind.OVERSTAYED and attempt.said_failed else ""
        return _classification(_stopped_state(attempt), f"{attempt.stop.cause}{said}", ended)
    if ended.reason == "cancelled":
        return _classification(RunState.CANCELLED, "cancelled", ended)
    return _classification(RunState.FAILED, "stopped from outside: its launcher received a signal", ended)


def _classify_own_end(attempt: AttemptFacts, ended: ExitFacts) -> ExitClassification:
    if ended.signal is not None:
        hint = ": out of memory?" if ended.signal == signal.SIGKILL else ""
        return _classification(RunState.FAILED, f"killed by {_signal_name(ended.signal)}, not by MOSAIC{hint}", ended)
    if ended.code == FLUSH_FAILED:
        why = "disk full" if attempt.disk_full else "disk full, or stdout was closed"
        return _classification(RunState.FAILED, f"stdout could not be flushed: {why} (exit code {FLUSH_FAILED})", ended)
    if ended.code != 0:
        return _classification(RunState.FAILED, f"exit code {ended.code}{_quoted(attempt.error)}", ended)
    if attempt.final_event == "run_failed":
        return _classification(RunState.FAILED, f"run_failed{_quoted(attempt.error)}, though exit code 0", ended)
    if attempt.final_event == "run_cancelled":
        return _classification(RunState.CANCELLED, "the worker cancelled itself (run_cancelled, exit code 0)", ended)
    if attempt.final_event == "run_completed":
        return _classification(RunState.COMPLETED, "exit code 0", ended)
    if attempt.run_started and attempt.target_steps is not None and attempt.steps < attempt.target_steps:
        # It knows the lifecycle and left the end out: something ended it early (sys.exit, os._exit, a signal handler).
        done = f"{attempt.steps:,} of {attempt.target_steps:,} steps ({attempt.steps / attempt.target_steps:.0%})"
        return _classification(RunState.FAILED, f"exit code 0 at {done}, without run_completed", ended)
    return _classification(RunState.COMPLETED, "exit code 0, without run_completed", ended)


def wall_time_cause(limit_s: float | None) -> str:
    """Return the cause of a run that took too long."""
    return "wall-time limit reached" if limit_s is None else f"wall-time limit of {limit_s:g} s reached"


def _stopped_state(attempt: AttemptFacts) -> RunState:
    kind = None if attempt.stop is None else attempt.stop.kind
    if kind is StopKind.OVERSTAYED and not attempt.said_failed:
        return RunState.COMPLETED if attempt.final_event == "run_completed" else RunState.CANCELLED
    return RunState.FAILED if kind in (StopKind.LIMIT, StopKind.OVERSTAYED) else RunState.CANCELLED


def _classification(state: RunState, cause: str, ended: ExitFacts) -> ExitClassification:
    return ExitClassification(state, cause, ExitStatus(code=ended.code, signal=ended.signal, reason=ended.reason))


def _quoted(error: str) -> str:
    return f": {error}" if error else ""


def _signal_name(number: int) -> str:
    try:
        return f"{signal.Signals(number).name} ({number})"
    except ValueError:
        return f"signal {number}"
