"""A proxy process that has done its imports and waits for a run: starting one from nothing takes most of the time
between submission and a worker's start.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

from gym_gui.core.regular_files import append_or_discard
from gym_gui.runs import NEUTRAL_FOLDER, UTF8, RunFolder


def start_proxy(folder: RunFolder) -> subprocess.Popen[bytes]:
    """Start a proxy for a run; it outlives this process.

    Raises:
        OSError: It cannot be started.
    """
    with os.fdopen(append_or_discard(folder.proxy_log), "ab") as log:
        return _start(folder.path.parent.parent, [str(folder.path)], subprocess.DEVNULL, log)


class SpareProxy:
    """At most one waiting proxy. It ends when this process does without having given it a run.

    Args:
        home: The home whose runs it may get.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Start a waiting proxy, unless one waits already.

        Raises:
            OSError: It cannot be started.
        """
        if self._process is None or self._process.poll() is not None:
            self._process = _start(self._home, ["--spare"], subprocess.PIPE, None)

    def take(self, folder: RunFolder) -> subprocess.Popen[bytes] | None:
        """Give the waiting proxy a run, and return its process; ``None`` if none waits."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return None
        assert process.stdin is not None
        try:
            with process.stdin as pipe:
                pipe.write(os.fsencode(folder.path) + b"\n")
        except OSError:
            process.kill()
            process.wait()
            return None
        return process

    def close(self) -> None:
        """End the waiting proxy."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            with contextlib.suppress(OSError):
                process.stdin.close()
            process.kill()
            process.wait()


def _start(home: Path, arguments: list[str], stdin: int, log: IO[bytes] | None) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *UTF8, "-m", "gym_gui.rpc.proxy_main", *arguments],
        stdin=stdin,
        stdout=log if log is not None else subprocess.DEVNULL,
        stderr=log if log is not None else None,
        cwd=NEUTRAL_FOLDER,
        env={**os.environ, "MOSAIC_HOME": str(home)},
        start_new_session=True,
    )
