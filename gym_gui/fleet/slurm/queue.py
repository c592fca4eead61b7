"""Queues that jobs are submitted to: that of Slurm, and processes of this machine in its place."""

from __future__ import annotations

import abc
import contextlib
import functools
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.fleet.orders import Order
from gym_gui.fleet.slurm.job import carry_out
from gym_gui.runs import Resources
from gym_gui.supervision import ProcessIdentity

#: The values of the setting ``slurm_cluster``.
SLURM, LOCAL = "slurm", "local"
#: The longest that one of Slurm's commands may take, seconds.
_COMMAND_S = 30.0
#: Exit code of the program ``timeout`` where the time is over.
_TIMED_OUT = 124
#: What a worker may ask for without its job asking for memory, MiB: the default of run configs.
_UNCOUNTED_MB = Resources().memory_mb
#: Seconds before the end of its time at which Slurm warns a job.
_WARNING_S = 90
_YEAR_MIN = 525_600
#: States in which Slurm has nothing of a job left to run.
_OVER = frozenset(
    {
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "REVOKED",
        "TIMEOUT",
    }
)


class JobState(msgspec.Struct, frozen=True):
    """What a queue says of a job."""

    state: str
    """As Slurm calls it: ``PENDING``, ``RUNNING``, ``NODE_FAIL``, …"""
    reason: str = ""
    """Why it waits, or why it ended, as Slurm calls it: ``Resources``, ``Priority``, …"""
    node: str = ""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in _OVER

    def __str__(self) -> str:
        reason = f" ({self.reason})" if self.reason not in ("", "None") else ""
        return f"{self.state}{reason}" + (f" on {self.node}" if self.node else "")


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The job of an attempt, as it is on record."""

    job_id: str
    submitted_at: float
    """Unix time."""
    number: int = 1
    """How many jobs there were for the attempt, this one included."""
    process: ProcessIdentity | None = None
    """The job's process, where it is one of this machine."""
    cancelled: bool = False


class QueueUnavailable(Exception):  # noqa: N818 - it says what is missing
    """The queue does not answer now; it may later."""


class JobRefused(Exception):  # noqa: N818 - an answer, not a fault
    """The queue does not take a job like this."""


class Queue(abc.ABC):
    """Takes jobs, says how they stand, and cancels them. All calls may take seconds."""

    #: Seconds between two questions about jobs.
    poll_s = 5.0
    #: Seconds after which a job that is unknown, or is over, is taken to be so.
    certain_s = 5.0

    @abc.abstractmethod
    def unusable(self) -> str:
        """Return why jobs cannot be submitted from this machine, in words; empty: they can."""

    @abc.abstractmethod
    def submit(self, name: str, run: Path, order: Order, parameters: Mapping[str, str]) -> JobRecord:
        """Submit the job of an attempt.

        Args:
            name: The job's.
            run: The run's folder.
            order: The attempt.
            parameters: Long options of ``sbatch``, underscores in place of dashes.

        Raises:
            QueueUnavailable: Try again later.
            JobRefused: It is not taken.
        """

    @abc.abstractmethod
    def states(self, jobs: Mapping[str, JobRecord]) -> dict[str, JobState]:
        """Return how jobs stand, by id; those that are not known any more are left out.

        Raises:
            QueueUnavailable: It does not answer.
        """

    @abc.abstractmethod
    def cancel(self, job: JobRecord) -> None:
        """Cancel a job; no error if it is gone.

        Raises:
            QueueUnavailable: It does not answer.
        """

    def refresh(self) -> bool:
        """Do what is to be done again and again; return whether nothing is left to wait for."""
        return True


class SlurmQueue(Queue):
    """The queue of the Slurm cluster that this machine can submit to."""

    def unusable(self) -> str:
        missing = [name for name in ("sbatch", "squeue", "scancel") if shutil.which(name) is None]
        return f"{', '.join(missing)} of Slurm is not on this machine" if missing else ""

    def submit(self, name: str, run: Path, order: Order, parameters: Mapping[str, str]) -> JobRecord:
        import submitit  # a tenth of a second, for a daemon that may have no such run

        problem = self.unusable()
        if problem:
            raise QueueUnavailable(problem)
        asked: dict[str, Any] = {"cpus_per_task": order.cpus}
        if order.memory_mb > _UNCOUNTED_MB:
            asked["mem"] = f"{order.memory_mb}M"
        if order.gpus:
            asked["gpus_per_node"] = order.gpus
        # Attempts are MOSAIC's to repeat. Without srun, of which new versions give a step one core unless told more,
        # the job's process takes the place of the batch script, and gets its warning.
        own = {"no_requeue": True, "chdir": str(run), "signal": f"B:USR2@{_WARNING_S}"}
        executor = _executor_class()(_folder(run), python=f"exec {shlex.quote(sys.executable)}")
        more = {**asked, **parameters, **own}
        try:
            executor.update_parameters(
                job_name=name,
                time=None,
                wckey=None,
                use_srun=False,
                setup=["trap '' USR2"],
                additional_parameters=more,
            )
            job = executor.submit(carry_out, str(run), order.worker_id, order.attempt)
        except (submitit.core.utils.FailedJobError, submitit.core.utils.FailedSubmissionError) as error:
            if getattr(error.__cause__, "returncode", None) == _TIMED_OUT:
                raise QueueUnavailable(f"sbatch did not answer within {_COMMAND_S:.0f} s") from error
            said = _errors(str(error)) or _last_line(str(error))
            raise (QueueUnavailable if _passes(said) else JobRefused)(said) from error
        except OSError as error:
            raise QueueUnavailable(str(error)) from error
        return JobRecord(job_id=str(job.job_id), submitted_at=time.time())

    def states(self, jobs: Mapping[str, JobRecord]) -> dict[str, JobState]:
        found = _parse(_command(["squeue", "--me", "--states=all", "--noheader", "--format=%i|%T|%r|%N"]))
        missing = [job_id for job_id in jobs if job_id not in found]
        if missing and shutil.which("sacct") is not None:
            fields = ["sacct", "-X", "--noheader", "--parsable2", "--format=JobIDRaw,State,Reason,NodeList"]
            with contextlib.suppress(QueueUnavailable):  # without accounting nothing is known of them
                found.update(_parse(_command([*fields, "-j", ",".join(missing)])))
        return {job_id: found[job_id] for job_id in jobs if job_id in found}

    def cancel(self, job: JobRecord) -> None:
        try:
            _command(["scancel", job.job_id])
        except QueueUnavailable as error:
            if "nvalid job id" not in str(error):
                raise


