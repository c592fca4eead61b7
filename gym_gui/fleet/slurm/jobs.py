"""The daemon's side: a job for each attempt that waits, and the end of attempts whose job is gone.

What must outlive the daemon is in the runs' folders: orders, leases, and which job each attempt has.
"""

from __future__ import annotations

import contextlib
import functools
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.fleet.lease import EXPIRED, REFUSED, RELEASED, Lease, end
from gym_gui.fleet.orders import AttemptKey, Order, OrderBox
from gym_gui.fleet.provisioner import AttemptReport
from gym_gui.fleet.slurm.parameters import job_parameters
from gym_gui.fleet.slurm.queue import JobRecord, JobRefused, JobState, Queue, QueueUnavailable, log_lines
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_FLEET_SLURM_JOB_LOST, LOG_FLEET_SLURM_JOB_SUBMITTED
from gym_gui.runs import READ_ERRORS, RunFolder, load_plan, write_json_atomic
from gym_gui.supervision import read_exit

logger = logging.getLogger(__name__)

#: A job that Slurm lost before it began is submitted so often.
MAX_SUBMISSIONS = 3
_LOST = frozenset({"BOOT_FAIL", "NODE_FAIL", "PREEMPTED", "REVOKED"})
#: A user took it out of the queue, or its time was over.
_CANCELLED = frozenset({"CANCELLED", "DEADLINE"})
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 2.0, 60.0


