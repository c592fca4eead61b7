"""Running totals of a worker's attempt, updated in the transaction that stores its rows."""

from __future__ import annotations

import bisect
import json
import math
import operator
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import msgspec

from gym_gui.runs import AgentSummary, CurvePoint, Ledger, ReturnSpread
from gym_gui.telemetry.agents import AgentReturns, add_return, returns_of, summaries
from gym_gui.telemetry.batch import Batch, Counts, Row
from gym_gui.telemetry.curve import Curve, mean, spread
from gym_gui.telemetry.limits import MAX_INDEX
from gym_gui.telemetry.rollup_state import RollupState
from gym_gui.telemetry.timestamps import legal_time

KEPT_PAYLOAD_BYTES = 64 << 10
"""Maximum stored payload of a lifecycle event; the events table has larger ones."""

#: In a step's ``extra``: it belongs to an evaluation.
_EVAL = '"phase":"eval"'
_row = operator.itemgetter(0)
_step_index = operator.itemgetter(1)
_agent = operator.itemgetter(3)
_COUNTS = tuple(field.name for field in fields(Counts))


class WorkerRollup(msgspec.Struct, kw_only=True):
    """Totals of one attempt of one worker, as far as it was indexed."""

    worker_no: int
    worker_id: str
    attempt: int
    ledger: Ledger
    episodes: int
    """Training episodes. Of several agents, the first one's are counted."""
    steps: int
    """Environment steps taken according to telemetry: in training, or without one in evaluation."""
    eval_steps: int = 0
    mean_return_100: float | None
    recent_episodes: int = 0
    """Training episodes in that mean."""
    nan_episodes: int = 0
    """Training episodes with a non-finite return."""
    eval_nan_episodes: int = 0
    evaluation: ReturnSpread | None = None
    """Of the last 100 evaluation episodes."""
    first_mark: tuple[float, int] | None = None
    """Earliest time at which the worker reported steps, by its clock, and their number."""
    last_mark: tuple[float, int] | None = None
    curve: list[CurvePoint]
    eval_episodes: int
    eval_mean_return: float | None
    """Over the last 100 evaluation episodes."""
    agents: list[AgentSummary] = []
    """If episodes report the returns of several."""
    last_event: str
    """Name of the last lifecycle event."""
    last_event_at: float | None
    """Its timestamp, as printed."""
    last_event_payload: dict[str, Any] | None
    """Its payload, if it is an object of at most 64 KiB."""
    heartbeats: int
    last_heartbeat_at: float | None
    """Timestamp of the last heartbeat, as printed."""
    phase_heartbeats: int = 0
    """Heartbeats that only announce a phase."""
    phase: str = ""
    """Announced phase of the worker, before its first steps or between steps."""
    last_checkpoint: dict[str, Any] | None
    """Payload of the last `checkpoint_saved`, if it is an object of at most 64 KiB."""
    bytes_read: int
    """Indexed bytes of the attempt's log."""
    closed: bool
    """Whether the attempt's log has been read to its end."""


class _Returns(Curve):
    """The learning curve, and the returns of each agent."""

    agents: dict[str, AgentReturns] = msgspec.field(default_factory=dict)

    def copy(self) -> _Returns:
        """Return an independent copy."""
        curve = super().copy()
        agents = {agent_id: one.copy() for agent_id, one in self.agents.items()}
        return _Returns(curve.buckets, curve.width, curve.recent, curve.recent_eval, agents)


