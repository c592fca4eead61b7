"""Summaries and problems to messages and back, exactly: null stays null, NaN and infinities stay what they are."""

from __future__ import annotations

import json
from typing import Any

from gym_gui.core.worker.errors import Problem
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import (
    AgentSummary,
    AttemptSummary,
    CurvePoint,
    ExitStatus,
    Ledger,
    ReturnSpread,
    RunSummary,
    WorkerSummary,
)
from gym_gui.trainer.proto import mosaic_pb2 as pb

#: Longest JSON of an offending value that travels with its problem, in characters.
VALUE_CHARACTERS = 400

_SPREAD = ReturnSpread.__struct_fields__
_STATE_TO_PB = {state: pb.RunState.Value(f"RUN_STATE_{state.name}") for state in RunState}
_STATE_FROM_PB: dict[int, RunState] = {number: state for state, number in _STATE_TO_PB.items()}


def state_to_pb(state: RunState) -> pb.RunState.ValueType:
    """Return a state's number on the wire."""
    return _STATE_TO_PB[state]


def state_from_pb(number: int) -> RunState:
    """Return the state that a number on the wire stands for.

    Raises:
        ValueError: It stands for none (a newer daemon's).
    """
    state = _STATE_FROM_PB.get(number)
    if state is None:
        raise ValueError(f"no run state has the number {number}")
    return state


def text(value: str) -> str:
    """Return text that UTF-8 can carry: a lone surrogate becomes a question mark."""
    return value.encode("utf-8", "replace").decode("utf-8")


def json_bytes(value: Any) -> bytes:
    """Return a value as JSON, as Python writes it (NaN and infinities included)."""
    return json.dumps(value, separators=(",", ":")).encode()


def summary_to_pb(run: RunSummary, *, curves: bool = True) -> pb.RunSummary:
    """Return a run's summary as a message.

    Args:
        run: The summary.
        curves: Whether the workers' learning curves go with it.
    """
    return pb.RunSummary(
        run_id=run.run_id,
        run_name=text(run.run_name),
        state=state_to_pb(run.state),
        cause=text(run.cause),
        digest=run.digest,
        sequence=run.sequence,
        report=run.report,
        group=text(run.group),
        tags=[text(tag) for tag in run.tags],
        seed=run.seed,
        executor=run.executor,
        parent_run_id=run.parent_run_id,
        attempts=run.attempts,
        workers=[_worker_to_pb(worker, curves) for worker in run.workers],
        episodes=run.episodes,
        steps=run.steps,
        target_steps=run.target_steps,
        mean_return_100=run.mean_return_100,
        recent_episodes=run.recent_episodes,
        nan_episodes=run.nan_episodes,
        eval_episodes=run.eval_episodes,
        eval_steps=run.eval_steps,
        evaluation=_spread_to_pb(run.evaluation),
        eval_nan_episodes=run.eval_nan_episodes,
        steps_per_second=run.steps_per_second,
        measured_at=run.measured_at,
        ledger=_ledger_to_pb(run.ledger),
        lag_bytes=run.lag_bytes,
        proxy_pid=run.proxy_pid,
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        exit=_exit_to_pb(run.exit),
    )


def summary_from_pb(message: pb.RunSummary) -> RunSummary:
    """Return the summary that a message carries.

    Raises:
        ValueError: It holds a state that is unknown here.
    """
    return RunSummary(
        run_id=message.run_id,
        run_name=message.run_name,
        state=state_from_pb(message.state),
        cause=message.cause,
        digest=message.digest,
        sequence=message.sequence,
        report=message.report,
        group=message.group,
        tags=list(message.tags),
        seed=_optional(message, "seed"),
        executor=message.executor,
        parent_run_id=_optional(message, "parent_run_id"),
        attempts=message.attempts,
        workers=[_worker_from_pb(worker) for worker in message.workers],
        episodes=message.episodes,
        steps=message.steps,
        target_steps=_optional(message, "target_steps"),
        mean_return_100=_optional(message, "mean_return_100"),
        recent_episodes=message.recent_episodes,
        nan_episodes=message.nan_episodes,
        eval_episodes=message.eval_episodes,
        eval_steps=message.eval_steps,
        evaluation=_spread_from_pb(message),
        eval_nan_episodes=message.eval_nan_episodes,
        steps_per_second=_optional(message, "steps_per_second"),
        measured_at=_optional(message, "measured_at"),
        ledger=_ledger_from_pb(message.ledger),
        lag_bytes=message.lag_bytes,
        proxy_pid=_optional(message, "proxy_pid"),
        created_at=_optional(message, "created_at"),
        started_at=_optional(message, "started_at"),
        ended_at=_optional(message, "ended_at"),
        exit=_exit_from_pb(message.exit) if message.HasField("exit") else None,
    )


