"""Identity of a process: pid, boot, pid namespace and start time, since pids are reused."""

from __future__ import annotations

import errno
import os
import signal
import sys
from functools import lru_cache
from pathlib import Path

import msgspec

from gym_gui.supervision.launcher import proc_name, stat_fields

_LINUX = sys.platform.startswith("linux")


class ProcessIdentity(msgspec.Struct, frozen=True):
    """One process, distinct from every other with the same pid, earlier or later.

    Elsewhere than on Linux ``boot_id`` and ``pid_ns`` are empty and the start time comes from psutil.

    Args:
        boot_id: The kernel's random id of this boot.
        pid_ns: Inode number of the pid namespace.
        pid: Process id.
        start_ticks: Start of the process, in clock ticks since boot.
        host: Name of the machine or container, to tell people.
    """

    boot_id: str
    pid_ns: int
    pid: int
    start_ticks: int
    host: str = ""

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Return the identity of a process that is alive (or a zombie) now.

        Raises:
            ProcessLookupError: There is no such process.
        """
        _, start_ticks = _state_and_start(pid)
        return cls(boot_id(), _pid_namespace(), pid, start_ticks, os.uname().nodename)

    @classmethod
    def own(cls) -> ProcessIdentity:
        """Return the identity of the calling process."""
        return cls.of(os.getpid())

    @property
    def here(self) -> bool:
        """Whether this pid can be looked up: it is of this boot of this machine and of this process's pid namespace."""
        return self.boot_id == boot_id() and self.pid_ns == _pid_namespace()

    @property
    def place(self) -> str:
        """Where the process is, in words, seen from here."""
        name = f" ({self.host})" if self.host else ""
        if self.here:
            return f"pid {self.pid}"
        kind = "another container" if self.boot_id == boot_id() else "another machine or container"
        return f"pid {self.pid} of {kind}{name}"

    def alive(self) -> bool:
        """Return whether exactly this process still runs, as far as it can be looked up; a zombie is dead."""
        return self._state() not in ("", "Z", "X")

    def stopped(self) -> bool:
        """Return whether this process is stopped (by SIGSTOP or a debugger)."""
        return self._state() in ("T", "t")

    def _state(self) -> str:
        """Return the state letter of exactly this process, empty where it is gone or elsewhere."""
        if not self.here:
            return ""
        try:
            state, start_ticks = _state_and_start(self.pid)
        except ProcessLookupError:
            return ""
        return state if start_ticks == self.start_ticks else ""

    def signal(self, number: int) -> bool:
        """Signal exactly this process, never another that got its pid.

        Args:
            number: The signal.

        Returns:
            Whether it was delivered (``False``: the process is gone).

        Raises:
            PermissionError: The process belongs to another user.
        """
        try:
            descriptor = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else None
        except ProcessLookupError:
            return False
        except OSError as error:
            if error.errno not in (errno.ENOSYS, errno.EPERM, errno.EINVAL):
                raise
            descriptor = None
        try:
            if not self.alive():  # checked only now: the descriptor pins the process
                return False
            if descriptor is None:
                os.kill(self.pid, number)
            else:
                signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        finally:
            if descriptor is not None:
                os.close(descriptor)
        return True


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return the id of this boot of the machine (empty where the system has none)."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _pid_namespace() -> int:
    try:
        return Path("/proc/self/ns/pid").stat().st_ino
    except OSError:
        return 0


def _state_and_start(pid: int) -> tuple[str, int]:
    """Return a process's state letter and its start time in ticks.

    Raises:
        ProcessLookupError: There is no such process.
    """
    if not _LINUX:
        return _state_and_start_elsewhere(pid)
    try:
        fields = stat_fields(proc_name(pid))
    except (FileNotFoundError, ProcessLookupError):
        raise ProcessLookupError(errno.ESRCH, "No such process", str(pid)) from None
    return fields[0].decode("ascii"), int(fields[19])


def _state_and_start_elsewhere(pid: int) -> tuple[str, int]:
    import psutil

    try:
        process = psutil.Process(pid)
        state = {psutil.STATUS_ZOMBIE: "Z", psutil.STATUS_STOPPED: "T"}.get(process.status(), "R")
        return state, int(process.create_time() * 100)
    except psutil.Error:
        raise ProcessLookupError(errno.ESRCH, "No such process", str(pid)) from None