class Rollup:
    """Rollup of one attempt, as of a transaction.

    Args:
        state: The column of the ``rollups`` table.
        curve: The column of the ``rollups`` table.
    """

    def __init__(self, state: bytes | None = None, curve: bytes | None = None) -> None:
        self._state = RollupState() if state is None else msgspec.msgpack.decode(state, type=RollupState)
        self._curve = _Returns() if curve is None else msgspec.msgpack.decode(curve, type=_Returns)

    def snapshot(self) -> bytes:
        """Return the rollup as bytes for :meth:`from_snapshot`."""
        return msgspec.msgpack.encode((self._state, self._curve))

    @classmethod
    def from_snapshot(cls, snapshot: bytes) -> Rollup:
        """Return the rollup of a snapshot."""
        rollup = cls()
        rollup._state, rollup._curve = msgspec.msgpack.decode(snapshot, type=tuple[RollupState, _Returns])
        return rollup

    @property
    def counts(self) -> Counts:
        state = self._state
        return Counts(*(getattr(state, name) for name in _COUNTS))

    @property
    def steps(self) -> int:
        """Environment steps taken according to telemetry."""
        return self._state.steps

    def columns(self, *, curve: bool = True) -> dict[str, Any]:
        """Return the columns of the ``rollups`` table.

        Args:
            curve: Include the curve, which changes only with episodes.
        """
        values: dict[str, Any] = {name: getattr(self._state, name) for name in _COUNTS}
        values |= {"episodes": self._state.episodes, "steps": self.steps, "last_event": self._state.last_event}
        values["state"] = msgspec.msgpack.encode(self._state)
        if curve:
            values["curve"] = msgspec.msgpack.encode(self._curve)
        return values

    def copy(self) -> Rollup:
        """Return a working copy: a failed transaction must not change the original."""
        new = Rollup()
        new._state = msgspec.structs.replace(self._state)
        new._curve = self._curve.copy()
        return new

    def add(self, batch: Batch, agent_name: Callable[[int], str]) -> None:
        """Add stored rows.

        Args:
            batch: The rows, without refused ones.
            agent_name: Returns the name of an agent's id.
        """
        for name in _COUNTS:
            total = getattr(self._state, name) + getattr(batch.counts, name)
            setattr(self._state, name, min(total, MAX_INDEX))
        self._add_data(batch, agent_name)

    def report(self, worker_no: int, worker_id: str, attempt: int, *, bytes_read: int, closed: bool) -> WorkerRollup:
        """Return the rollup for reading."""
        state, curve = self._state, self._curve
        return WorkerRollup(
            worker_no=worker_no,
            worker_id=worker_id,
            attempt=attempt,
            ledger=Ledger(**{name: getattr(state, name) for name in _COUNTS}),
            episodes=state.episodes,
            steps=self.steps,
            eval_steps=state.eval_steps,
            mean_return_100=mean(curve.recent),
            recent_episodes=len(curve.recent),
            nan_episodes=state.nan_episodes,
            eval_nan_episodes=state.eval_nan_episodes,
            evaluation=spread(curve.recent_eval),
            first_mark=state.first_mark,
            last_mark=state.last_mark,
            curve=curve.points(),
            eval_episodes=state.eval_episodes,
            eval_mean_return=mean(curve.recent_eval),
            agents=summaries(curve.agents),
            last_event=state.last_event,
            last_event_at=legal_time(state.last_event_at),
            last_event_payload=_object(state.last_event_payload),
            heartbeats=state.heartbeats,
            last_heartbeat_at=legal_time(state.last_heartbeat_at),
            phase_heartbeats=state.phase_heartbeats,
            phase=state.phase,
            last_checkpoint=_object(state.last_checkpoint),
            bytes_read=bytes_read,
            closed=closed,
        )

    def _add_data(self, batch: Batch, agent_name: Callable[[int], str]) -> None:
        """Add rows in print order: a point of the curve needs the steps before it."""
        metrics = {row: (step, timestamp) for _, row, step, _, timestamp in batch.metrics if step is not None}
        others: list[tuple[int, Callable[..., None], tuple[Any, ...]]] = [
            (row, self._state.add_sampled, (phase, steps)) for row, phase, steps in batch.left_out
        ]
        others += [(episode[0], self._add_episode, (episode, agent_name)) for episode in batch.episodes]
        others += [(row, self._add_metrics, step_and_time) for row, step_and_time in metrics.items()]
        others += [(event[0], self._add_event, (event,)) for event in batch.events]
        others.sort(key=_row)
        done = 0
        for row, add, values in others:
            before = bisect.bisect_left(batch.steps, row, lo=done, key=_row)
            self._add_steps(batch.steps[done:before])
            done = before
            add(*values)
        self._add_steps(batch.steps[done:] if done else batch.steps)

    def _add_steps(self, steps: list[Row]) -> None:
        if not steps:
            return
        state = self._state
        state.phase = ""
        evaluated = [step for step in steps if step[-1] is not None and _EVAL in step[-1]]
        if evaluated:
            state.eval_steps_end = max(state.eval_steps_end, min(max(map(_step_index, evaluated)) + 1, MAX_INDEX))
            state.eval_step_rows += sum(map((0).__eq__, map(_agent, evaluated)))
            steps = [step for step in steps if step[-1] is None or _EVAL not in step[-1]]
            if not steps:
                return
        state.steps_end = max(state.steps_end, min(max(map(_step_index, steps)) + 1, MAX_INDEX))
        alone = sum(map((0).__eq__, map(_agent, steps)))
        state.step_rows += alone
        state.several_agents = state.several_agents or alone < len(steps)

    def _add_metrics(self, steps: int, timestamp: float | None) -> None:
        self._state.phase = ""
        self._state.add_steps(steps, timestamp)

    def _add_episode(self, episode: Row, agent_name: Callable[[int], str]) -> None:
        _, phase, _, agent, total_reward, steps, _, _, _, agent_rewards, timestamp, nan, _ = episode
        state = self._state
        state.phase = ""
        state.several_agents = state.several_agents or bool(agent) or agent_rewards is not None
        if agent_rewards is not None:
            for agent_id, own in returns_of(agent_rewards):
                add_return(self._curve.agents, agent_id, own, evaluation=bool(phase))
        if agent:
            name = agent_name(agent)
            if nan or total_reward is not None:
                own = float("nan") if nan else total_reward
                add_return(self._curve.agents, name, own, evaluation=bool(phase))
            if state.lead is None:
                state.lead = name
            if name != state.lead:
                return
        value = float("nan") if nan else total_reward
        non_finite = value is not None and not math.isfinite(value)
        if phase:
            state.eval_episodes += 1
            state.eval_nan_episodes += non_finite
            state.eval_episode_steps = max(0, min(state.eval_episode_steps + (steps or 0), MAX_INDEX))
            if value is not None:
                self._curve.add_eval(value)
            if not state.train_steps:
                state.mark(timestamp)
            return
        state.episodes += 1
        state.nan_episodes += non_finite
        state.episode_steps = max(0, min(state.episode_steps + (steps or 0), MAX_INDEX))
        state.mark(timestamp)
        if value is not None:
            self._curve.add(self.steps, value)

    def _add_event(self, row: Row) -> None:
        _, event, timestamp, payload, _ = row
        kept = payload if payload is not None and len(payload) <= KEPT_PAYLOAD_BYTES else None
        state = self._state
        state.last_event = event
        state.last_event_at = timestamp
        state.last_event_payload = kept
        content = _object(kept)
        if event == "heartbeat":
            state.heartbeats += 1
            state.last_heartbeat_at = timestamp
            state.add_heartbeat(content or {})
        elif event == "checkpoint_saved":
            state.last_checkpoint = kept
        else:
            state.phase = state.phase if event == "checkpoint_loaded" else ""
        if content is not None:
            state.add_event(event, content, legal_time(timestamp))


def _object(text: str | None) -> dict[str, Any] | None:
    value = None if text is None else json.loads(text)
    return value if isinstance(value, dict) else None
