"""Start of launchers, each in its own session; they are never waited for."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gym_gui.core.regular_files import append_or_discard
from gym_gui.core.worker.secret_detection import MARK
from gym_gui.runs import (
    UTF8,
    FileLock,
    RunFolder,
    RunPlan,
    WorkerPlan,
    activated_environment,
    visible_devices,
    write_json_atomic,
)
from gym_gui.supervision.processes import limit_mark

LAUNCHER = Path(__file__).with_name("launcher.py")
#: An inherited PYTHONUNBUFFERED splits a print into two writes: another thread's line could land between.
UNSET = ("PYTHONUNBUFFERED",)


def build_spec(
    folder: RunFolder, plan: RunPlan, worker: WorkerPlan, attempt: int, argv: list[str] | None = None
) -> dict[str, Any]:
    """Return the spec that ``launcher.py`` reads (absolute paths, seconds).

    Args:
        folder: The run's folder.
        plan: The run.
        worker: One of its workers.
        attempt: From 1.
        argv: Instead of the plan's, for an attempt that resumes.
    """
    identifier = worker.worker_id
    root = RunFolder(folder.path.resolve())
    stdout = str(root.stdout_log(identifier, attempt))
    command = list(argv or worker.argv)
    base = plan.config.get("base_environment")
    given = worker.env
    if base is not None:
        given = {"PATH": os.defpath, **{name: value for name, value in base.items() if value != MARK}, **worker.env}
    environment = {
        **given,
        **activated_environment(command[0], given),
        **visible_devices(root, plan, worker),
        "MOSAIC_RUN_ID": plan.run_id,
        "WORKER_ID": identifier,
        "MOSAIC_WORKER_TYPE": worker.worker_type,
        "MOSAIC_RUN_DIR": str(root.path),
        "MOSAIC_HOME": str(root.path.parent.parent),
        "MOSAIC_LOG": stdout,
        "MOSAIC_ATTEMPT": str(attempt),
    }
    if worker.seed is not None:
        environment["MOSAIC_SEED"] = str(worker.seed)
    return {
        "argv": command,
        "cwd": str(root.work(identifier)),
        "env": environment,
        "secrets": str(root.secrets(identifier)) if worker.secrets else None,
        "inherit": base is None,  # a run on record that knows nothing of the submitter's environment
        "unset": list(UNSET),
        "mark": limit_mark(plan.run_id, identifier, attempt),
        "stdout": stdout,
        "stderr": str(root.stderr_log(identifier, attempt)),
        "lock": str(root.launch_lock(identifier, attempt)),
        "started": str(root.started_record(identifier, attempt)),
        "exit": str(root.exit_record(identifier, attempt)),
        "cancel_intent": str(root.cancel_intent),
        "wall_time_s": plan.limits.wall_time_s,
        "shutdown_timeout_s": plan.limits.shutdown_timeout_s,
    }


class LauncherPool:
    """The launchers that this process started; each is reaped when it has ended."""

    def __init__(self) -> None:
        self._pids: set[int] = set()

    def start(self, folder: RunFolder, spec: Mapping[str, Any], worker_id: str, attempt: int) -> int | None:
        """Start the launcher of an attempt, unless it has or had one.

        The attempt's lock is taken here and handed on, so that there is no moment at which a launcher
        exists and the lock is free: a free lock and no record means that the attempt never started.

        Args:
            folder: The run's folder.
            spec: What :func:`build_spec` returned.
            worker_id: The worker.
            attempt: Its attempt.

        Returns:
            The launcher's pid; ``None`` where the attempt has a launcher or has had one.

        Raises:
            OSError: The launcher cannot be started, or its spec cannot be written.
        """
        lock = FileLock(folder.launch_lock(worker_id, attempt))
        if not lock.acquire():
            return None
        try:
            records = folder.started_record(worker_id, attempt), folder.exit_record(worker_id, attempt)
            if any(map(os.path.lexists, records)):
                return None
            folder.work(worker_id).mkdir(parents=True, exist_ok=True)
            spec_path = folder.launch_spec(worker_id, attempt)
            write_json_atomic(spec_path, dict(spec), sync=False)
            pid = _spawn(folder, spec_path, lock.fileno())
        finally:
            lock.release()
        self._pids.add(pid)
        return pid

    def reap(self) -> None:
        """Collect the launchers that have ended."""
        for pid in list(self._pids):
            try:
                ended, _ = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                ended = pid
            if ended:
                self._pids.discard(pid)


def _spawn(folder: RunFolder, spec_path: Path, lock: int) -> int:
    """Start ``launcher.py`` in a session of its own, its stop signals blocked so that an early one waits for it."""
    with contextlib.ExitStack() as stack:
        nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, nothing)
        said = append_or_discard(folder.proxy_log)
        stack.callback(os.close, said)
        os.set_inheritable(lock, True)
        stack.callback(os.set_inheritable, lock, False)
        program = sys.executable
        return os.posix_spawn(
            program,
            [program, "-I", "-S", *UTF8, str(LAUNCHER), str(spec_path.resolve()), str(lock)],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, nothing, 0),
                (os.POSIX_SPAWN_DUP2, said, 1),
                (os.POSIX_SPAWN_DUP2, said, 2),
            ],
            setsid=True,
            setsigmask=[signal.SIGTERM, signal.SIGINT],
        )
