"""Supervision as a pure function: facts of a run in, actions out. No clock, no files, no processes.

:func:`decide` makes at most one step per worker and one of the run; a supervisor records and carries out what it
returns and asks again until nothing is returned. So every state is passed through and stands in the record.
"""

from __future__ import annotations

from collections.abc import Iterable

from gym_gui.constants import WORKER_MAX_ATTEMPTS
from gym_gui.runs import Limits, RunState, may_follow
from gym_gui.supervision.exits import FAILED_FOR_GOOD, MACHINE_LOST, ExitClassification, classify, wall_time_cause
from gym_gui.supervision.facts import (
    Action,
    AttemptFacts,
    Kill,
    Launch,
    Pause,
    RunFacts,
    RunTransition,
    Stop,
    StopKind,
    Unpause,
    WorkerFacts,
    WorkerTransition,
)

#: A launcher that dies this often before its worker begins is not tried again.
MAX_LAUNCHES = 3
#: How long after the end of the grace a launcher that should have killed its worker is believed to be at it, seconds.
LAUNCHER_PATIENCE_S = 5.0


#: Causes of runs whose workers begin, have begun, and go on; the first one is followed by their number.
LAUNCHING, STARTED, CONTINUED = "launching", "every worker has been started", "goes on after a pause"


def decide(run: RunFacts) -> list[Action]:
    """Return the next steps of a run, none where nothing is to be done.

    Args:
        run: Its facts.
    """
    if run.state.terminal:
        return []
    actions: list[Action] = []
    for worker in run.workers:
        actions += _decide_worker(run, worker)
    transition = _decide_run(run)
    if transition is not None:
        actions.append(transition)
    return actions


def retry_delay_s(attempt: int) -> float:
    """Return how long to wait, in seconds, before the attempt that follows a failed one."""
    return float(min(60, 2 ** (attempt - 1)))


def _decide_worker(run: RunFacts, worker: WorkerFacts) -> list[Action]:
    if worker.state.terminal:
        return []
    attempt = worker.attempt
    if not attempt.begun and attempt.over:
        return _decide_launch(run, worker)
    if worker.state is RunState.QUEUED and attempt.unobserved:
        return []  # perhaps a predecessor launched it and could not write it down
    if worker.state is RunState.QUEUED:  # launched by a predecessor that could not write it down
        return [WorkerTransition(worker.worker_id, attempt.number, RunState.STARTING, "launched before")]
    if worker.state is RunState.STARTING and attempt.pid is not None:
        cause = f"pid {attempt.pid}" if attempt.pid else "claimed by its machine"
        return [WorkerTransition(worker.worker_id, attempt.number, RunState.RUNNING, cause)]
    if attempt.over:
        return _decide_end(run, worker) if attempt.closed else []
    return _decide_stop(run, worker)


def _decide_launch(run: RunFacts, worker: WorkerFacts) -> list[Action]:
    """Nothing of the attempt has run: launch it, unless it is not wanted any more."""
    attempt = worker.attempt
    withdrawn = _why_stop(run, worker)
    if withdrawn is not None:
        cause = f"{withdrawn[1]}, before it was launched"
        return [WorkerTransition(worker.worker_id, attempt.number, RunState.CANCELLED, cause)]
    if attempt.stop is not None:
        cause = f"{attempt.stop.cause}: its launcher never started it"
        return [WorkerTransition(worker.worker_id, attempt.number, RunState.FAILED, cause)]
    if attempt.launches >= MAX_LAUNCHES:
        cause = f"its launcher died {attempt.launches} times before it could start the worker: see logs/proxy.log"
        return [WorkerTransition(worker.worker_id, attempt.number, RunState.FAILED, cause)]
    if run.disk_full or run.pause is not None or worker.retry_in_s > 0:
        return []
    return [Launch(worker.worker_id, attempt.number)]


def _decide_end(run: RunFacts, worker: WorkerFacts) -> list[Action]:
    attempt = worker.attempt
    classification = classify(attempt, run.limits.wall_time_s)
    # Its launcher obeyed the request by itself, or its machine was lost and no other one is to begin again.
    unsignalled = classification.state is RunState.CANCELLED or classification.exit.reason == MACHINE_LOST
    if unsignalled and attempt.stop is None and run.cancel is not None:
        classification = ExitClassification(RunState.CANCELLED, run.cancel, classification.exit)
    if _may_retry(run, worker, classification):
        cause = f"attempt {attempt.number} of {run.limits.max_attempts} ended: {classification.cause}"
        return [WorkerTransition(worker.worker_id, attempt.number, RunState.QUEUED, cause, classification.exit)]
    return [
        WorkerTransition(
            worker.worker_id, attempt.number, classification.state, classification.cause, classification.exit
        )
    ]


def _may_retry(run: RunFacts, worker: WorkerFacts, classification: ExitClassification) -> bool:
    return (
        classification.state in (RunState.FAILED, RunState.LOST)
        and classification.exit.reason != FAILED_FOR_GOOD
        and worker.attempt.number < min(run.limits.max_attempts, WORKER_MAX_ATTEMPTS)
        and _why_stop(run, worker) is None
    )


