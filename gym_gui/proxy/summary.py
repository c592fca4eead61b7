"""Summary of a run, from its supervision and its telemetry."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from gym_gui.runs import (
    MAX_COUNT,
    AttemptSummary,
    ExitStatus,
    Ledger,
    RunFolder,
    RunPlan,
    RunState,
    RunSummary,
    WorkerPlan,
    WorkerSummary,
    annotated,
    load_plan,
    read_annotation,
)
from gym_gui.supervision import RunHistory, Usage, WorkerHistory, last_beat, proxy_of, read_history
from gym_gui.telemetry import TelemetryError, WorkerRollup, best_mean, pooled_spread
from gym_gui.telemetry.logs import log_size

#: Begin of the displayed cause of a run that is recorded as active but has no proxy.
UNSUPERVISED_CAUSE = "unsupervised since"


class Supervision(msgspec.Struct, frozen=True):
    """State of a run according to its supervisor, or to the supervisor's log."""

    history: RunHistory
    report: int = 0
    proxy_pid: int | None = None
    lag_bytes: int = 0
    note: str = ""
    """A present obstacle; displayed instead of the cause of its state."""
    progressed_at: Mapping[str, float] = {}
    """By worker id, the time of the last event other than a heartbeat."""
    usage: Mapping[str, Usage] = {}
    """By worker id."""
    measured_at: float | None = None
    """Time of the measurements; ``None`` if there are none any more."""


def summarize(plan: RunPlan, rollups: Sequence[WorkerRollup], ledger: Ledger, supervision: Supervision) -> RunSummary:
    """Return a run's summary.

    Args:
        plan: The run.
        rollups: Of every worker and attempt, in any order.
        ledger: The run's.
        supervision: States, processes, exits.
    """
    history = supervision.history
    workers = [
        _worker_summary(
            worker,
            sorted((one for one in rollups if one.worker_no == worker.worker_no), key=lambda one: one.attempt),
            history.workers[worker.worker_id],
            supervision.usage.get(worker.worker_id),
        )
        for worker in plan.workers
    ]
    means = [worker.mean_return_100 for worker in workers if worker.mean_return_100 is not None]
    targets = [worker.target_steps for worker in plan.workers if worker.target_steps is not None]
    begun = [record.started_at for record in history.workers.values() if record.started_at is not None]
    for summary in workers:
        summary.last_step_at = supervision.progressed_at.get(summary.worker_id)
    return RunSummary(
        run_id=plan.run_id,
        run_name=plan.run_name,
        state=history.state,
        cause=_cause(history, supervision.note),
        digest=plan.digest,
        report=supervision.report,
        group=plan.group,
        tags=plan.tags,
        seed=plan.seed,
        executor=plan.executor,
        parent_run_id=plan.parent_run_id,
        attempts=max((worker.attempt for worker in workers), default=0),
        workers=workers,
        episodes=sum(worker.episodes for worker in workers),
        steps=min(sum(worker.steps for worker in workers), MAX_COUNT),
        target_steps=min(sum(targets), MAX_COUNT) if len(targets) == len(plan.workers) else None,
        mean_return_100=sum(means) / len(means) if means else None,
        recent_episodes=sum(worker.recent_episodes for worker in workers),
        best_return=_best_return(workers),
        nan_episodes=sum(worker.nan_episodes for worker in workers),
        eval_episodes=sum(worker.eval_episodes for worker in workers),
        eval_steps=min(sum(worker.eval_steps for worker in workers), MAX_COUNT),
        evaluation=pooled_spread([worker.evaluation for worker in workers if worker.evaluation is not None]),
        eval_nan_episodes=sum(worker.eval_nan_episodes for worker in workers),
        steps_per_second=_speed([(rollup, history.workers[rollup.worker_id]) for rollup in _last(rollups)]),
        measured_at=supervision.measured_at,
        ledger=ledger,
        lag_bytes=supervision.lag_bytes,
        proxy_pid=supervision.proxy_pid,
        created_at=plan.created_at,
        started_at=history.started_at or min(begun, default=None),
        ended_at=history.ended_at,
        exit=_run_exit(history) if history.state.terminal else None,
    )


