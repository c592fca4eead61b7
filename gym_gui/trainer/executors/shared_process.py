"""A process of this machine with the supervisors of many runs, as the daemon sees it."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from gym_gui.core.regular_files import append_or_discard
from gym_gui.proxy import TurnMark, files_for_runs
from gym_gui.runs import NEUTRAL_FOLDER, UTF8, RunFolder
from gym_gui.supervision import ProxyProgress

#: Runs of one process at most: its death interrupts them all.
MOST_RUNS = 1000
#: Files that the runs of one process may have open together.
MOST_FILES = files_for_runs(resource.getrlimit(resource.RLIMIT_NOFILE)[1])
#: Seconds within which a process without runs has ended: its last reports are delivered, or given up.
END_S = 20.0
_READ = 1 << 16


@dataclass(frozen=True)
class SharedRun:
    """A run of a shared process."""

    since: float
    """When it was given to it, monotonic seconds."""
    files: int
    """How many files it has open at most."""


class SharedProcess:
    """A process with the supervisors of many runs; it outlives this one.

    Args:
        home: The home of its runs.
        most: Runs that it has at most.
        patience_s: For how long it may be busy with one thing, seconds; 0: for ever.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(self, home: Path, most: int, patience_s: float) -> None:
        self.most = most
        self.runs: dict[str, SharedRun] = {}
        """By id, the runs whose supervisors it has."""
        self.checked_at, self.still, self.hangs = float("-inf"), False, False
        """When it was last checked (monotonic seconds), whether it was stopped long ago, and whether one turn lasts."""
        self._hung_turn = ""
        self._progress = ProxyProgress(patience_s)
        (home / "logs").mkdir(mode=0o700, parents=True, exist_ok=True)
        self._mark = TurnMark.create()
        try:
            with os.fdopen(append_or_discard(home / "logs" / "shared-proxies.log"), "ab") as log:
                self._process = subprocess.Popen(
                    [sys.executable, *UTF8, "-m", "gym_gui.rpc.shared_main", str(home), str(self._mark.fileno())],
                    pass_fds=[self._mark.fileno()],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=log,
                    cwd=NEUTRAL_FOLDER,
                    env={**os.environ, "MOSAIC_HOME": str(home)},
                    start_new_session=True,
                    bufsize=0,
                )
        except BaseException:
            self._mark.close()
            raise
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for pipe in (self._process.stdin, self._process.stdout):  # it may be stopped or hang: the daemon must not
            os.set_blocking(pipe.fileno(), False)
        self._read = self._to_write = b""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it lives."""
        return self._process.poll() is None

    @property
    def turn(self) -> str:
        """The run that has its turn, or had it when the process died or was found to hang; empty: none."""
        return self._hung_turn or self._mark.run_id

    def check(self, now: float) -> bool:
        """Look whether it goes on with its work; return whether it does not for the first time.

        Args:
            now: Observed time, seconds.
        """
        if self.hangs:  # it is killed, whatever it does meanwhile
            return False
        self.hangs = self._progress.hangs(now, self._mark.read())
        if self.hangs:
            self._hung_turn = self._mark.run_id
        return self.hangs

    def has_room(self, files: int, most: int) -> bool:
        """Return whether it may have another run; one that has more files than it may have gets it to itself.

        Args:
            files: How many files that one has open at most.
            most: How many runs may be there with it, it included.
        """
        there = sum(run.files for run in self.runs.values())
        return len(self.runs) < min(most, self.most) and (not self.runs or there + files <= MOST_FILES)

    def add(self, folder: RunFolder, files: int) -> bool:
        """Give it a run; return whether it could be given.

        Args:
            folder: The run's folder.
            files: How many files it has open at most.
        """
        self._to_write += os.fsencode(folder.path) + b"\n"
        if not self._write():
            return False
        self.runs[folder.run_id] = SharedRun(time.monotonic(), files)
        return True

    def look(self) -> None:
        """Take note of the runs whose supervisors have ended, and give it those that it has not taken yet."""
        self._write()
        assert self._process.stdout is not None
        with contextlib.suppress(BlockingIOError, ValueError):
            while data := os.read(self._process.stdout.fileno(), _READ):
                *lines, self._read = (self._read + data).split(b"\n")
                for line in lines:
                    self.runs.pop(os.fsdecode(line), None)

    def kill(self) -> None:
        """End it at once; its runs' supervisors end with it."""
        self._process.kill()

    def close(self) -> None:
        """Give it no more runs, and wait until it has ended: it has no runs, or was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:  # stopped, or it hangs
            self.kill()
            self._process.wait()
        self._process.stdout.close()
        self._mark.close()

    def _write(self) -> bool:
        """Write what it takes now of that which is to be written; return whether it takes anything at all."""
        assert self._process.stdin is not None
        try:
            while self._to_write:
                self._to_write = self._to_write[os.write(self._process.stdin.fileno(), self._to_write) :]
        except BlockingIOError:
            pass
        except (OSError, ValueError):
            return False
        return True