def problem_to_pb(problem: Problem) -> pb.Problem:
    """Return a config's fault as a message, its value shortened where it is long."""
    value = b""
    if problem.value is not None:
        try:
            value = json_bytes(problem.value)
        except (TypeError, ValueError):
            value = json_bytes(repr(problem.value))
        except RecursionError:
            value = json_bytes(f"a deep {type(problem.value).__name__}")
        if len(value) > VALUE_CHARACTERS:
            value = json_bytes(value.decode()[:VALUE_CHARACTERS] + "…")
    return pb.Problem(
        path=text(problem.path),
        message=text(problem.message),
        value_json=value,
        allowed=text(problem.allowed),
        nearest=None if problem.nearest is None else text(problem.nearest),
    )


def problem_from_pb(message: pb.Problem) -> Problem:
    """Return the fault that a message carries."""
    return Problem(
        message.path,
        message.message,
        value=json.loads(message.value_json) if message.value_json else None,
        allowed=message.allowed,
        nearest=_optional(message, "nearest"),
    )


def _optional(message: Any, name: str) -> Any:
    return getattr(message, name) if message.HasField(name) else None


def _worker_to_pb(worker: WorkerSummary, curves: bool) -> pb.WorkerSummary:
    return pb.WorkerSummary(
        worker_id=worker.worker_id,
        worker_type=worker.worker_type,
        algorithm=text(worker.algorithm),
        env_id=text(worker.env_id),
        state=state_to_pb(worker.state),
        cause=text(worker.cause),
        attempt=worker.attempt,
        pid=worker.pid,
        exit=_exit_to_pb(worker.exit),
        episodes=worker.episodes,
        steps=worker.steps,
        target_steps=worker.target_steps,
        mean_return_100=worker.mean_return_100,
        recent_episodes=worker.recent_episodes,
        nan_episodes=worker.nan_episodes,
        eval_nan_episodes=worker.eval_nan_episodes,
        eval_steps=worker.eval_steps,
        evaluation=_spread_to_pb(worker.evaluation),
        steps_per_second=worker.steps_per_second,
        last_event=text(worker.last_event),
        last_heartbeat_at=worker.last_heartbeat_at,
        last_step_at=worker.last_step_at,
        phase=text(worker.phase),
        cpu_seconds=worker.cpu_seconds,
        memory_bytes=worker.memory_bytes,
        curve=[_point_to_pb(point) for point in worker.curve] if curves else [],
        eval_episodes=worker.eval_episodes,
        eval_mean_return=worker.eval_mean_return,
        attempts=[_attempt_to_pb(attempt) for attempt in worker.attempts],
        agents=[_agent_to_pb(agent) for agent in worker.agents],
    )


def _worker_from_pb(message: pb.WorkerSummary) -> WorkerSummary:
    return WorkerSummary(
        worker_id=message.worker_id,
        worker_type=message.worker_type,
        algorithm=message.algorithm,
        env_id=message.env_id,
        state=state_from_pb(message.state),
        cause=message.cause,
        attempt=message.attempt,
        pid=_optional(message, "pid"),
        exit=_exit_from_pb(message.exit) if message.HasField("exit") else None,
        episodes=message.episodes,
        steps=message.steps,
        target_steps=_optional(message, "target_steps"),
        mean_return_100=_optional(message, "mean_return_100"),
        recent_episodes=message.recent_episodes,
        nan_episodes=message.nan_episodes,
        eval_nan_episodes=message.eval_nan_episodes,
        eval_steps=message.eval_steps,
        evaluation=_spread_from_pb(message),
        steps_per_second=_optional(message, "steps_per_second"),
        last_event=message.last_event,
        last_heartbeat_at=_optional(message, "last_heartbeat_at"),
        last_step_at=_optional(message, "last_step_at"),
        phase=message.phase,
        cpu_seconds=_optional(message, "cpu_seconds"),
        memory_bytes=_optional(message, "memory_bytes"),
        curve=[_point_from_pb(point) for point in message.curve],
        eval_episodes=message.eval_episodes,
        eval_mean_return=_optional(message, "eval_mean_return"),
        attempts=[_attempt_from_pb(attempt) for attempt in message.attempts],
        agents=[_agent_from_pb(agent) for agent in message.agents],
    )


