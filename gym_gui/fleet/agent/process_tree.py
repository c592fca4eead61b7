"""A program with all that it starts: begun in a group of its own, asked to end, killed, found again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.fleet.agent.file_lock import WINDOWS
from gym_gui.fleet.agent.windows_system import process_started

#: Windows: the program leads a group of its own, which Ctrl-C in the agent's terminal does not reach.
CREATE_NEW_PROCESS_GROUP = 0x00000200
#: Windows: the one event that can be sent to such a group alone.
CTRL_BREAK_EVENT = 1
_TASKKILL_S = 30.0


def group_options(windows: bool = WINDOWS) -> dict[str, Any]:
    """Return the options of :class:`subprocess.Popen` that give a program a group of its own.

    Args:
        windows: As Windows does.
    """
    return {"creationflags": CREATE_NEW_PROCESS_GROUP} if windows else {"start_new_session": True}


def ask_to_end(pid: int, windows: bool = WINDOWS) -> bool:
    """Ask a program and its group to end: SIGTERM, or Ctrl-Break on Windows; return whether they were reached.

    Args:
        pid: Of the program, which leads its group.
        windows: As Windows does.
    """
    if pid <= 0:  # as a group 0 is this program's own
        return False
    try:
        if windows:
            os.kill(pid, CTRL_BREAK_EVENT)
        else:
            os.killpg(pid, signal.SIGTERM)
    except (OSError, SystemError):  # the latter: Windows, without a console that both have
        return False
    return True


def kill_tree(pid: int, windows: bool = WINDOWS) -> bool:
    """Kill a program and all that it started; return whether there was anything to kill.

    On Windows children are found by their parents: those of a program that has ended already stay.

    Args:
        pid: Of the program, which leads its group.
        windows: As Windows does.
    """
    if pid <= 0:  # as a group 0 is this program's own
        return False
    if windows:
        command = ["taskkill", "/T", "/F", "/PID", str(pid)]
        try:
            ended = subprocess.run(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=_TASKKILL_S, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return False
        return ended.returncode == 0
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        return False
    return True


def end_tree(process: subprocess.Popen[Any], grace_s: float, windows: bool = WINDOWS) -> int:
    """End a program and all that it started; return its exit code.

    Args:
        process: The program.
        grace_s: Seconds that it has to end by itself once it was asked to.
        windows: As Windows does.
    """
    if process.poll() is None:
        ask_to_end(process.pid, windows)
        deadline = time.monotonic() + grace_s
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.05)
    kill_tree(process.pid, windows)
    return process.wait()


def process_identity(pid: int, windows: bool = WINDOWS) -> str:
    """Return what tells a process from a later one with its pid; empty if it is gone, or the system does not say.

    Args:
        pid: Of the process.
        windows: As Windows does.
    """
    if windows:
        started = process_started(pid)
        return "" if started is None else str(started)
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return "" if Path("/proc/self/stat").exists() else _started(pid)
    return "" if fields[0] == b"Z" else f"{boot} {fields[19].decode('ascii')}"


def _started(pid: int) -> str:
    """Return when a process was started, as ``ps`` says it; empty if it is gone: for systems without /proc."""
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    try:
        found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=5.0, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    state, _, started = found.stdout.decode("ascii", "replace").strip().partition(" ")
    return "" if state.startswith("Z") else started.strip()


class EarlierProcess(NamedTuple):
    """A program that an earlier agent started; how it ends cannot be known."""

    pid: int
    identity: str

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return bool(self.identity) and process_identity(self.pid) == self.identity
