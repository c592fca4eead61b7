"""What a worker says: lifecycle events and data, each one JSON line, each one write."""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any, Mapping, TextIO

from gym_gui.core.worker.encoding import encode_line, encode_sorted, encode_text_line
from gym_gui.core.worker.events import LifecycleEvent, LifecycleEventType
from gym_gui.core.worker.secret_detection import hide_secrets, listed_secrets
from gym_gui.core.worker.sink import is_atomic, open_sink, say, write_some
from gym_gui.core.worker.step_line import FIELDS, step_encoder
from gym_gui.core.worker.step_quota import StepQuota

if TYPE_CHECKING:
    import logging

    from gym_gui.logging_config.constant import LogConstant

_emitters: weakref.WeakSet[TelemetryEmitter] = weakref.WeakSet()
_said: set[tuple[str, str]] = set()


class TelemetryEmitter:
    """Emits a worker's telemetry. Thread-safe; every event is in the kernel when the call returns.

    Nothing in here raises into training: an event that the kernel refuses (disk full, reader gone) is counted, said
    once on stderr, and reported as ``dropped`` in the next event that gets out.

    Args:
        run_id: The run.
        worker_id: The instance of the worker; default: ``WORKER_ID`` of the environment.
        sink: Text stream to write to; default: the file ``MOSAIC_LOG`` of the environment, else stdout as it is now.
        logger: Takes a structured record of each lifecycle event that is emitted with a ``constant``.
    """

    def __init__(
        self,
        run_id: str,
        *,
        worker_id: str | None = None,
        sink: TextIO | None = None,
        logger: logging.Logger | None = None,
    ) -> None:
        self._run_id = str(run_id)
        self.worker_id = worker_id if worker_id is not None else os.environ.get("WORKER_ID") or None
        self.logger = logger
        self._head: dict[str, str] = {"run_id": self._run_id}
        if self.worker_id is not None:
            self._head["worker_id"] = str(self.worker_id)
        self._secrets = listed_secrets()
        self._lock = threading.RLock()  # re-entrant: a signal handler may emit in the middle of an event
        self._dropped = 0
        self._sampled = 0
        self._owing = False  # something of the two is to be said in the next event, or a phase ends with it
        self._phase = ""
        self._torn = False
        self._loss_reported = False
        self._write = open_sink(sink, self)
        self._atomic = is_atomic(self._write)
        self._encode_step = step_encoder(self._head)
        self._quota = StepQuota()
        _emitters.add(self)

    @property
    def run_id(self) -> str:
        """The run that every event names."""
        return self._run_id

    @property
    def dropped(self) -> int:
        """Events lost since the last event that got out."""
        return self._dropped

    def count_sampled(self, steps: int) -> None:
        """Have the next event say that steps were left out by a sampling rule.

        An episode's own event says so by its ``sampled``; this is for steps of episodes that are never emitted.
        """
        with self._lock:
            self._sampled += steps
            self._owing = True

    def allows_steps(self) -> bool:
        """Return whether to emit the steps of an episode that begins now: not once the run's disk quota is used up.

        Who leaves an episode's steps out for that counts them as ``sampled``. Cheap enough for every episode.
        """
        return self._quota.allows_steps()

    # -- lifecycle ---------------------------------------------------------------------------------------------------

    def run_started(self, payload: Mapping[str, Any] | None = None, *, constant: LogConstant | None = None) -> None:
        """Say that the run has begun: the first line of a worker, before it imports anything heavy."""
        self._lifecycle(LifecycleEventType.RUN_STARTED, payload, constant)

    def run_completed(self, payload: Mapping[str, Any] | None = None, *, constant: LogConstant | None = None) -> None:
        """Say that the work is done."""
        self._lifecycle(LifecycleEventType.RUN_COMPLETED, payload, constant)

    def run_failed(
        self,
        payload: Mapping[str, Any] | None = None,
        *,
        constant: LogConstant | None = None,
        exc_info: Any = None,
    ) -> None:
        """Say that the work ended with an error.

        Args:
            payload: What is known; ``error`` and ``error_type`` are taken from ``exc_info`` where they are missing.
            constant: The log constant of this event.
            exc_info: The exception (or what :mod:`logging` takes as ``exc_info``), for the traceback in the log record.
        """
        details = _as_dict(payload)
        if isinstance(exc_info, BaseException):
            details.setdefault("error", str(exc_info))
        # An exception may have no text: its type is told, also of the one that is just being handled.
        error = exc_info if isinstance(exc_info, BaseException) else sys.exc_info()[1]
        if error is not None:
            details.setdefault("error_type", type(error).__name__)
        self._lifecycle(LifecycleEventType.RUN_FAILED, details, constant, exc_info)

    def run_cancelled(self, payload: Mapping[str, Any] | None = None, *, constant: LogConstant | None = None) -> None:
        """Say that the work was asked to end early."""
        self._lifecycle(LifecycleEventType.RUN_CANCELLED, payload, constant)

    def heartbeat(self, payload: Mapping[str, Any] | None = None, *, constant: LogConstant | None = None) -> None:
        """Say that the worker lives, and what phase it is in, if it is in one."""
        with self._lock:
            details = _as_dict(payload)
            if self._phase:
                details.setdefault("phase", self._phase)
            self._lifecycle(LifecycleEventType.HEARTBEAT, details, constant)

    def phase(self, name: str, *, constant: LogConstant | None = None) -> None:
        """Say what the worker is busy with while it takes no steps, before it begins with that.

        Shown in place of 0 %. The next step, episode or metric of this emitter ends it, and so does ``phase("")``,
        which is needed only where others emit those (processes of their own). It is a heartbeat that promises no
        others: a worker may import or compile for as long as it uses the CPU.

        Args:
            name: A short text, such as ``"importing torch"``; ``""`` ends the phase. 80 characters are shown.
            constant: The log constant of this event.
        """
        with self._lock:
            if name == self._phase:
                return
            self._phase = name
            self._lifecycle(LifecycleEventType.HEARTBEAT, {"phase": name}, constant)
            self._owing = True

    def checkpoint_saved(
        self, payload: Mapping[str, Any] | None = None, *, constant: LogConstant | None = None
    ) -> None:
        """Say that a checkpoint is on disk; ``payload["path"]`` is what a resuming worker is handed."""
        self._lifecycle(LifecycleEventType.CHECKPOINT_SAVED, payload, constant)

    def checkpoint_loaded(
        self, payload: Mapping[str, Any] | None = None, *, constant: LogConstant | None = None
    ) -> None:
        """Say that work goes on from a checkpoint."""
        self._lifecycle(LifecycleEventType.CHECKPOINT_LOADED, payload, constant)

    def emit(self, event: LifecycleEvent) -> None:
        """Emit a lifecycle event as it is (its own run, time and worker)."""
        self._put_sorted(hide_secrets(event.to_dict(), self._secrets))

    # -- data --------------------------------------------------------------------------------------------------------

    def step(
        self,
        step_index: int,
        *,
        reward: float | None = None,
        ep_index: int | None = None,
        agent_id: str | None = None,
        terminated: bool | None = None,
        truncated: bool | None = None,
        action: Any = None,
        observation: Any = None,
        **extra: Any,
    ) -> None:
        """Emit one environment step. What is ``None`` is left out.

        Args:
            step_index: Number of the step within the run, from 0.
            reward: Reward of this step.
            ep_index: Number of the episode, from 0.
            agent_id: Which agent acted, where there are several.
            terminated: Whether the episode ended in a terminal state.
            truncated: Whether the episode was cut off.
            action: What was done.
            observation: What was seen.
            extra: Anything else; kept as it is.
        """
        if not self._owing:
            try:
                line = self._encode_step(
                    step_index, agent_id, ep_index, reward, terminated, truncated, action, observation, extra
                )
            except Exception:  # noqa: BLE001 - the slow way below encodes anything
                line = b""
            if line:
                if not self._atomic:
                    with self._lock:
                        self._put_line(line)
                    return
                # A regular file takes each write whole, whatever other threads do: no lock is needed.
                try:
                    taken = self._write(line)
                except Exception as error:  # noqa: BLE001 - see _put_line
                    taken = self._refused(error)
                if taken != len(line):
                    self._put_short(line, taken)
                return
        event = {"event_type": "step", **self._head, "step_index": step_index}
        values = (agent_id, ep_index, reward, terminated, truncated, action, observation)
        event.update((name, value) for name, value in zip(FIELDS, values) if value is not None)
        event.update(extra)
        self._put(event)

    def episode(
        self,
        ep_index: int,
        *,
        total_reward: float | None = None,
        steps: int | None = None,
        agent_rewards: Mapping[str, float] | None = None,
        seed: int | None = None,
        phase: str | None = None,
        **extra: Any,
    ) -> None:
        """Emit the end of an episode. What is ``None`` is left out.

        Args:
            ep_index: Number of the episode within the run and phase, from 0.
            total_reward: Undiscounted return.
            steps: Its length in environment steps.
            agent_rewards: Return of each agent, where there are several.
            seed: What the environment was reset with.
            phase: ``"train"`` (default where it is left out) or ``"eval"``.
            extra: Anything else; ``sampled`` counts the steps of this episode that were left out by a sampling rule.
        """
        event: dict[str, Any] = {"event_type": "episode", **self._head, "ep_index": ep_index}
        values = {
            "total_reward": total_reward,
            "steps": steps,
            "agent_rewards": agent_rewards,
            "seed": seed,
            "phase": phase,
        }
        event.update((name, value) for name, value in values.items() if value is not None)
        event["timestamp"] = time.time()
        event.update(extra)
        self._put(event)

    def metrics(self, step: int, values: Mapping[str, float], **extra: Any) -> None:
        """Emit numbers measured during training.

        Args:
            step: Environment step at which they were measured.
            values: Name to number.
            extra: Anything else; kept as it is.
        """
        event = {"event_type": "metric", **self._head, "step": step, "values": values, "timestamp": time.time()}
        event.update(extra)
        self._put(event)

    # -- output ------------------------------------------------------------------------------------------------------

    def _lifecycle(
        self,
        kind: LifecycleEventType,
        payload: Mapping[str, Any] | None,
        constant: LogConstant | None,
        exc_info: Any = None,
    ) -> None:
        details = hide_secrets(_as_dict(payload), self._secrets)
        self._put_sorted({"event": kind.value, **self._head, "timestamp": time.time(), "payload": details})
        _said.add((self.run_id, kind.value))
        if constant is not None and self.logger is not None:
            from gym_gui.logging_config.helpers import log_constant

            log_constant(self.logger, constant, extra={**self._head, **details}, exc_info=exc_info)

    def _put_sorted(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._add_counts(event)
            self._clear_counts(self._put_line(encode_text_line(encode_sorted(event) + "\n")))

    def _put(self, event: dict[str, Any]) -> None:
        with self._lock:
            self._phase = ""
            self._add_counts(event)
            self._clear_counts(self._put_line(encode_line(event)))

    def _add_counts(self, event: dict[str, Any]) -> None:
        """Put into an event what is owed to the ledger."""
        if self._dropped:
            event["dropped"] = self._dropped
        if self._sampled:
            event["sampled"] = self._sampled + int(event.get("sampled") or 0)

    def _clear_counts(self, written: bool) -> None:
        if written:
            self._dropped = self._sampled = 0
            self._owing = bool(self._phase)

    def _put_line(self, line: bytes, taken: int = 0) -> bool:
        """Write one event; the lock is held.

        Args:
            line: The event with its newline.
            taken: How many bytes of it the kernel has already.

        Returns:
            Whether it got out.
        """
        if self._torn and not taken:  # the kernel took half an event before: that line is spoiled, this one must not be
            line = b"\n" + line
        try:
            while taken < len(line):
                taken += write_some(self._write, line[taken:])
        except Exception as error:  # noqa: BLE001 - disk full, reader gone, stream closed: none of it may stop training
            self._torn = self._torn or taken > 0
            self._refused(error)
            return False
        self._torn = False
        return True

    def _put_short(self, line: bytes, taken: int) -> None:
        """Go on with an event of which a regular file took a part; nothing is left to do if it was refused (-1)."""
        if taken < 0:
            return
        with self._lock:
            if threading.active_count() > 1:  # another thread's event may stand behind the part: begin again
                self._torn = True
                taken = 0
            self._put_line(line, taken)

    def _refused(self, error: Exception) -> int:
        """Count an event that the kernel refused."""
        with self._lock:
            self._dropped += 1
            self._owing = True
            reported, self._loss_reported = self._loss_reported, True
        if not reported:
            reason = getattr(error, "strerror", None) or str(error)
            say(f"an event cannot be written ({reason}). Training continues; lost events are counted as 'dropped'.")
        return -1


def was_emitted(run_id: str, event: str) -> bool:
    """Return whether this process has emitted a lifecycle event of a run, through whichever emitter."""
    return (run_id, event) in _said


def _as_dict(payload: Any) -> dict[str, Any]:
    if payload is None:
        return {}
    if isinstance(payload, Mapping):
        return dict(payload)
    return {"value": payload}


def _after_fork() -> None:
    """In a forked child: locks may be held by threads that are not there; drops are the parent's to report."""
    for emitter in list(_emitters):
        emitter._lock = threading.RLock()
        emitter._dropped = emitter._sampled = 0
        emitter._owing = False
        emitter._phase = ""
        emitter._torn = False


os.register_at_fork(after_in_child=_after_fork)

__all__ = ["LifecycleEvent", "LifecycleEventType", "TelemetryEmitter", "was_emitted"]