def _best_return(workers: Sequence[WorkerSummary]) -> float | None:
    means = [mean for worker in workers if (mean := best_mean(worker.curve)) is not None]
    return max(means, default=None)


def read_summary(folder: RunFolder) -> RunSummary:
    """Return a run's summary from its folder alone, with or without a proxy.

    Args:
        folder: The run's folder.

    Raises:
        MosaicError: The folder has no run that this version can read.
        OSError: A file of it cannot be read.
    """
    from gym_gui.telemetry import RunReader

    plan = load_plan(folder)
    history = read_history(folder.supervisor_log, (worker.worker_id for worker in plan.workers))
    rollups: list[WorkerRollup] = []
    ledger, note = Ledger(), ""
    try:
        reader = RunReader(folder)
        rollups, ledger = reader.worker_rollups(), reader.ledger()
    except TelemetryError as error:  # the supervisor's log still has the states
        note = f"telemetry.db cannot be read: {error.what}"
    proxy = proxy_of(folder)
    supervision = Supervision(
        history=history,
        report=history.proxies << 32,
        proxy_pid=proxy.pid if proxy is not None and proxy.alive() else None,
        lag_bytes=_lag_bytes(folder, plan, history, rollups),
        note=note or ("" if proxy is not None and proxy.alive() else _unsupervised_since(folder, history)),
    )
    return annotated(summarize(plan, rollups, ledger, supervision), read_annotation(folder))


def read_state(folder: RunFolder) -> RunState:
    """Return a run's state from its supervisor log alone.

    Raises:
        MosaicError: The log has records that this version cannot have written.
        OSError: It cannot be read.
    """
    return read_history(folder.supervisor_log, ()).state


def _unsupervised_since(folder: RunFolder, history: RunHistory) -> str:
    """Return the note on an active run without a proxy, empty for others."""
    if not history.proxies or history.state.terminal:
        return ""
    return f"{UNSUPERVISED_CAUSE} {last_proxy_sign(folder)}; this is the state as of then"


def last_proxy_sign(folder: RunFolder) -> str:
    """Return the time of the last proxy's last heartbeat, as text."""
    beaten_at = last_beat(folder) / 1e9
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(beaten_at)) if beaten_at else "an unknown time"


def _cause(history: RunHistory, note: str) -> str:
    cause = history.cause if history.state.terminal else note or history.cause
    if history.logs_replaced:
        cause = f"{cause}; its folder of logs was removed or replaced while it ran"
    if not history.gaps:
        return cause
    times = "once" if history.gaps == 1 else f"{history.gaps} times"
    return (
        f"{cause}; its telemetry is incomplete: a log was renamed or truncated {times} before all of it could be read"
    )


def _worker_summary(
    plan: WorkerPlan, rollups: Sequence[WorkerRollup], record: WorkerHistory, usage: Usage | None
) -> WorkerSummary:
    last = rollups[-1] if rollups else None
    shown = next((one for one in reversed(rollups) if one.curve or one.mean_return_100 is not None), last)
    live = record.state in (RunState.STARTING, RunState.RUNNING, RunState.PAUSED)
    summary = WorkerSummary(
        worker_id=plan.worker_id,
        worker_type=plan.worker_type,
        algorithm=plan.algorithm,
        env_id=plan.env_id,
        state=record.state,
        cause=record.cause,
        attempt=max((number for number, attempt in record.attempts.items() if attempt.launches), default=0),
        pid=record.pid,
        exit=record.exit,
        episodes=sum(one.episodes for one in rollups),
        nan_episodes=sum(one.nan_episodes for one in rollups),
        target_steps=plan.target_steps,
        cpu_seconds=usage.cpu_seconds if usage is not None and live else record.cpu_seconds,
        memory_bytes=usage.memory_bytes if usage is not None and live else record.memory_bytes,
        attempts=_attempts(rollups, record),
    )
    if last is not None and shown is not None:
        summary.steps, summary.eval_steps = last.steps, last.eval_steps
        summary.steps_per_second = _speed([(last, record)])
        summary.last_event = last.last_event
        summary.last_heartbeat_at = last.last_heartbeat_at
        summary.phase = last.phase if live and last.attempt == record.attempt else ""
        summary.mean_return_100, summary.recent_episodes = shown.mean_return_100, shown.recent_episodes
        summary.curve = shown.curve
        evaluated = next((one for one in reversed(rollups) if one.eval_episodes), last)
        summary.eval_episodes = evaluated.eval_episodes
        summary.eval_mean_return, summary.evaluation = evaluated.eval_mean_return, evaluated.evaluation
        summary.eval_nan_episodes = evaluated.eval_nan_episodes
        summary.agents = next((one.agents for one in reversed(rollups) if one.agents), [])
    return summary


