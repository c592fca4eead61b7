"""Why a run is in its state: what a queued run waits for, what the other states mean."""

from __future__ import annotations

import time
from collections import Counter

import msgspec

from gym_gui.proxy import UNSUPERVISED_CAUSE
from gym_gui.runs import RunState, RunSummary
from gym_gui.trainer.waiting import UNITS, Shortage, Waiting

_MEANING = {
    RunState.QUEUED: "It has not begun, or waits to be tried again.",
    RunState.STARTING: "Its workers are being launched.",
    RunState.RUNNING: "Its workers run.",
    RunState.PAUSED: "Its workers are suspended and keep their resources, including their slot; they can be resumed.",
    RunState.COMPLETED: "All its workers ended successfully.",
    RunState.FAILED: "One of its workers failed.",
    RunState.CANCELLED: "It was cancelled on request.",
    RunState.LOST: "How it ended is unknown: its processes were gone when MOSAIC checked.",
}
_NEXT = {
    RunState.QUEUED: "mosaic runs list --state running --state starting",
    RunState.STARTING: "mosaic runs watch {run}",
    RunState.RUNNING: "mosaic runs watch {run}",
    RunState.PAUSED: "mosaic runs unpause {run}",
    RunState.COMPLETED: "mosaic runs show {run}",
    RunState.FAILED: "mosaic runs logs {run} --stderr",
    RunState.CANCELLED: "mosaic resume {run}  (from its last checkpoint, if it has saved one)",
    RunState.LOST: "mosaic runs logs {run} --supervisor",
}
_SHOWN = 4
_BEGUN = (RunState.STARTING, RunState.RUNNING)
#: Seconds without a step, an episode or a metric after which a worker is said to make no progress.
STALL_S = 60.0


class ExplainedShortage(msgspec.Struct, kw_only=True):
    """One thing that a queued run waits for; as :class:`~gym_gui.trainer.waiting.Shortage`, with a sentence."""

    resource: str
    needed: int
    free: int
    total: int
    holders: dict[str, int] = {}
    reserved_for: list[str] = []
    machine: str | None = None
    """Where it is short; null where there is but one machine, empty: on the daemon's."""
    sentence: str = ""


class Explanation(msgspec.Struct, kw_only=True):
    """Why a run is in its state."""

    run_id: str
    state: RunState
    cause: str
    """The recorded cause, one clause."""
    meaning: str
    """What the state means, one sentence."""
    next_step: str
    """The command that shows more, or fixes it."""
    before: int | None = None
    """How many queued runs come before it; null where it does not wait in the queue."""
    waits_for: list[ExplainedShortage] = []


def explain_state(run: RunSummary, waiting: Waiting | None = None, note: str = "") -> Explanation:
    """Return why a run is in its state.

    Args:
        run: The run as it stands.
        waiting: What the scheduler says of it, where it waits in the queue.
        note: What else is to be said of it, one sentence.
    """
    explanation = Explanation(
        run_id=run.run_id,
        state=run.state,
        cause=run.cause,
        meaning=f"{_MEANING[run.state]} {note}".rstrip(),
        next_step=_NEXT[run.state].format(run=run.run_id),
    )
    failed = next((worker.worker_id for worker in run.workers if worker.state in (RunState.FAILED, RunState.LOST)), "")
    if run.state is RunState.FAILED and failed and len(run.workers) > 1:
        explanation.next_step = f"mosaic runs logs {run.run_id} --worker {failed} --stderr"
    if run.state is RunState.PAUSED and run.cause.startswith("disk:"):
        explanation.next_step = "free disk space, then it continues by itself: mosaic runs list --state running"
    if run.state is RunState.CANCELLED:
        ended = time.strftime(" at %Y-%m-%d %H:%M:%S %z", time.localtime(run.ended_at)) if run.ended_at else ""
        kept = "its records are kept" if run.started_at is not None else "it was never started"
        explanation.meaning = f"It was cancelled on request: {run.cause or 'cancelled'}{ended}; {kept}. {note}".rstrip()
        if run.started_at is None:
            explanation.next_step = f"mosaic runs show {run.run_id}"
    if busy := phase_text(run):
        explanation.meaning = f"{explanation.meaning} {busy[0].upper()}{busy[1:]}"
    if still := stalled_since(run):
        explanation.meaning = f"{explanation.meaning} But: {still}."
        explanation.next_step = f"mosaic runs logs {run.run_id} --stderr"
    if run.cause.startswith(UNSUPERVISED_CAUSE):
        explanation.meaning = "Its workers have not been supervised since then: they may have ended."
        explanation.next_step = "mosaic daemon start"
    if waiting is not None:
        explanation.before = waiting.before
        explanation.waits_for = explain_waiting(waiting)
    return explanation