def _decide_stop(run: RunFacts, worker: WorkerFacts) -> list[Action]:
    """Return what to do about a living attempt that has to end, or may have to."""
    attempt = worker.attempt
    key = (worker.worker_id, attempt.number)
    orphaned = not attempt.launcher_alive
    if orphaned and not attempt.worker_alive:
        # Where none of them is seen, the held lock says that there are some: wait.
        left = attempt.survivors > 0
        return [Kill(*key, launcher=False, cause="left behind by the worker")] if left else []
    if attempt.stop is None:
        why = _why_stop(run, worker)
        if why is None and worker.state is not RunState.PAUSED and not attempt.elsewhere:
            why = _overstay(attempt, run.limits) or _broken_limit(attempt, run.limits)
        return [Stop(*key, kind=why[0], cause=why[1])] if why is not None else _decide_pause(run, worker)
    if attempt.stop.age_s is None:
        return [Stop(*key, kind=attempt.stop.kind, cause=attempt.stop.cause, recorded=True)]
    late_s = attempt.stop.age_s - run.limits.shutdown_timeout_s
    if late_s > (0.0 if orphaned else LAUNCHER_PATIENCE_S):
        cause = f"still there {run.limits.shutdown_timeout_s:g} s after: {attempt.stop.cause}"
        return [Kill(*key, launcher=late_s > 2 * LAUNCHER_PATIENCE_S, cause=cause)]
    return []


def _decide_pause(run: RunFacts, worker: WorkerFacts) -> list[Action]:
    """Return what to do about a living attempt that is to be paused or unpaused.

    A pause is written down before its signals are sent and an end of one after, so that a successor that finds no
    more than half of it can do the other half.
    """
    attempt = worker.attempt
    if attempt.elsewhere:
        return []
    if worker.state is RunState.RUNNING and run.pause is not None:
        return [Pause(worker.worker_id, attempt.number, run.pause)]
    if worker.state is RunState.PAUSED and run.pause is None:
        return [Unpause(worker.worker_id, attempt.number)]
    if worker.state is RunState.PAUSED and not attempt.stopped:
        return [Pause(worker.worker_id, attempt.number, worker.cause, recorded=True)]
    return []


def _why_stop(run: RunFacts, worker: WorkerFacts) -> tuple[StopKind, str] | None:
    if run.cancel is not None:
        return StopKind.CANCEL, run.cancel
    if run.fail_fast:
        for other in run.workers:
            if other.worker_id != worker.worker_id and other.state in (RunState.FAILED, RunState.LOST):
                return StopKind.FAIL_FAST, f"stopped because worker {other.worker_id} failed"
    return None


def _overstay(attempt: AttemptFacts, limits: Limits) -> tuple[StopKind, str] | None:
    """Return why an attempt that has said how it ended is to be stopped: it had its time to exit."""
    if not attempt.final_event or attempt.final_s <= limits.shutdown_timeout_s:
        return None
    cause = f"{attempt.final_event}, but it did not exit within {limits.shutdown_timeout_s:g} s and was stopped"
    return StopKind.OVERSTAYED, cause


def _broken_limit(attempt: AttemptFacts, limits: Limits) -> tuple[StopKind, str] | None:
    """Return the limit that a living attempt has broken. Its launcher sees to the wall time while there is one."""
    cause = ""
    if not attempt.launcher_alive and limits.wall_time_s is not None and attempt.age_s > limits.wall_time_s:
        cause = wall_time_cause(limits.wall_time_s)
    elif not attempt.drained:  # its output may be in the log, unread
        cause = ""
    elif attempt.heartbeat_seen and attempt.quiet_s > limits.heartbeat_timeout_s:
        cause = f"heartbeat lost: nothing printed for {limits.heartbeat_timeout_s:g} s"
    elif not attempt.output_seen and attempt.idle_s > limits.startup_timeout_s:
        cause = f"hung at startup: neither output nor CPU time for {limits.startup_timeout_s:g} s"
    elif attempt.output_seen and attempt.idle_s > limits.heartbeat_timeout_s:
        cause = f"hung: neither output nor CPU time for {limits.heartbeat_timeout_s:g} s"
    return (StopKind.LIMIT, cause) if cause else None


def _decide_run(run: RunFacts) -> RunTransition | None:
    state = _next_run_state(run.state, [worker.state for worker in run.workers])
    if state is run.state or not may_follow(run.state, state):
        return None
    return RunTransition(state, _run_cause(run, state))


def _next_run_state(now: RunState, workers: list[RunState]) -> RunState:
    if all(state.terminal for state in workers):
        for worst in (RunState.FAILED, RunState.LOST, RunState.CANCELLED):
            if worst in workers:
                return worst
        return RunState.COMPLETED
    if now is RunState.QUEUED:
        return RunState.QUEUED if _only(workers, RunState.QUEUED) else RunState.STARTING
    if _only(workers, RunState.QUEUED):
        return RunState.QUEUED
    if now is RunState.STARTING and RunState.STARTING in workers:
        return RunState.STARTING
    if RunState.RUNNING in workers or (now is RunState.STARTING and RunState.PAUSED in workers):
        return RunState.RUNNING
    return RunState.PAUSED if RunState.PAUSED in workers and RunState.STARTING not in workers else now


def _only(workers: Iterable[RunState], state: RunState) -> bool:
    """Return whether every worker that has not ended is in one state."""
    return all(worker is state for worker in workers if not worker.terminal)


def is_usual(cause: str) -> bool:
    """Return whether a cause of a run under way says no more than that it is."""
    return cause in (STARTED, CONTINUED) or cause.startswith(LAUNCHING)


def _run_cause(run: RunFacts, state: RunState) -> str:
    if state is RunState.STARTING:
        return f"{LAUNCHING} {len(run.workers)} worker{'s' if len(run.workers) > 1 else ''}"
    if state is RunState.RUNNING:
        return STARTED if run.state is not RunState.PAUSED else CONTINUED
    if len(run.workers) == 1:
        return run.workers[0].cause
    there = [worker for worker in run.workers if worker.state is state]
    count = f"{len(there)} of {len(run.workers)} workers {state.value}"
    if state is RunState.COMPLETED or not there:
        return count
    return f"{count}; {there[0].worker_id}: {there[0].cause}"
