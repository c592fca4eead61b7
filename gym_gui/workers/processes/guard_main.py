"""Runs one program and ends it with all its descendants once its owner is gone. Standard library alone.

``python -I -S guard_main.py OWNER STATUS LOCK PROGRAM [ARGUMENT...]``: descriptors of a pipe that the owner keeps open,
of one that takes the error of a program that cannot be started, and of a lock (-1: none). The program inherits none of
them, so that a descendant that outlives it holds no lock.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_POLL_S = 0.02


def main() -> None:
    owner, status, lock = (int(word) for word in sys.argv[1:4])
    argv = sys.argv[4:]
    for descriptor in (owner, status, lock):
        if descriptor >= 0:
            os.set_inheritable(descriptor, False)
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the whole group gets it; this ends when the program has
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    wake, woken = os.pipe()
    for descriptor in (wake, woken):
        os.set_blocking(descriptor, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    me = os.getpid()
    child = os.fork()
    if child == 0:
        _become(argv, me, libc, status)
    os.close(status)
    code = _wait(child, owner, wake)
    _end_all()
    if code is not None and code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(me, -code)
        time.sleep(1.0)
    os._exit(1 if code is None else code)


def _become(argv: list[str], parent: int, libc: ctypes.CDLL, status: int) -> NoReturn:
    """Replace this process by the program."""
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(argv[0], argv)  # noqa: S606 - no shell is wanted
    except OSError as error:
        os.write(status, str(error.errno or 0).encode())
    os._exit(127)


def _wait(child: int, owner: int, wake: int) -> int | None:
    """Return the program's exit code, negative for a signal; ``None`` if the owner closed its pipe."""
    while True:
        ready, _, _ = select.select([owner, wake], [], [], 1.0)
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        while True:
            try:
                pid, ended = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid == child:
                return os.waitstatus_to_exitcode(ended)
            if pid == 0:
                break
        if owner in ready and not os.read(owner, 1):
            return None


def _end_all() -> None:
    """Kill all descendants: as this is a subreaper, orphans become its children."""
    deadline = time.monotonic() + 10.0
    while time.monotonic() < deadline:
        left = _descendants(os.getpid())
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(_POLL_S)


def _descendants(ancestor: int) -> list[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parents[int(folder.name)] = int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
    found: list[int] = []
    layer = {ancestor}
    while layer:
        layer = {pid for pid, parent in parents.items() if parent in layer}
        found += layer
    return found


if __name__ == "__main__":
    main()