def explain_waiting(waiting: Waiting) -> list[ExplainedShortage]:
    """Return what a run waits for, each with a sentence."""
    return [_explained(shortage) for shortage in waiting.shortages]


def phase_text(run: RunSummary) -> str:
    """Return what running workers are busy with while they take no steps, ``""`` where none has said so.

    Args:
        run: The run.
    """
    phases = [worker.phase for worker in run.workers if worker.phase and worker.state in _BEGUN]
    if not phases:
        return ""
    phase, count = Counter(phases).most_common(1)[0]
    begun = run.steps or run.episodes or run.eval_episodes
    several = f" ({count} of {len(run.workers)} workers)" if len(run.workers) > 1 else ""
    return f"{'' if begun else 'starting: '}{phase} …{several}"


def stalled_since(run: RunSummary, now: float | None = None) -> str:
    """Return since when running workers have reported no step, ``""`` where all go on.

    Args:
        run: The run.
        now: Unix time.
    """
    now = time.time() if now is None else now
    running = [worker for worker in run.workers if worker.state is RunState.RUNNING]
    silent = [now - worker.last_step_at for worker in running if worker.last_step_at is not None]
    late = [seconds for seconds in silent if seconds >= STALL_S]
    if not late:
        return ""
    return f"no step for {max(late):.0f} s" + (f" ({len(late)} of {len(running)} workers)" if len(running) > 1 else "")


def _explained(shortage: Shortage) -> ExplainedShortage:
    return ExplainedShortage(
        resource=shortage.resource,
        needed=shortage.needed,
        free=shortage.free,
        total=shortage.total,
        holders=dict(shortage.holders),
        reserved_for=list(shortage.reserved_for),
        machine=shortage.machine,
        sentence=_sentence(shortage),
    )


def _sentence(shortage: Shortage) -> str:
    if shortage.resource == "quota":
        ((submitter, number),) = shortage.holders
        return f"Its submitter {submitter} has {number:,} of its runs under way, of {shortage.total:,} allowed at once."
    if shortage.resource == "disk":
        return (
            f"No run is started while disk space is low: {shortage.free:,} MiB are free, {shortage.needed:,} are"
            " needed (setting disk_low_mb)."
        )
    if shortage.resource == "machine":
        return f"Its executor has no machine that could run it{f': {shortage.why}' if shortage.why else ''}."
    if shortage.resource == "claim":
        return "It is carried out by the first machine that claims it by HTTP."
    if shortage.resource == "fair_share":
        return f"Run {_list(list(shortage.reserved_for))} of the same submitter was passed often enough and goes first."
    total = f"{shortage.total:,}"
    if shortage.resource == "slots":
        held = _list([run_id for run_id, _ in shortage.holders])
        need = f"It needs one of {total} slots{shortage.place}: {_free(shortage)}"
    else:
        held = _list([f"{run_id} ({amount:,})" for run_id, amount in shortage.holders])
        unit = UNITS[shortage.resource]
        need = f"It needs {shortage.needed:,} of {total} {unit}{shortage.place}: {_free(shortage)}"
    names = list(shortage.reserved_for)
    reserved = f", and reserved for {_list(names)}" if names and shortage.free else ""
    return f"{need}{reserved}" + (f"; held by {held}." if held else ".")


def _free(shortage: Shortage) -> str:
    return f"{shortage.free:,} {'is' if shortage.free == 1 else 'are'} free"


def _list(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