class SlurmJobs:
    """Submits, observes and cancels the jobs of the runs under way. All calls may come from threads.

    Args:
        queue: Where jobs go.
        setting: Returns the setting ``slurm_parameters``.
        clock: Monotonic, seconds.
    """

    def __init__(
        self, queue: Queue, setting: Callable[[], object], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.queue = queue
        self._setting = setting
        self._clock = clock
        self._lock = threading.Lock()
        self._boxes: dict[str, OrderBox] = {}
        self._states: dict[str, JobState] = {}
        self._polled_at = float("-inf")
        self._over_since: dict[str, float] = {}
        """By job, since when it is known to be over, or is unknown."""
        self._notes: dict[AttemptKey, str] = {}
        self._not_before = 0.0
        self._pause_s = _FIRST_PAUSE_S
        self._error = ""
        """Why the queue does not answer, in words."""

    def watch(self, folder: RunFolder) -> None:
        """Take up a run."""
        if folder.run_id not in self._boxes:
            box = OrderBox(folder)
            with contextlib.suppress(OSError):  # with the next daemon
                box.finish_refusals()
            self._boxes[folder.run_id] = box

    def forget(self, folder: RunFolder) -> None:
        """Let go of a run that has ended: what it still has in the queue is cancelled."""
        run_id = folder.run_id
        with self._lock:
            box = self._boxes.pop(run_id, None) or OrderBox(folder)
            for worker_id, attempt in box.jobs():
                key = AttemptKey(run_id, worker_id, attempt)
                lease = box.lease(worker_id, attempt)
                if lease is None:
                    self._cancel(box, key)
                elif lease.held:  # its job sees it and ends
                    self._end(box, key, lease, RELEASED, "the run has ended")
                self._notes.pop(key, None)

    def look(self) -> None:
        """Submit what waits, ask how the jobs stand, and act on that."""
        with self._lock:
            self.queue.refresh()
            boxes = list(self._boxes.items())
            for run_id, box in boxes:
                for order in box.waiting():
                    key = AttemptKey(run_id, order.worker_id, order.attempt)
                    if _job(box, key) is None:
                        self._try(box, key, functools.partial(self._submit, box, key, order, 1))
            self._ask(boxes)
            for run_id, box in boxes:
                for worker_id, attempt in box.jobs():
                    key = AttemptKey(run_id, worker_id, attempt)
                    self._try(box, key, functools.partial(self._act, box, key))

    def _try(self, box: OrderBox, key: AttemptKey, act: Callable[[], None]) -> None:
        """Do something for an attempt; what goes wrong with one is not to keep the others waiting."""
        try:
            act()
        except Exception as error:  # a library that does not import, a disk that is full
            logger.exception("attempt %s cannot be looked after", key)
            self._note(box, key, f"its Slurm job cannot be looked after: {type(error).__name__}: {error}")

    def _submit(self, box: OrderBox, key: AttemptKey, order: Order, number: int) -> None:
        if self._clock() < self._not_before:
            self._note(box, key, f"waits for Slurm: {self._error}")
            return
        try:
            environment = load_plan(box.folder).config.get("environment") or {}
            parameters = job_parameters(self._setting(), environment)
            name = f"mosaic-{key.run_id}-{key.worker_id}-a{key.attempt}"
            job = self.queue.submit(name, box.folder.path.resolve(), order, parameters)
        except QueueUnavailable as error:
            self._error = str(error)
            self._not_before = self._clock() + self._pause_s
            self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s)
            self._note(box, key, f"waits for Slurm: {error}")
            return
        except JobRefused as error:
            self._refuse(box, key, f"Slurm refuses its job: {error}")
            return
        except UsageError as error:
            self._refuse(box, key, f"its Slurm job cannot be described: {error.what}")
            return
        except (MosaicError, OSError, ValueError) as error:
            self._note(box, key, f"its Slurm job cannot be submitted: {error}")
            return
        self._pause_s, self._polled_at = _FIRST_PAUSE_S, float("-inf")
        job = msgspec.structs.replace(job, number=number)
        write_json_atomic(box.job_path(key.worker_id, key.attempt), job)
        self._note(box, key, f"Slurm job {job.job_id} was submitted")
        where = {"run_id": key.run_id, "attempt": str(key), "job": job.job_id}
        log_constant(logger, LOG_FLEET_SLURM_JOB_SUBMITTED, extra=where)

    def _ask(self, boxes: list[tuple[str, OrderBox]]) -> None:
        """Ask the queue how the jobs stand that may not be over yet."""
        now = self._clock()
        if now - self._polled_at < self.queue.poll_s:
            return
        jobs: dict[str, JobRecord] = {}
        for run_id, box in boxes:
            for worker_id, attempt in box.jobs():
                lease = box.lease(worker_id, attempt)
                job = _job(box, AttemptKey(run_id, worker_id, attempt))
                if job is not None and not job.cancelled and (lease is None or lease.held):
                    jobs[job.job_id] = job
        if not jobs:
            return
        self._polled_at = now
        try:
            self._states = self.queue.states(jobs)
        except QueueUnavailable as error:
            self._error = str(error)
            self._states = {}
            self._over_since.clear()
            return
        self._error = ""
        over = [job_id for job_id in jobs if job_id not in self._states or self._states[job_id].over]
        self._over_since = {job_id: self._over_since.get(job_id, now) for job_id in over}

    def _act(self, box: OrderBox, key: AttemptKey) -> None:
        job = _job(box, key)
        lease = box.lease(key.worker_id, key.attempt)
        if job is None or job.cancelled or (lease is not None and not lease.held):
            return
        if lease is not None and lease.session not in ("", job.job_id):
            # It was submitted twice: the daemon was killed before the first job was on record, which has the attempt.
            job = msgspec.structs.replace(job, job_id=lease.session)
            write_json_atomic(box.job_path(key.worker_id, key.attempt), job)
            self._polled_at = float("-inf")
            return
        if box.withdrawn_path(key.worker_id, key.attempt).exists():
            self._cancel(box, key)
            return
        state = self._states.get(job.job_id)
        over_since = self._over_since.get(job.job_id)
        if over_since is None or self._clock() - over_since < self.queue.certain_s:
            if lease is None:
                self._note(box, key, self._waiting(job, state))
            return
        said = "is unknown to Slurm by now" if state is None else f"ended: {state}"
        if lease is not None:
            record = read_exit(box.folder.exit_record(key.worker_id, key.attempt))
            whole = record is not None and record.swept and record.reason != "terminated"
            why = f"Slurm job {job.job_id} {said}"
            self._end(box, key, lease, RELEASED if whole else EXPIRED, why)
            return
        box.put_back_unleased()
        self._never_began(box, key, job, state, said)

    def _never_began(self, box: OrderBox, key: AttemptKey, job: JobRecord, state: JobState | None, said: str) -> None:
        order = next((each for each in box.waiting() if _is(each, key)), None)
        if order is None:
            return
        if (state is None or state.state in _LOST) and job.number < MAX_SUBMISSIONS:
            self._submit(box, key, order, job.number + 1)
            return
        if state is not None and state.state in _CANCELLED:
            self._refuse(box, key, f"Slurm job {job.job_id} {said}, before it began", EXPIRED)
            return
        words = log_lines(box.folder.path, job.job_id)
        home = box.folder.path.parent.parent
        hint = words or f"it left no word: is the home {home} on a file system that the nodes share, at the same path?"
        self._refuse(box, key, f"Slurm job {job.job_id} {said}, before it began ({hint})")

    def _waiting(self, job: JobRecord, state: JobState | None) -> str:
        if self._error:
            return f"Slurm job {job.job_id} was submitted; Slurm does not answer now: {self._error}"
        if state is None:
            return f"Slurm job {job.job_id} was submitted"
        return f"Slurm job {job.job_id}: {state}"

    def _note(self, box: OrderBox, key: AttemptKey, note: str) -> None:
        """Write down why an attempt waits, where that is new."""
        if self._notes.get(key) != note:
            self._notes[key] = note
            report = AttemptReport(at=time.time(), note=note)
            with contextlib.suppress(OSError):
                write_json_atomic(box.report_path(key.worker_id, key.attempt), report, sync=False)

    def _cancel(self, box: OrderBox, key: AttemptKey) -> None:
        job = _job(box, key)
        if job is None or job.cancelled:
            return
        try:
            self.queue.cancel(job)
            cancelled = msgspec.structs.replace(job, cancelled=True)
            write_json_atomic(box.job_path(key.worker_id, key.attempt), cancelled)
        except (QueueUnavailable, OSError) as error:
            logger.warning("job %s cannot be cancelled: %s", job.job_id, error)

    def _refuse(self, box: OrderBox, key: AttemptKey, why: str, state: str = REFUSED) -> None:
        """End an attempt that no job can carry out."""
        lease = Lease(machine="", session="", token="", granted_at=time.time())
        if box.refuse(key.worker_id, key.attempt, end(lease, state, why, time.time())):
            _log_lost(key, why)  # else it was withdrawn, or has begun after all

    @staticmethod
    def _end(box: OrderBox, key: AttemptKey, lease: Lease, state: str, why: str) -> None:
        try:
            write_json_atomic(box.lease_path(key.worker_id, key.attempt), end(lease, state, why, time.time()))
        except OSError as error:
            if box.folder.path.exists():
                logger.warning("the end of the lease on %s cannot be written: %s", key, error)
            return
        if state != RELEASED:
            _log_lost(key, why)


def _log_lost(key: AttemptKey, why: str) -> None:
    where = {"run_id": key.run_id, "attempt": str(key), "why": why}
    log_constant(logger, LOG_FLEET_SLURM_JOB_LOST, extra=where)


def _is(order: Order, key: AttemptKey) -> bool:
    return (order.worker_id, order.attempt) == (key.worker_id, key.attempt)


def _job(box: OrderBox, key: AttemptKey) -> JobRecord | None:
    """Return the job of an attempt, ``None`` if it has none."""
    path: Path = box.job_path(key.worker_id, key.attempt)
    try:
        return msgspec.json.decode(read_regular(path), type=JobRecord)
    except READ_ERRORS:
        return None
