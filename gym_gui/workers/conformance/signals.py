"""How a worker ends when it is asked to."""

from __future__ import annotations

import signal

from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.held import HeldRun, held_run
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("signals")
_ASKED = signal.SIGTERM


def _cancelled(subject: Subject) -> HeldRun:
    held = held_run(subject)
    if not held.cancelled:
        raise NotApplicable(f"the long run had ended before it was cancelled: {held.transcript.how()}")
    return held


@BOOK.error(
    "cancel-grace",
    "It ends within the grace after SIGTERM.",
    why="A worker that does not end is killed, and loses what it has not saved.",
    mend="Leave SIGTERM alone, or handle it and stop at the next step (`WorkerCLI.run` raises `Cancelled` in the main "
    "thread). Never ignore it.",
    slow=True,
)
def cancel_grace(subject: Subject) -> str | None:
    ended = _cancelled(subject).transcript
    if ended.signal == signal.SIGKILL:
        return f"it had to be killed after {subject.limits.grace_s:g} s"
    return None


@BOOK.warning(
    "cancel-event",
    "A cancelled run emits `run_cancelled` last.",
    why="The event reports its progress and its last checkpoint.",
    mend="Use `WorkerCLI.run`, or handle SIGTERM, emit `run_cancelled` and exit with 143.",
    slow=True,
)
def cancel_event(subject: Subject) -> str | None:
    ended = _cancelled(subject).transcript
    if ended.signal == signal.SIGKILL:
        raise NotApplicable("it had to be killed")
    kinds = ended.kinds
    if "run_cancelled" not in kinds:
        return f"it did not emit it; {ended.how()}"
    return None if kinds[-1] == "run_cancelled" else f"{kinds[-1]} came after it"


@BOOK.error(
    "cancel-truth",
    "A cancelled run does not emit `run_completed`.",
    why="A training that was cut short would be taken for a whole one.",
    mend="Emit `run_completed` only when the work is done.",
    slow=True,
)
def cancel_truth(subject: Subject) -> str | None:
    kinds = _cancelled(subject).transcript.kinds
    return "it said run_completed after SIGTERM" if "run_completed" in kinds else None


@BOOK.warning(
    "cancel-exit-code",
    "A cancelled worker exits with 143, or by the signal itself.",
    why="Exit code 0 says completed, 1 says failed.",
    mend="`sys.exit(143)` after `run_cancelled` (128 + 15).",
    slow=True,
)
def cancel_exit_code(subject: Subject) -> str | None:
    ended = _cancelled(subject).transcript
    if ended.signal == signal.SIGKILL:
        raise NotApplicable("it had to be killed")
    if ended.code == 128 + _ASKED or ended.signal == _ASKED:
        return None
    return f"it ended with {ended.how()}"


@BOOK.error(
    "leaves-processes",
    "No process outlives the worker.",
    why="Processes left behind occupy memory, ports and GPUs until they are killed by hand.",
    mend="Close vector environments, clusters and servers in a `finally`; wait for child processes.",
)
def leaves_processes(subject: Subject) -> str | None:
    strays = subject.short.strays
    if strays:
        return f"{strays} were left by a short run, and were ended"
    assert subject.spoken
    return None
