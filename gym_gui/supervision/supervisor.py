"""Supervisor of a run: carries out the decisions by launches, signals and records."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable

import msgspec

from gym_gui.runs import DiskGauge, RunFolder, RunPlan, RunState, WorkerPlan, read_cancel, read_pause, relocated
from gym_gui.supervision.attempt_watch import AttemptWatch, LogFacts
from gym_gui.supervision.decide import decide, retry_delay_s
from gym_gui.supervision.facts import (
    Action,
    Kill,
    Launch,
    Pause,
    RunFacts,
    RunTransition,
    Stop,
    Unpause,
    WorkerFacts,
    WorkerTransition,
)
from gym_gui.supervision.history import WorkerHistory
from gym_gui.supervision.journal import Journal
from gym_gui.supervision.provisioner import Provisioner, Signal
from gym_gui.supervision.worker_config import relocate_config, resuming_argv

#: How often killing what is left is repeated, seconds.
KILL_INTERVAL_S = 0.5
#: Wait after a launch that the system refused, seconds.
REFUSED_DELAY_S = 1.0


class Supervisor:
    """The supervision of one run; the caller holds the run's proxy lock.

    Args:
        folder: The run's folder.
        plan: The run.
        provisioner: Starts, observes and signals its workers' processes.
        clock: Monotonic clock, seconds, perhaps an :class:`~gym_gui.supervision.observed_clock.ObservedClock`.
        last_checkpoint: Returns the path of the last checkpoint that a worker, given by its number, reported.
    """

    def __init__(
        self,
        folder: RunFolder,
        plan: RunPlan,
        provisioner: Provisioner,
        clock: Callable[[], float],
        last_checkpoint: Callable[[int], str | None] = lambda _worker_no: None,
    ) -> None:
        self.folder = folder
        self.plan = plan
        self.journal = Journal(folder, plan)
        self.history = self.journal.history
        self.disk_full = False
        self._clock = clock
        self._last_checkpoint = last_checkpoint
        self._skipped_s = getattr(clock, "skipped_s", 0.0)
        self._provisioner = provisioner
        self._watches: dict[str, AttemptWatch] = {}
        self._not_before = {
            worker.worker_id: clock() + delay
            for worker in self.history.workers.values()
            if (delay := _still_waits(worker))
        }
        self._gauge = DiskGauge.of(folder.path) if plan.on_disk_full == "pause" else None

    @property
    def pausable(self) -> bool:
        """Whether every worker of the run may be stopped and continued."""
        return all(worker.pausable for worker in self.plan.workers)

    @property
    def note(self) -> str:
        """What prevents this supervisor from its work now, in words; empty: nothing."""
        return "; ".join(dict.fromkeys(watch.obstacle for _, watch in self.live_watches() if watch.obstacle))

    @property
    def ended(self) -> bool:
        """Whether the run's terminal state is recorded and written."""
        return self.history.state.terminal and self.journal.flush()

    def watch(self, worker: WorkerPlan) -> AttemptWatch:
        """Return the watch over a worker's current attempt."""
        record = self.history.workers[worker.worker_id]
        found = self._watches.get(worker.worker_id)
        if found is None or found.number != record.attempt:
            if found is not None:
                self._provisioner.release(found.attempt)
            number = record.attempt
            found = AttemptWatch(self.folder, worker.worker_id, number, record.of(number), self._provisioner)
            self._watches[worker.worker_id] = found
        return found

    @property
    def progressed_at(self) -> dict[str, float]:
        """When each living worker last reported anything but a heartbeat, Unix time."""
        return {plan.worker_id: watch.progressed_at for plan, watch in self.live_watches() if watch.progressed_at}

    @property
    def hurried(self) -> bool:
        """Whether something is about to happen: a worker starts, or one is over and its log is to be closed."""
        return any(
            watch.over or self.history.workers[plan.worker_id].state is RunState.STARTING
            for plan, watch in self.live_watches()
            if not watch.processes.unknown
        )

    def live_watches(self) -> list[tuple[WorkerPlan, AttemptWatch]]:
        """Return the attempts of the workers that have not ended."""
        workers = self.history.workers
        return [(plan, self.watch(plan)) for plan in self.plan.workers if not workers[plan.worker_id].state.terminal]

    def step(self, logs: Callable[[WorkerPlan, AttemptWatch], LogFacts]) -> bool:
        """Observe, decide and act until nothing is left to do now.

        Args:
            logs: Returns the facts from an attempt's telemetry.

        Returns:
            Whether anything was done.
        """
        self._provisioner.refresh()
        self.journal.flush()
        for count in range(100):
            actions = decide(self.facts(logs))
            done = [self._act(action) for action in actions]
            if not any(done):
                return count > 0
        return True

    def facts(self, logs: Callable[[WorkerPlan, AttemptWatch], LogFacts]) -> RunFacts:
        """Return the facts of the run now."""
        now = self._clock()
        self._note_gap()
        workers = []
        for plan in self.plan.workers:
            record = self.history.workers[plan.worker_id]
            watch = self.watch(plan)
            attempt = watch.idle_facts() if record.state.terminal else watch.look(now, logs(plan, watch))
            delay = self._not_before.get(plan.worker_id, now) - now
            workers.append(WorkerFacts(plan.worker_id, record.state, attempt, record.cause, max(0.0, delay)))
        return RunFacts(
            state=self.history.state,
            limits=self.plan.limits,
            workers=tuple(workers),
            fail_fast=self.plan.on_worker_failure == "fail_fast",
            cancel=self._cancel_cause(),
            disk_full=self.disk_full,
            pause=self._pause_cause(),
        )

    def _note_gap(self) -> None:
        """Record for how long this supervisor was stopped, for its successors."""
        skipped_s = getattr(self._clock, "skipped_s", 0.0)
        gap, self._skipped_s = skipped_s - self._skipped_s, skipped_s
        if gap <= 0:
            return
        for plan, watch in self.live_watches():
            if watch.processes.pid is not None and watch.record.paused_since is None:
                where = {"worker_id": plan.worker_id, "attempt": watch.number}
                self.journal.record("unobserved", **where, seconds=round(gap, 3))

    def close(self) -> None:
        """Stop supervising; what runs goes on."""
        self._provisioner.close()
        self.journal.close()

    def _cancel_cause(self) -> str | None:
        intent = read_cancel(self.folder)
        return None if intent is None else intent.cause

    def _pause_cause(self) -> str | None:
        if not self.pausable:
            return None
        intent = read_pause(self.folder)
        if intent is not None:
            return intent.cause
        return self._gauge.cause if self._gauge is not None and self._gauge.look() else None

    def _act(self, action: Action) -> bool:
        """Carry out one action; return whether it changed anything that is on record."""
        if isinstance(action, RunTransition):
            self.journal.record("state", state=action.state.value, cause=action.cause)
            return True
        plan = next(worker for worker in self.plan.workers if worker.worker_id == action.worker_id)
        watch = self.watch(plan)
        if isinstance(action, WorkerTransition):
            self._record_transition(watch, action)
            return True
        if isinstance(action, Launch):
            return self._launch(plan, watch)
        if isinstance(action, Stop):
            return self._stop(watch, action)
        if isinstance(action, Pause):
            return self._pause(watch, action)
        if isinstance(action, Unpause):
            return self._unpause(watch, action)
        return self._kill(watch, action)

    def _launch(self, plan: WorkerPlan, watch: AttemptWatch) -> bool:
        if self.folder.cancel_intent.exists():
            return False  # requested since the facts were gathered: decide again
        where = {"worker_id": plan.worker_id, "attempt": watch.number}
        try:
            argv = self._resuming_argv(plan, watch.number)
            relocate_config(self.folder, plan)
            launched = self._provisioner.start(watch.attempt, argv)
        except OSError as error:
            self._not_before[plan.worker_id] = self._clock() + REFUSED_DELAY_S
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                return False
            self.journal.record("launch", **where, state="starting", cause=f"cannot start a launcher: {error}")
            return True
        if launched is None:
            return False
        resumed = ", resuming from the last checkpoint" if argv is not None else ""
        cause = f"{launched.label}{resumed}"
        self.journal.record("launch", **where, state="starting", cause=cause, launcher=launched.handle)
        return True

    def _resuming_argv(self, plan: WorkerPlan, attempt: int) -> list[str] | None:
        """Return the command that continues what earlier attempts began, ``None`` to begin again."""
        if attempt == 1:
            return None
        checkpoint = self._last_checkpoint(plan.worker_no)
        if checkpoint is None:
            return None
        return resuming_argv(self.folder, plan, attempt, relocated(checkpoint, self.folder))

    def _record_transition(self, watch: AttemptWatch, action: WorkerTransition) -> None:
        fields: dict[str, object] = {
            "worker_id": action.worker_id,
            "attempt": action.attempt,
            "state": action.state.value,
            "cause": action.cause,
        }
        if action.state is RunState.STARTING:
            self.journal.record("launch", **fields, launcher=watch.processes.handle)
        elif action.state is RunState.RUNNING:
            seen = watch.processes
            self.journal.record("started", **fields, pid=seen.pid, started_at=seen.started_at)
        else:
            ended = None if action.exit is None else msgspec.to_builtins(action.exit)
            used: dict[str, object] = {
                key: getattr(watch.processes.exit, key, None) for key in ("cpu_seconds", "max_rss_bytes", "strays")
            }
            used["ended_at"] = watch.ended_at()
            self.journal.record("exit" if action.exit is not None else "withdrawn", **fields, exit=ended, **used)
        if action.state.terminal:
            self._provisioner.release(watch.attempt)
        if action.state is RunState.QUEUED:
            self._not_before[action.worker_id] = self._clock() + retry_delay_s(action.attempt)

    def _stop(self, watch: AttemptWatch, action: Stop) -> bool:
        seen = watch.processes
        if not action.recorded:
            self.journal.record(
                "signal",
                worker_id=action.worker_id,
                attempt=action.attempt,
                signal="SIGTERM",
                to="elsewhere" if seen.elsewhere else "launcher" if seen.launcher_alive else "worker",
                kind=action.kind.value,
                cause=action.cause,
            )
        if self._provisioner.signal(watch.attempt, Signal.STOP):
            watch.stopped_at = self._clock()
        return not action.recorded  # not delivered: it is sent again at the next step

    def _pause(self, watch: AttemptWatch, action: Pause) -> bool:
        now = self._clock()
        if action.recorded and now - watch.paused_at < KILL_INTERVAL_S:
            return False
        if not action.recorded:
            where = {"worker_id": action.worker_id, "attempt": action.attempt}
            state = RunState.PAUSED.value
            self.journal.record("paused", **where, state=state, cause=action.cause, monotonic=time.monotonic())
        watch.paused_at = now
        self._provisioner.signal(watch.attempt, Signal.PAUSE)
        return not action.recorded

    def _unpause(self, watch: AttemptWatch, action: Unpause) -> bool:
        self._provisioner.signal(watch.attempt, Signal.UNPAUSE)
        where = {"worker_id": action.worker_id, "attempt": action.attempt}
        state, cause = RunState.RUNNING.value, "goes on after a pause"
        self.journal.record("unpaused", **where, state=state, cause=cause, monotonic=time.monotonic())
        return True

    def _kill(self, watch: AttemptWatch, action: Kill) -> bool:
        now = self._clock()
        if now - watch.killed_at < KILL_INTERVAL_S:
            return False
        if watch.killed_at == float("-inf"):
            where = {"worker_id": action.worker_id, "attempt": action.attempt}
            self.journal.record("signal", **where, signal="SIGKILL", to="worker", cause=action.cause)
        watch.killed_at = now
        self._provisioner.signal(watch.attempt, Signal.KILL_ALL if action.launcher else Signal.KILL)
        return False


def _still_waits(worker: WorkerHistory) -> float:
    """Return how much is left of the wait before a worker's next attempt that a predecessor began, seconds."""
    ended_at = worker.of(worker.attempt - 1).ended_at if worker.attempt > 1 else None
    if worker.state is not RunState.QUEUED or ended_at is None:
        return 0.0
    delay = retry_delay_s(worker.attempt - 1)
    return min(delay, max(0.0, ended_at + delay - time.time()))
