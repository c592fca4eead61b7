"""Starts one attempt where the launcher of POSIX systems cannot run (Windows), and records how it ended.

Its files are those of ``launcher.py``: the lock, the started record, the exit record. Signals come as files, too, for
Windows has none that reach a program in the background.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.file_lock import WINDOWS, holding_group, inherited, try_lock
from gym_gui.fleet.agent.process_tree import (
    EarlierProcess,
    ask_to_end,
    group_options,
    kill_tree,
    process_identity,
)
from gym_gui.fleet.agent.processes import Processes, read_record

#: The word by which the agent's program is started as this launcher; the spec follows.
LAUNCH = "--launch"
#: Exit code: another process has the attempt, or had it.
TAKEN = 75
#: Variables that are this machine's own, whatever the run was submitted with.
OWN_VARIABLES = (
    "PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TMP", "TEMP", "VIRTUAL_ENV",
    "LD_LIBRARY_PATH", "LD_PRELOAD", "PYTHONPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "DISPLAY", "WAYLAND_DISPLAY",
)  # fmt: skip
_OWN_PREFIXES = ("LC_", "XDG_")
_LAUNCH_LOOK_S = 0.1
#: Seconds after a cancellation before the launcher obeys it by itself: the agent is quicker.
_CANCEL_S = 5.0


def launch(spec_path: Path) -> int:
    """Run one attempt; return 0 when its end is on record, 75 if another process has it.

    Args:
        spec_path: What is to be done, as ``launcher.py`` reads it.
    """
    spec = json.loads(spec_path.read_bytes())
    descriptor = os.open(spec["lock"], os.O_RDWR | os.O_CREAT, 0o600)
    try:
        began = request_path(spec_path, "began")
        if not try_lock(descriptor) or any(
            path.exists() for path in (began, Path(spec["started"]), Path(spec["exit"]))
        ):
            return TAKEN
        # Before the program runs: what died in between is not begun twice.
        _write_record(str(began), {"launcher": _identity_fields(os.getpid())})
        _Attempt(spec, spec_path, descriptor).run()
    finally:
        os.close(descriptor)
    return 0


class _Attempt:
    """One attempt from its start to its exit record.

    Args:
        spec: What is to be done.
        spec_path: Where that is written; requests lie beside it.
        lock: The open file of the attempt's lock: the program inherits it.
    """

    def __init__(self, spec: dict[str, Any], spec_path: Path, lock: int) -> None:
        self._lock = lock
        self._spec = spec
        self._spec_path = spec_path
        self._reason = "exited"
        self._kill_at: float | None = None
        self._signalled_at: float | None = None

    def run(self) -> None:
        """Start the program, wait for it, and write down how it ended."""
        started_at = time.time()
        code, error = None, ""
        try:
            with open(self._spec["stdout"], "ab") as output, open(self._spec["stderr"], "ab") as errors:  # noqa: PTH123
                process = subprocess.Popen(
                    self._spec["argv"],
                    cwd=self._spec["cwd"],
                    env=_environment(self._spec),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=errors,
                    **group_options(),
                    **inherited(self._lock),
                )
        except (OSError, ValueError) as fault:
            self._reason, error = "spawn_failed", str(fault)[:500]
        else:
            record = {"started_at": started_at, "monotonic": time.monotonic()}
            identities = {"launcher": _identity_fields(os.getpid()), "worker": _identity_fields(process.pid)}
            _write_record(self._spec["started"], {**record, **identities})
            code = self._wait(process)
        _write_record(
            self._spec["exit"],
            {
                **exit_fields(code),
                "error": error,
                "started_at": started_at,
                "reason": self._reason,
                "signalled_at": self._signalled_at,
                "ended_at": time.time(),
                "cpu_seconds": None,
                "max_rss_bytes": None,
                "strays": 0,
                "swept": True,
            },
        )

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for the end of the program, and bring it about where that is asked for; return its exit code."""
        limit = self._spec.get("wall_time_s")
        deadline = None if limit is None else time.monotonic() + float(limit)
        asked_at: float | None = None
        while process.poll() is None:
            now = time.monotonic()
            asked = Path(self._spec["cancel_intent"]).exists()
            asked_at = (asked_at or now) if asked else None
            if request_path(self._spec_path, "kill").exists() or (self._kill_at is not None and now > self._kill_at):
                self._note("cancelled" if asked else "terminated")
                kill_tree(process.pid)
            elif self._kill_at is None:
                if deadline is not None and now > deadline:
                    self._end(process, "wall_time")
                elif request_path(self._spec_path, "stop").exists() or (asked_at and now - asked_at > _CANCEL_S):
                    self._end(process, "cancelled" if asked else "terminated")
            time.sleep(_LAUNCH_LOOK_S)
        kill_tree(process.pid)  # what it left behind
        return process.wait()

    def _end(self, process: subprocess.Popen[bytes], reason: str) -> None:
        self._note(reason)
        ask_to_end(process.pid)
        self._kill_at = time.monotonic() + float(self._spec["shutdown_timeout_s"])

    def _note(self, reason: str) -> None:
        if self._signalled_at is None:
            self._signalled_at, self._reason = time.time(), reason