def _last(rollups: Sequence[WorkerRollup]) -> list[WorkerRollup]:
    """Return each worker's last attempt."""
    by_worker = {one.worker_id: one for one in sorted(rollups, key=lambda one: one.attempt)}
    return list(by_worker.values())


def _speed(attempts: Sequence[tuple[WorkerRollup, WorkerHistory]]) -> float | None:
    """Return the environment steps a second of parallel attempts, while they reported steps."""
    steps, begun, ended, paused = 0, [], [], 0.0
    for rollup, record in attempts:
        if rollup.first_mark is not None and rollup.last_mark is not None:
            steps += rollup.last_mark[1] - rollup.first_mark[1]
            begun.append(rollup.first_mark[0])
            ended.append(rollup.last_mark[0])
            attempt = record.attempts.get(rollup.attempt)
            paused = max(paused, attempt.uncounted_s if attempt is not None else 0.0)
    took = max(ended, default=0.0) - min(begun, default=0.0) - paused
    return steps / took if steps > 0 and took > 0 else None


def _attempts(rollups: Sequence[WorkerRollup], record: WorkerHistory) -> list[AttemptSummary]:
    counted = {one.attempt: one for one in rollups}
    summaries = []
    for number, attempt in sorted(record.attempts.items()):
        if not attempt.launches:
            continue
        summary = AttemptSummary(
            attempt=number,
            state=attempt.state,
            cause=attempt.cause,
            exit=attempt.exit,
            started_at=attempt.started_at,
            ended_at=attempt.ended_at,
        )
        if number in counted:
            rollup = counted[number]
            summary.episodes, summary.steps = rollup.episodes, rollup.steps
            summary.mean_return_100, summary.recent_episodes = rollup.mean_return_100, rollup.recent_episodes
            summary.lines = rollup.ledger.lines
        summaries.append(summary)
    return summaries


def _run_exit(history: RunHistory) -> ExitStatus | None:
    """Return the exit of the first failed worker, else of the last ended one."""
    ended = sorted((one for one in history.workers.values() if one.exit is not None), key=lambda one: one.ended_at or 0)
    failed = [one for one in ended if one.state in (RunState.FAILED, RunState.LOST)]
    if failed:
        return failed[0].exit
    return ended[-1].exit if ended else None


def _lag_bytes(folder: RunFolder, plan: RunPlan, history: RunHistory, rollups: Sequence[WorkerRollup]) -> int:
    """Return how many bytes of the workers' logs are not indexed."""
    read = {(one.worker_no, one.attempt): one.bytes_read for one in rollups if not one.closed}
    closed = {(one.worker_no, one.attempt) for one in rollups if one.closed}
    lag = 0
    for worker in plan.workers:
        for number in range(1, history.workers[worker.worker_id].attempt + 1):
            key = (worker.worker_no, number)
            path = folder.stdout_log(worker.worker_id, number)
            if key not in closed:
                lag += max(0, log_size(path) - read.get(key, 0))
    return lag