def _agent_to_pb(agent: AgentSummary) -> pb.AgentSummary:
    return pb.AgentSummary(
        agent_id=text(agent.agent_id),
        episodes=agent.episodes,
        mean_return_100=agent.mean_return_100,
        recent_episodes=agent.recent_episodes,
        eval_episodes=agent.eval_episodes,
        eval_mean_return=agent.eval_mean_return,
    )


def _agent_from_pb(message: pb.AgentSummary) -> AgentSummary:
    return AgentSummary(
        agent_id=message.agent_id,
        episodes=message.episodes,
        mean_return_100=_optional(message, "mean_return_100"),
        recent_episodes=message.recent_episodes,
        eval_episodes=message.eval_episodes,
        eval_mean_return=_optional(message, "eval_mean_return"),
    )


def _attempt_to_pb(attempt: AttemptSummary) -> pb.AttemptSummary:
    return pb.AttemptSummary(
        attempt=attempt.attempt,
        state=state_to_pb(attempt.state),
        cause=text(attempt.cause),
        exit=_exit_to_pb(attempt.exit),
        started_at=attempt.started_at,
        ended_at=attempt.ended_at,
        episodes=attempt.episodes,
        steps=attempt.steps,
        mean_return_100=attempt.mean_return_100,
        recent_episodes=attempt.recent_episodes,
        lines=attempt.lines,
    )


def _attempt_from_pb(message: pb.AttemptSummary) -> AttemptSummary:
    return AttemptSummary(
        attempt=message.attempt,
        state=state_from_pb(message.state),
        cause=message.cause,
        exit=_exit_from_pb(message.exit) if message.HasField("exit") else None,
        started_at=_optional(message, "started_at"),
        ended_at=_optional(message, "ended_at"),
        episodes=message.episodes,
        steps=message.steps,
        mean_return_100=_optional(message, "mean_return_100"),
        recent_episodes=message.recent_episodes,
        lines=message.lines,
    )


def _spread_to_pb(spread: ReturnSpread | None) -> pb.ReturnSpread | None:
    return None if spread is None else pb.ReturnSpread(**{name: getattr(spread, name) for name in _SPREAD})


def _spread_from_pb(message: Any) -> ReturnSpread | None:
    if not message.HasField("evaluation"):
        return None
    return ReturnSpread(**{name: getattr(message.evaluation, name) for name in _SPREAD})


def _ledger_to_pb(ledger: Ledger) -> pb.Ledger:
    return pb.Ledger(**{name: getattr(ledger, name) for name in Ledger.__struct_fields__})


def _ledger_from_pb(message: pb.Ledger) -> Ledger:
    return Ledger(**{name: getattr(message, name) for name in Ledger.__struct_fields__})


def _exit_to_pb(status: ExitStatus | None) -> pb.ExitStatus | None:
    if status is None:
        return None
    return pb.ExitStatus(code=status.code, signal=status.signal, reason=text(status.reason))


def _exit_from_pb(message: pb.ExitStatus) -> ExitStatus:
    return ExitStatus(code=_optional(message, "code"), signal=_optional(message, "signal"), reason=message.reason)


def _point_to_pb(point: CurvePoint) -> pb.CurvePoint:
    return pb.CurvePoint(
        step=point.step,
        episodes=point.episodes,
        mean_return=point.mean_return,
        min_return=point.min_return,
        max_return=point.max_return,
    )


def _point_from_pb(message: pb.CurvePoint) -> CurvePoint:
    return CurvePoint(
        step=message.step,
        episodes=message.episodes,
        mean_return=message.mean_return,
        min_return=message.min_return,
        max_return=message.max_return,
    )
