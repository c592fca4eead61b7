"""The process of a study, and all that it starts."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_KEPT_LINES = 20
_KILL_S = 5.0
#: Environment variable by which a start of a study and all that it starts are found.
_MARK = "MOSAIC_STUDY_START"


class StudyProcess:
    """A study's process; its lines are handed on as they come.

    It stays in this process's group where that is the worker's own, so that one signal reaches both. What it leaves
    behind at its end is ended: a solver that runs on would take the memory that the next start needs.

    Args:
        command: Its words.
        folder: Where it runs.
        environment: Its environment variables.
        on_line: Called with each line of its output.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], on_line: Callable[[str], None]
    ) -> None:
        self._own_session = os.getpgrp() != os.getpid()
        mark = secrets.token_hex(16)
        self._mark = f"{_MARK}={mark}".encode()
        self._on_line = on_line
        self.last_lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, _MARK: mark},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=self._own_session,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, name="goliat-output", daemon=True)
        self._reader.start()

    def wait(self, seconds: float) -> int | None:
        """Wait for the end.

        Args:
            seconds: As long as this.

        Returns:
            The exit code; ``None``: it lives on.
        """
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._end_rest()
        self._reader.join(_KILL_S)
        return code

    def end(self, grace_s: float) -> int:
        """End the process and those that it started: by SIGTERM, and after a grace by SIGKILL.

        Args:
            grace_s: Seconds that it has to end by itself.

        Returns:
            Its exit code.
        """
        for number, patience in ((signal.SIGTERM, grace_s), (signal.SIGKILL, _KILL_S)):
            self._signal(number)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                code = self.wait(min(0.2, patience))
                if code is not None:
                    return code
        return self._process.wait()

    def _end_rest(self) -> None:
        """End what the study started and left behind, where the system shows it (Linux)."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            for pid in self._rest():
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            deadline = time.monotonic() + _KILL_S
            while self._rest() and time.monotonic() < deadline:
                time.sleep(0.05)

    def _rest(self) -> list[int]:
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):  # of another user, or just ended
                if self._mark in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
        return found

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if self._own_session:
                os.killpg(self.pid, number)
            elif number == signal.SIGKILL:
                self._process.kill()
            else:
                before = signal.signal(number, signal.SIG_IGN)  # the group is this process's own, too
                os.killpg(os.getpgrp(), number)
                signal.signal(number, before)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                self.last_lines.append(text[:2000])
                self._on_line(text)
