"""The layout of a run's folder: the path of each of its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gym_gui.core.worker.errors import NotFoundError, UsageError
from gym_gui.core.worker.frame_request import request_path
from gym_gui.core.worker.frame_ring import RING_FILE
from gym_gui.core.worker.step_quota import CONTROL_FILE


class UnknownRunError(NotFoundError):
    """There is no such run.

    Args:
        reference: What was asked for: an id, or what a user calls a run.
        where: The home that was searched, if known.
        why: What a run can be called, where that is the question.
        near: The nearest id or name that exists.
    """

    def __init__(self, reference: str, where: str = "", why: str = "", near: str | None = None) -> None:
        what = f"there is no run {reference!r}" + (f"; did you mean {near}?" if near else "")
        super().__init__(what, where=where, why=why, next_step="list the runs: mosaic runs list")


@dataclass(frozen=True)
class RunFolder:
    """Paths inside one run's folder; only :meth:`create` accesses the disk.

    Args:
        path: The folder itself, ``$MOSAIC_HOME/runs/<run_id>``.
    """

    path: Path

    @classmethod
    def of(cls, home: Path, run_id: str) -> RunFolder:
        """Return the folder of a run below a home."""
        return cls(home / "runs" / _name(run_id))

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def run_json(self) -> Path:
        """Canonical config, digest, plan of workers, provenance; never changes after submission."""
        return self.path / "run.json"

    @property
    def annotation(self) -> Path:
        """Name, tags, notes and star that users gave the run after its submission; missing if they did not."""
        return self.path / "annotation.json"

    @property
    def database(self) -> Path:
        return self.path / "telemetry.db"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def supervisor_log(self) -> Path:
        """Launches, exits, signals and states with their causes; appended by the proxy alone."""
        return self.logs / "supervisor.jsonl"

    @property
    def proxy_log(self) -> Path:
        """Diagnostics of the proxy process itself (its stdout and stderr)."""
        return self.logs / "proxy.log"

    @property
    def usage(self) -> Path:
        """What its workers used over time, a line of JSON a sample."""
        return self.path / "usage.jsonl"

    @property
    def control(self) -> Path:
        """Locks, intents, launch specs, and the launchers' records."""
        return self.path / "control"

    @property
    def proxy_lock(self) -> Path:
        return self.control / "proxy.lock"

    @property
    def proxy_identity(self) -> Path:
        """Last holder of the proxy lock, dead or alive (JSON: boot_id, pid_ns, pid, start_ticks)."""
        return self.control / "proxy.json"

    @property
    def cancel_intent(self) -> Path:
        """Exists (JSON: at, by, reason) once a cancellation was requested."""
        return self.control / "cancel.json"

    @property
    def pause_intent(self) -> Path:
        """Exists (JSON: paused, at, by, reason) once a pause was requested; has the last request."""
        return self.control / "pause.json"

    @property
    def no_steps(self) -> Path:
        """Exists (JSON: at, bytes, limit_bytes) once the run has used up its disk quota; read by the SDK."""
        return self.path / CONTROL_FILE

    @property
    def kept_logs(self) -> Path:
        """Exists (JSON: at, why) if logs that were to be dropped had to be kept."""
        return self.control / "kept_logs.json"

    @property
    def grant(self) -> Path:
        """The GPUs of each worker (JSON: gpus); missing if none was granted."""
        return self.control / "grant.json"

    @property
    def analytics(self) -> Path:
        return self.path / "analytics.json"

    def worker_config(self, worker_id: str) -> Path:
        """The flat config handed to a worker with ``--config``."""
        return self.path / f"worker-{self.run_id}-{_name(worker_id)}.json"

    def private_config(self, worker_id: str) -> Path:
        """The full config of a worker with secret settings; removed when the run has ended."""
        return self.control / self.worker_config(worker_id).name

    def secrets(self, worker_id: str) -> Path:
        """Secret variables (JSON: environment) for the launcher; removed when the run has ended."""
        return self.control / f"{_name(worker_id)}.secrets.json"

    def stdout_log(self, worker_id: str, attempt: int) -> Path:
        return self.logs / f"{_name(worker_id)}.a{attempt}.stdout.jsonl"

    def stderr_log(self, worker_id: str, attempt: int) -> Path:
        return self.logs / f"{_name(worker_id)}.a{attempt}.stderr.log"

    def launch_spec(self, worker_id: str, attempt: int) -> Path:
        return self.control / f"{_name(worker_id)}.a{attempt}.launch.json"

    def launch_lock(self, worker_id: str, attempt: int) -> Path:
        """Held (flock) by launcher and worker as long as one of them lives."""
        return self.control / f"{_name(worker_id)}.a{attempt}.lock"

    def started_record(self, worker_id: str, attempt: int) -> Path:
        return self.control / f"{_name(worker_id)}.a{attempt}.started.json"

    def exit_record(self, worker_id: str, attempt: int) -> Path:
        return self.control / f"{_name(worker_id)}.a{attempt}.exit.json"

    def work(self, worker_id: str) -> Path:
        """The worker's working directory."""
        return self.path / "work" / _name(worker_id)

    @property
    def all_checkpoints(self) -> Path:
        """The checkpoints of all workers."""
        return self.path / "checkpoints"

    def checkpoints(self, worker_id: str) -> Path:
        return self.all_checkpoints / _name(worker_id)

    def tensorboard(self, worker_id: str) -> Path:
        return self.path / "tensorboard" / _name(worker_id)

    def videos(self, worker_id: str) -> Path:
        return self.path / "videos" / _name(worker_id)

    def frame_ring(self, worker_id: str) -> Path:
        """The worker's latest pictures of its environment; written by the worker alone."""
        return self.path / "frames" / _name(worker_id) / RING_FILE

    def frame_request(self, worker_id: str) -> Path:
        """Exists once the worker's environment was watched (JSON: on, layout, place, fps); read by the SDK."""
        return request_path(self.path, _name(worker_id))

    def create(self) -> None:
        """Create the run's folder (mode 0700) with its fixed subfolders; fails if it exists."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.mkdir(mode=0o700)
        self.logs.mkdir()
        self.control.mkdir()


def _name(text: str) -> str:
    """Return an id that is safe as part of a path.

    Raises:
        UsageError: It could lead to another folder.
    """
    if text in ("", ".", "..") or "/" in text or "\\" in text or "\0" in text:
        raise UsageError(f"{text!r} is neither a run nor a worker", next_step="list the runs: mosaic runs list")
    return text
