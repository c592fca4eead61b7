"""Programs with all that they start: here for real, on Windows as far as that can be tested without it."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from gym_gui.fleet.agent import file_lock, process_tree
from gym_gui.fleet.agent.file_lock import inherited, is_held, try_lock
from gym_gui.fleet.agent.process_tree import (
    EarlierProcess,
    ask_to_end,
    end_tree,
    group_options,
    kill_tree,
    process_identity,
)
from gym_gui.fleet.agent.windows_system import FileTime, memory_status, process_started, processor_times

#: Starts a child that outlives it, and does as it is asked.
PARENT = """
import signal, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
if sys.argv[1] == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.process
@pytest.mark.parametrize("kind", ["obedient", "stubborn"])
def test_a_program_ends_with_all_that_it_started(kind: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", PARENT, kind], stdout=subprocess.PIPE, **group_options())
    assert process.stdout is not None
    child = int(process.stdout.readline())
    earlier = EarlierProcess(child, process_identity(child))
    assert earlier.alive
    assert not EarlierProcess(child, "another boot").alive
    assert end_tree(process, 0.5 if kind == "stubborn" else 30.0) == (-9 if kind == "stubborn" else -15)
    process.stdout.close()
    eventually(lambda: not earlier.alive, "its child has ended")
    assert not kill_tree(1 << 22), "above every pid"
    assert not ask_to_end(1 << 22)


def test_windows_gets_a_group_of_its_own_and_is_killed_by_taskkill(monkeypatch: pytest.MonkeyPatch) -> None:
    assert group_options(windows=True) == {"creationflags": 0x200}
    ran: list[list[str]] = []

    def run(command: list[str], **_: Any) -> Any:
        ran.append(command)
        return types.SimpleNamespace(returncode=0)

    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(process_tree.subprocess, "run", run)
    monkeypatch.setattr(process_tree.os, "kill", lambda *words: sent.append(words))
    monkeypatch.delattr(process_tree.os, "killpg")
    assert kill_tree(4711, windows=True)
    assert ran == [["taskkill", "/T", "/F", "/PID", "4711"]]
    assert ask_to_end(4711, windows=True)
    assert sent == [(4711, 1)]  # CTRL_BREAK_EVENT


def test_a_file_that_a_process_has_open_is_held_on_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock"
    assert not is_held(path, windows=True), "there is none"
    path.touch()
    assert not is_held(path, windows=True)

    def refuse(*_: Any) -> None:
        raise PermissionError(32, "The process cannot access the file because it is being used by another process")

    monkeypatch.setattr(file_lock.os, "rename", refuse)
    assert is_held(path, windows=True)


def test_a_program_of_windows_inherits_the_handle_of_its_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    inheritable: list[tuple[int, bool]] = []
    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(get_osfhandle=lambda descriptor: descriptor + 100))
    monkeypatch.setattr(file_lock.os, "set_handle_inheritable", lambda *words: inheritable.append(words), raising=False)
    startup = types.SimpleNamespace
    monkeypatch.setattr(file_lock.subprocess, "STARTUPINFO", startup, raising=False)
    assert inherited(7, windows=True) == {
        "startupinfo": startup(lpAttributeList={"handle_list": [107]}),
        "close_fds": False,
    }
    assert inheritable == [(107, True)]


@pytest.mark.process
def test_the_modules_load_where_there_is_nothing_of_posix() -> None:
    """As on Windows: no fcntl, no process groups, no signals but those that every system has."""
    program = """if True:
        import os, signal, sys
        sys.modules["fcntl"] = sys.modules["resource"] = sys.modules["pwd"] = None
        for name in ("getpgid", "killpg", "setsid", "fork", "getuid", "sysconf", "getloadavg"):
            delattr(os, name)
        for name in [each for each in dir(signal) if each.startswith("SIG")]:
            if name not in ("SIGTERM", "SIGINT", "SIGABRT", "SIGSEGV", "SIGILL", "SIGFPE", "SIG_DFL", "SIG_IGN"):
                delattr(signal, name)
        del signal.pthread_sigmask
        from gym_gui.fleet.agent import main, worker_agent, processes
        print(main.run_agent(["--server", ""]))
    """
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "1\n"


def test_locks_of_windows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[int, int, int]] = []

    def locking(descriptor: int, mode: int, count: int) -> None:
        if taken:
            raise PermissionError(13, "Permission denied")
        taken.append((os.lseek(descriptor, 0, os.SEEK_CUR), mode, count))

    monkeypatch.setitem(sys.modules, "msvcrt", types.SimpleNamespace(locking=locking, LK_NBLCK=2))  # type: ignore[arg-type]
    with (tmp_path / "lock").open("ab") as lock:
        lock.write(b"x")
        lock.flush()
        assert try_lock(lock.fileno(), windows=True)
        assert not try_lock(lock.fileno(), windows=True)
    assert taken == [(0, 2, 1)]


class FakeKernel:
    """What Windows' library answers."""

    code = 259
    handle: int | None = 12
    closed: list[int] = []  # noqa: RUF012

    def GetSystemTimes(self, idle: Any, kernel: Any, user: Any) -> int:
        for each, value in ((idle, 1 << 33), (kernel, (1 << 33) + 500), (user, 250)):
            each._obj.low, each._obj.high = value & 0xFFFFFFFF, value >> 32
        return 1

    def GlobalMemoryStatusEx(self, status: Any) -> int:
        assert status._obj.length == ctypes.sizeof(type(status._obj)) == 64
        status._obj.total, status._obj.available = 8 << 30, 3 << 30
        return 1

    def OpenProcess(self, rights: int, inherit: bool, pid: int) -> int | None:
        assert (rights, inherit) == (0x1000, False)
        return self.handle

    def GetExitCodeProcess(self, handle: int, code: Any) -> int:
        code._obj.value = self.code
        return 1

    def GetProcessTimes(self, handle: int, created: Any, *_: Any) -> int:
        created._obj.low = 77
        return 1

    def CloseHandle(self, handle: int) -> None:
        self.closed.append(handle)


def test_what_windows_says_of_itself() -> None:
    kernel = FakeKernel()
    assert processor_times(kernel) == (750, (1 << 33) + 750)
    assert memory_status(kernel) == (8 << 30, 3 << 30)
    assert process_started(5, kernel) == 77
    kernel.code = 1
    assert process_started(5, kernel) is None
    assert kernel.closed == [12, 12]
    kernel.handle = None
    assert process_started(5, kernel) is None
    assert FileTime(1, 1).ticks == (1 << 32) + 1


def test_elsewhere_windows_says_nothing() -> None:
    assert (processor_times(), memory_status(), process_started(os.getpid())) == (None, None, None)
