"""Runs a worker as MOSAIC runs it: its folder, its environment, the real launcher; in a scratch home."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gym_gui.runs import (
    Limits,
    RunFolder,
    RunPlan,
    WorkerPlan,
    generated_worker_id,
    new_run_id,
    save_plan,
    submitted_environment,
    write_json_atomic,
)
from gym_gui.supervision import LauncherPool, ProcessIdentity, build_spec, resuming_argv
from gym_gui.workers.command import flat_config, module_argv, worker_environment
from gym_gui.workers.conformance._transcript import Transcript, ingest, read_lines
from gym_gui.workers.record import WorkerRecord

_POLL_S = 0.02
_RECORD_PATIENCE_S = 20.0
_STDERR_BYTES = 64 << 10
_END_BYTES = 1 << 20


class Attempt:
    """One launched worker.

    Args:
        record: The worker.
        home: A scratch home.
        settings: Of its config.
        seed: The run's seed.
        arguments: Added to its command line.
        environment: Added to its environment.
        wall_s: Seconds after which its launcher ends it.
        grace_s: Seconds between SIGTERM and SIGKILL.
        raw: Values to put into the config file though the schema forbids them.
    """

    def __init__(
        self,
        record: WorkerRecord,
        home: Path,
        settings: Mapping[str, Any],
        *,
        seed: int,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        wall_s: float,
        grace_s: float,
        raw: Mapping[str, Any] | None = None,
    ) -> None:
        run_id, worker_id = new_run_id(), generated_worker_id(1)
        self.folder = RunFolder.of(home, run_id)
        config = flat_config(record, dict(settings), run_id=run_id, worker_id=worker_id, seed=seed) | dict(raw or {})
        path = self.folder.worker_config(worker_id)
        base = submitted_environment(os.environ)
        worker = WorkerPlan(
            worker_no=1,
            worker_id=worker_id,
            worker_type=record.name,
            argv=module_argv(record.python, record.module, path, record.flags, worker_id, arguments),
            env=worker_environment(
                dict(environment or {}),
                home=home,
                run_folder=self.folder.path,
                run_id=run_id,
                worker_id=worker_id,
                worker_type=record.name,
                seed=seed,
                cpus=1,
                base=base,
            ),
            config=config,
            seed=seed,
        )
        limits = Limits(wall_time_s=wall_s, shutdown_timeout_s=grace_s)
        self.plan = RunPlan(
            run_id=run_id,
            run_name="check",
            digest="",
            created_at=time.time(),
            config={"base_environment": base},
            workers=[worker],
            limits=limits,
        )
        self.folder.create()
        write_json_atomic(path, config)
        save_plan(self.folder, self.plan)
        self.number = 0
        self._pool = LauncherPool()
        self._until = wall_s + grace_s + _RECORD_PATIENCE_S
        self._started_at = 0.0
        self._deadline = 0.0

    @property
    def worker(self) -> WorkerPlan:
        return self.plan.workers[0]

    def start(self, checkpoint: str | None = None) -> bool:
        """Launch the next attempt.

        Args:
            checkpoint: Resume from it.

        Returns:
            Whether it was launched; not so where the worker cannot resume.
        """
        argv = None
        if checkpoint is not None:
            argv = resuming_argv(self.folder, self.worker, self.number + 1, checkpoint)
            if argv is None:
                return False
        self.number += 1
        spec = build_spec(self.folder, self.plan, self.worker, self.number, argv)
        self._started_at = time.monotonic()
        self._deadline = self._started_at + self._until
        return self._pool.start(self.folder, spec, self.worker.worker_id, self.number) is not None

    def output(self, start: int = 0) -> bytes:
        """Return what its stdout log holds now, from an offset on."""
        try:
            with self.folder.stdout_log(self.worker.worker_id, self.number).open("rb") as log:
                log.seek(start)
                return log.read()
        except FileNotFoundError:
            return b""

    def size(self) -> int:
        """Return the bytes that its stdout log holds now."""
        try:
            return self.folder.stdout_log(self.worker.worker_id, self.number).stat().st_size
        except FileNotFoundError:
            return 0

    def ended(self) -> bool:
        """Return whether the worker has ended and all that it left behind."""
        return bool(self._exit().get("swept"))

    def until(self, condition: Callable[[], Any], timeout_s: float) -> bool:
        """Wait for a condition, for the attempt's end, or for the time to be up; return whether the condition holds."""
        deadline = time.monotonic() + timeout_s
        while not condition():
            if self.ended() or time.monotonic() > deadline:
                return bool(condition())
            time.sleep(_POLL_S)
        return True

    def signal(self, number: int, *, launcher: bool = False) -> None:
        """Signal the worker, or its launcher, which passes SIGTERM on and kills after the grace."""
        identity = self._record("started").get("launcher" if launcher else "worker")
        if isinstance(identity, dict):
            with contextlib.suppress(TypeError, PermissionError):
                ProcessIdentity(**identity).signal(number)

    def finish(self, *, briefly: bool = False) -> Transcript:
        """Wait for the attempt's end and return all that it said.

        Args:
            briefly: It may have said a great deal: return the beginning and the end of it, not judged by the reader.
        """
        while not self.ended() and time.monotonic() < self._deadline:
            time.sleep(_POLL_S)
        seconds = time.monotonic() - self._started_at
        self._pool.reap()
        ended = self._exit()
        worker_id = self.worker.worker_id
        return Transcript(
            run_id=self.plan.run_id,
            worker_id=worker_id,
            lines=read_lines(self._ends() if briefly else self.output()),
            stderr=_tail(self.folder.stderr_log(worker_id, self.number)),
            code=ended.get("code"),
            signal=ended.get("signal"),
            seconds=seconds,
            reason=str(ended.get("reason", "lost")),
            strays=int(ended.get("strays") or 0),
            quarantined=[] if briefly else ingest(self.folder, self.plan, self.number),
            error=str(ended.get("error") or ""),
        )

    def _ends(self) -> bytes:
        """Return the first and the last lines of its stdout log, all of them if it is not long."""
        size = self.size()
        if size <= 2 * _END_BYTES:
            return self.output()
        with self.folder.stdout_log(self.worker.worker_id, self.number).open("rb") as log:
            head = log.read(_END_BYTES).rpartition(b"\n")[0]
            log.seek(size - _END_BYTES)
            return head + b"\n" + log.read().partition(b"\n")[2]

    def stopping_s(self) -> float:
        """Return the seconds between SIGTERM and the worker's end; 0 where none was sent."""
        ended = self._exit()
        return float(ended["ended_at"] - ended["signalled_at"]) if ended.get("signalled_at") else 0.0

    def end(self) -> None:
        """Kill whatever still lives of it, and wait until its launcher has seen to the rest.

        A user who interrupts an examination is not to wait for long: the worker is given no grace.
        """
        deadline = time.monotonic() + _RECORD_PATIENCE_S
        while self.number and not self.ended() and time.monotonic() < deadline:
            self.signal(signal.SIGKILL)
            time.sleep(_POLL_S)
        self._pool.reap()

    def _exit(self) -> dict[str, Any]:
        return self._record("exit")

    def _record(self, name: str) -> dict[str, Any]:
        where = self.folder.exit_record if name == "exit" else self.folder.started_record
        try:
            found: dict[str, Any] = json.loads(where(self.worker.worker_id, self.number).read_bytes())
        except (FileNotFoundError, ValueError):
            return {}
        return found


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _STDERR_BYTES), os.SEEK_SET)
            return stream.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
