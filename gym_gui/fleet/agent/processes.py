"""Processes of one attempt on this machine (POSIX): started through the launcher, observed, signalled."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.file_lock import is_held, try_lock

#: The signals by which a launcher stops and continues its worker.
PAUSE, UNPAUSE = getattr(signal, "SIGURG", 0), getattr(signal, "SIGWINCH", 0)  # not on Windows

#: Seconds beyond the run's own limit that a launcher has to end its worker and what that left behind.
_MARGIN_S = 5.0
_END_POLL_S = 0.05


class Processes:
    """Launcher and worker of one attempt.

    Args:
        spec: What the launcher is to do, with paths of this machine.
        spec_path: Where it is written.
        launcher: The program ``launcher.py``.
    """

    def __init__(self, spec: dict[str, Any], spec_path: Path, launcher: Path) -> None:
        self.spec = spec
        self._spec_path = spec_path
        self._launcher = launcher
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def started(self) -> dict[str, Any]:
        """The started record, empty without one."""
        return read_record(self.spec["started"])

    @property
    def ended(self) -> dict[str, Any]:
        """The final exit record, empty without one."""
        record = read_record(self.spec["exit"])
        return record if record.get("swept") else {}

    def start(self, kept: Sequence[int] = ()) -> bool:
        """Start the launcher, unless the attempt has or had one; return whether it was started.

        Args:
            kept: Descriptors that it keeps open while it lives.

        Raises:
            OSError: It cannot be started.
        """
        for name in ("cwd", "stdout", "lock"):
            place = Path(self.spec[name])
            (place if name == "cwd" else place.parent).mkdir(parents=True, exist_ok=True)
        lock = os.open(self.spec["lock"], os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not try_lock(lock):
                return False
            if os.path.exists(self.spec["started"]) or os.path.exists(self.spec["exit"]):  # noqa: PTH110
                return False
            self._spec_path.write_text(json.dumps(self.spec), "utf-8")
            said = os.open(str(self._spec_path) + ".log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            # Inherited by the launcher, for which an early stop waits until it can pass it on.
            mask = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))
            try:
                self._child = subprocess.Popen(
                    [
                        sys.executable,
                        "-I",
                        "-S",
                        "-X",
                        "utf8",
                        str(self._launcher),
                        str(self._spec_path),
                        str(lock),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    pass_fds=[lock, *kept],
                    start_new_session=True,
                )
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, mask)
                os.close(said)
        finally:
            os.close(lock)
        return True

    def end(self) -> None:
        """Ask for the end of launcher and worker, kill them when their time is over; return when none is left."""
        self.signal("stop")
        deadline = time.monotonic() + float(self.spec.get("shutdown_timeout_s") or 0.0) + _MARGIN_S
        while self.alive():
            if time.monotonic() > deadline:
                self.signal("kill_all")
            time.sleep(_END_POLL_S)

    def alive(self) -> bool:
        """Return whether launcher or worker is alive: one of them holds the lock."""
        if self._child is not None and self._child.poll() is None:
            return True
        return is_held(Path(self.spec["lock"]))

    def last_words(self) -> str:
        """Return the last line that a launcher wrote, and how it ended."""
        code = None if self._child is None else self._child.poll()
        try:
            lines = Path(str(self._spec_path) + ".log").read_text("utf-8", "replace").strip().splitlines()
        except OSError:
            lines = []
        return f"exit code {code}" + (f", {lines[-1][:300]}" if lines else "")

    def report(self) -> dict[str, Any]:
        """Return what is to be reported of them."""
        started = self.started
        launcher, worker = started.get("launcher") or {}, started.get("worker") or {}
        worker_pid = _living(worker)
        report: dict[str, Any] = {
            "launcher_alive": _living(launcher) is not None if launcher else self.alive(),
            "worker_alive": worker_pid is not None,
            "stopped": worker_pid is not None and _state(worker_pid) == "T",
        }
        if isinstance(started.get("monotonic"), (int, float)):
            report["age_s"] = max(0.0, time.monotonic() - float(started["monotonic"]))
        if worker_pid is not None:
            report["cpu_seconds"], report["memory_bytes"] = _usage(worker_pid)
        return report

    def signal(self, name: str) -> bool:
        """Signal them; return whether any process received it.

        Args:
            name: ``stop``, ``kill``, ``kill_all``, ``pause`` or ``unpause``.
        """
        started = self.started
        launcher, worker = _living(started.get("launcher") or {}), _living(started.get("worker") or {})
        if launcher is None and not started and self._child is not None and self._child.poll() is None:
            launcher = self._child.pid
        if name == "stop":
            if launcher is not None:
                return _send(os.kill, launcher, signal.SIGTERM)
            return _send(os.killpg, worker, signal.SIGTERM)
        if name in ("pause", "unpause"):
            received = _send(os.kill, launcher, PAUSE if name == "pause" else UNPAUSE)
            return _send(os.killpg, worker, signal.SIGSTOP if name == "pause" else signal.SIGCONT) or received
        received = _send(os.kill, launcher, signal.SIGKILL) if name == "kill_all" else False
        return _send(os.killpg, worker, signal.SIGKILL) or received


def read_record(path: str) -> dict[str, Any]:
    """Return a record that a launcher wrote, empty where there is none that can be read."""
    try:
        record = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _send(send: Any, target: int | None, number: int) -> bool:
    if target is None:
        return False
    try:
        send(target, number)
    except OSError:
        return False
    return True


def _living(identity: dict[str, Any]) -> int | None:
    """Return the pid of a process that is still the one on record, ``None`` if it is gone."""
    pid = identity.get("pid")
    if not isinstance(pid, int) or pid <= 0:
        return None
    fields = _stat(pid)
    if not fields:
        try:  # a system without /proc
            os.kill(pid, 0)
        except OSError:
            return None
        return None if Path("/proc/self/stat").exists() else pid
    same = not identity.get("start_ticks") or fields[19] == str(identity["start_ticks"])
    return pid if same and fields[0] != "Z" else None


def _state(pid: int) -> str:
    fields = _stat(pid)
    return fields[0] if fields else ""


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].decode("ascii").split()
    except OSError:
        return []


def _usage(session: int) -> tuple[float, int]:
    """Return CPU seconds and resident bytes of all processes of a session."""
    ticks, pages = 0, 0
    try:
        names = [name for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    except OSError:
        return 0.0, 0
    for name in names:
        fields = _stat(int(name))
        if len(fields) > 21 and fields[3] == str(session):
            ticks += int(fields[11]) + int(fields[12])
            pages += int(fields[21])
    return ticks / os.sysconf("SC_CLK_TCK"), pages * os.sysconf("SC_PAGE_SIZE")