class CommandProcesses(Processes):
    """Launcher and program of one attempt, by :func:`launch`.

    Args:
        spec: What the launcher is to do, with paths of this machine.
        spec_path: Where it is written.
        command: The words that start the agent's program, before ``--launch``.
    """

    def __init__(self, spec: dict[str, Any], spec_path: Path, command: list[str]) -> None:
        super().__init__(spec, spec_path, Path())
        self._command = command

    def start(self, kept: Sequence[int] = ()) -> bool:
        """Start the launcher, unless the attempt has or had one; return whether it was started.

        Args:
            kept: Descriptors that it would keep open; there are none where commands run.

        Raises:
            OSError: It cannot be started.
        """
        assert not kept
        for name in ("cwd", "stdout", "stderr", "lock", "started"):
            place = Path(self.spec[name])
            (place if name == "cwd" else place.parent).mkdir(parents=True, exist_ok=True)
        if self.alive() or self.started or self.ended:
            return False
        self._spec_path.write_text(json.dumps(self.spec), "utf-8")
        with open(str(self._spec_path) + ".log", "ab") as log:  # noqa: PTH123
            self._child = subprocess.Popen(
                [*self._command, LAUNCH, str(self._spec_path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **group_options(),
            )
        return True

    def alive(self) -> bool:
        """Return whether launcher or program is alive: one of them has the lock, or the program is on record."""
        return super().alive() or self._worker.alive

    def report(self) -> dict[str, Any]:
        """Return what is to be reported of them."""
        report = {"launcher_alive": self._is_launching, "worker_alive": self._worker.alive, "stopped": False}
        began = self.started.get("monotonic")
        return {**report, "age_s": max(0.0, time.monotonic() - began)} if isinstance(began, float) else report

    def signal(self, name: str) -> bool:
        """Ask for a signal; return whether there is a process that it can reach.

        Args:
            name: ``stop``, ``kill`` or ``kill_all``; this system has no way to pause a program.
        """
        if name not in ("stop", "kill", "kill_all") or not self.alive():
            return False
        if self._is_launching:
            request_path(self._spec_path, "stop" if name == "stop" else "kill").touch()
            return True
        return kill_tree(self._worker.pid or holding_group(Path(self.spec["lock"])))  # its launcher is gone

    @property
    def _is_launching(self) -> bool:
        """Whether the launcher is alive, which obeys requests."""
        if self._child is not None and self._child.poll() is None:
            return True
        return _recorded(read_record(str(request_path(self._spec_path, "began"))), "launcher").alive

    @property
    def _worker(self) -> EarlierProcess:
        return _recorded(self.started, "worker")


def _recorded(record: dict[str, Any], name: str) -> EarlierProcess:
    process = record.get(name) or {}
    return EarlierProcess(int(process.get("pid") or 0), str(process.get("identity") or ""))


def request_path(spec_path: Path, name: str) -> Path:
    """Return the file by which a launcher is asked for something.

    Args:
        spec_path: Its spec.
        name: ``stop`` or ``kill``; or ``began``, its own note that it has begun.
    """
    return spec_path.with_name(f"{spec_path.name}.{name}")


def exit_fields(code: int | None, windows: bool = WINDOWS) -> dict[str, int | None]:
    """Return exit code and signal of a program.

    Args:
        code: As :attr:`subprocess.Popen.returncode` has it; ``None``: it was not started.
        windows: Codes are numbers of 32 bits, and there are no signals.
    """
    if code is not None and windows:
        return {"code": code - (1 << 32) if code >= 1 << 31 else code, "signal": None}
    if code is not None and code < 0:
        return {"code": None, "signal": -code}
    return {"code": code, "signal": None}


def _environment(spec: dict[str, Any]) -> dict[str, str]:
    """Return the variables of the program: the run's, and this machine's own paths and names."""
    own = {name: value for name, value in os.environ.items() if name not in spec["unset"]}
    run = {**spec["env"], **read_record(spec["secrets"]).get("environment", {})} if spec.get("secrets") else spec["env"]
    foreign = [name for name in run if name.upper() in OWN_VARIABLES or name.upper().startswith(_OWN_PREFIXES)]
    return {**own, **{name: str(value) for name, value in run.items() if name not in foreign}}


def _identity_fields(pid: int) -> dict[str, Any]:
    """Return what ``launcher.py`` writes of a process, and how this agent finds it again."""
    identity = process_identity(pid)
    boot, _, ticks = identity.rpartition(" ")
    start = int(ticks) if ticks.isdigit() else 0
    host = socket.gethostname()
    return {"boot_id": boot, "pid_ns": 0, "pid": pid, "start_ticks": start, "host": host, "identity": identity}


def _write_record(path: str, value: dict[str, Any]) -> None:
    """Write a record, whole or not at all; on a disk that refuses it is tried again for a while."""
    temporary = Path(path + ".tmp")
    for _ in range(60):
        with contextlib.suppress(OSError):
            temporary.write_text(json.dumps(value), "ascii")
            os.replace(str(temporary), path)  # noqa: PTH105 - Python 3.8 on Windows
            return
        time.sleep(1.0)
    sys.stderr.write(f"{path} cannot be written\n")