class LocalQueue(Queue):
    """Jobs as processes of this machine, by submitit's local executor: to try things out, and for tests."""

    poll_s = certain_s = 0.5

    def __init__(self) -> None:
        self._jobs: dict[str, Any] = {}
        """Children of this process, to be waited for."""

    def unusable(self) -> str:
        return ""

    def submit(self, name: str, run: Path, order: Order, parameters: Mapping[str, str]) -> JobRecord:
        import submitit

        minutes = parameters.get("time", "")
        try:
            executor = submitit.LocalExecutor(_folder(run))
            executor.update_parameters(
                timeout_min=int(minutes) if minutes.isdigit() else _YEAR_MIN, gpus_per_node=order.gpus, name=name
            )
            job = executor.submit(carry_out, str(run), order.worker_id, order.attempt)
            process = ProcessIdentity.of(int(job.job_id))
        except (OSError, ValueError) as error:
            raise QueueUnavailable(str(error)) from error
        self._jobs[str(job.job_id)] = job
        return JobRecord(job_id=str(job.job_id), submitted_at=time.time(), process=process)

    def states(self, jobs: Mapping[str, JobRecord]) -> dict[str, JobState]:
        node = os.uname().nodename
        return {
            job_id: JobState("RUNNING" if job.process is not None and job.process.alive() else "COMPLETED", node=node)
            for job_id, job in jobs.items()
        }

    def cancel(self, job: JobRecord) -> None:
        if job.process is not None:
            job.process.signal(signal.SIGTERM)

    def refresh(self) -> bool:
        for job_id, job in list(self._jobs.items()):
            if job.done():
                del self._jobs[job_id]
        return not self._jobs


@functools.cache
def _executor_class() -> Any:
    """Return submitit's executor of Slurm, with a limit for the time of ``sbatch``."""
    import submitit

    class SlurmExecutor(submitit.SlurmExecutor):  # type: ignore[misc,unused-ignore]  # named as submitit asks for
        def _make_submission_command(self, submission_file_path: Path) -> list[str]:
            words = super()._make_submission_command(submission_file_path)
            limit = shutil.which("timeout") or shutil.which("timeout", path=os.defpath)
            return [limit, "-k", "5", f"{_COMMAND_S:g}", *words] if limit else words

    return SlurmExecutor


def make_queue(cluster: str) -> Queue:
    """Return the queue that the setting ``slurm_cluster`` names.

    Args:
        cluster: ``slurm`` or ``local``.

    Raises:
        ValueError: It is neither.
    """
    kinds: dict[str, type[Queue]] = {SLURM: SlurmQueue, LOCAL: LocalQueue}
    if cluster not in kinds:
        raise ValueError(f"the setting slurm_cluster is {cluster!r}, allowed: {', '.join(kinds)}")
    return kinds[cluster]()


def log_lines(run: Path, job_id: str) -> str:
    """Return the last line that a job wrote to its own error output; empty: there is none.

    Args:
        run: The run's folder.
        job_id: The job.
    """
    try:
        return _last_line((_folder(run) / f"{job_id}_0_log.err").read_text("utf-8", "replace"))
    except OSError:
        return ""


def _folder(run: Path) -> Path:
    """Return where submitit keeps what it needs for the jobs of a run."""
    return run / "control" / "fleet" / "slurm"


def _command(words: list[str]) -> str:
    """Return what a command of Slurm prints.

    Raises:
        QueueUnavailable: It failed, or took too long.
    """
    try:
        ended = subprocess.run(words, capture_output=True, text=True, errors="replace", timeout=_COMMAND_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise QueueUnavailable(f"{words[0]}: {error}") from error
    if ended.returncode:
        raise QueueUnavailable(_last_line(ended.stderr) or f"{words[0]} ended with exit code {ended.returncode}")
    return ended.stdout


def _parse(text: str) -> dict[str, JobState]:
    """Return states by job from lines of ``id|state|reason|nodes``; ``CANCELLED by 0`` is ``CANCELLED``."""
    rows = [line.strip().split("|") for line in text.splitlines() if line.count("|") == 3]
    return {row[0]: JobState(row[1].split(" ")[0].rstrip("+"), row[2], row[3]) for row in rows}


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""


def _errors(text: str) -> str:
    """Return the errors that ``sbatch`` printed, in one line."""
    marks = ("sbatch: error: ", "sbatch: fatal: ")
    found = [line.split(mark, 1)[1] for line in text.splitlines() for mark in marks if mark in line]
    return "; ".join(dict.fromkeys(found))[:500]


def _passes(said: str) -> bool:
    """Whether a refusal of ``sbatch`` is one of the moment."""
    moments = (
        *("contact slurm controller", "timed out", "onnection refused", "temporarily", "try again"),
        *("QOSMaxSubmit", "QOSGrpSubmit", "AssocMaxSubmit", "AssocGrpSubmit"),
    )
    return any(words in said for words in moments)
