"""``python -m gym_gui.rpc.shared_main HOME MARK``: the telemetry proxies of many runs, named by the daemon on stdin.

Each line of stdin is the path of a run's folder. Each line of stdout names a run whose proxy has ended here. MARK is
the file descriptor of a :class:`~gym_gui.proxy.TurnMark`, which names the run that has its turn. The process ends with
its last run once stdin is closed; until then it waits for further ones. It outlives the daemon.
"""

from __future__ import annotations

import contextlib
import logging
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import TextIO, cast

from gym_gui.config.settings import get_setting
from gym_gui.core.regular_files import append_or_discard
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.components.proxy import LOG_PROXY_FAILED, LOG_PROXY_LOCKED_OUT, LOG_PROXY_STOPPED
from gym_gui.logging_config.diagnostics import DirectStderr
from gym_gui.logging_config.formatter import JsonLinesFormatter
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.setup import configure_logging
from gym_gui.proxy import EXIT_LOCKED, Proxy, SharedProxies, TurnMark, most_open_files
from gym_gui.rpc.reporter import DaemonLine, DaemonReporter
from gym_gui.runs import RunFolder
from gym_gui.supervision import ObservedClock

logger = logging.getLogger(__name__)

#: Seconds for the delivery of the last reports.
_CLOSE_S = 5.0
_READ = 1 << 16


class _RunLog(DirectStderr):
    """Writes to the proxy log of the run whose turn it is, or to stderr outside of turns."""

    def __init__(self) -> None:
        super().__init__()
        self.folder: Path | None = None

    def write(self, text: str) -> int:
        folder = self.folder  # once: another thread may write while the turn ends
        if folder is None:
            return super().write(text)
        with contextlib.suppress(OSError):
            descriptor = append_or_discard(RunFolder(folder).proxy_log)
            try:
                os.write(descriptor, text.encode("utf-8", "backslashreplace"))
            finally:
                os.close(descriptor)
        return len(text)


class _Process:
    """This process: what it reads, what it prints, and the proxies.

    Args:
        home: The home of its runs.
        mark: Says which run has its turn.
    """

    def __init__(self, home: Path, mark: TurnMark) -> None:
        self._mark = mark
        self._line = DaemonLine(home)
        self._log = _RunLog()
        self._formatter = JsonLinesFormatter()
        self._clock = ObservedClock()
        self._proxies = SharedProxies(self._clock, self._turns_to, self._ended)
        self._read = b""
        self._to_print = b""
        """What is to be written to stdout, which takes as much as the daemon reads."""
        self._open = True
        """More runs may come."""

    def run(self) -> None:
        """Work until nothing is left to do."""
        handler = configure_logging(str(get_setting("log_level")), stream=cast("TextIO", self._log))
        handler.setFormatter(self._formatter)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._drain())
        os.set_blocking(1, False)
        while self._open or len(self._proxies):
            wait_s = self._proxies.turn()
            self._mark.set("")
            self._log.folder = None
            self._formatter.context = {}
            self._tell()
            self._take(wait_s)
        self._line.close(_CLOSE_S)

    def _take(self, wait_s: float) -> None:
        """Wait so long for runs, and take in those that come."""
        if not select.select([0] if self._open else [], [], [], wait_s)[0]:
            return
        data = os.read(0, _READ)
        self._open = self._open and bool(data)
        *lines, self._read = (self._read + data).split(b"\n")
        for line in lines:
            folder = RunFolder(Path(os.fsdecode(line)))
            if folder.run_id in self._proxies:  # its place on the line is that proxy's
                continue
            reporter = DaemonReporter(folder, self._line)
            self._proxies.add(Proxy(folder, reporter, clock=self._clock, watching_logs=False))

    def _turns_to(self, folder: Path) -> None:
        self._mark.set(folder.name)
        self._log.folder = folder
        self._formatter.context = {"run_id": folder.name}

    def _ended(self, run_id: str, outcome: int | Exception) -> None:
        values = {"run_id": run_id}
        if isinstance(outcome, int):
            ended = LOG_PROXY_LOCKED_OUT if outcome == EXIT_LOCKED else LOG_PROXY_STOPPED
            log_constant(logger, ended, extra={**values, "exit": outcome})
        elif isinstance(outcome, (MosaicError, OSError)):
            log_constant(logger, LOG_PROXY_FAILED, message=str(outcome), extra=values)
        else:
            log_constant(logger, LOG_PROXY_FAILED, extra=values, exc_info=outcome)
        self._to_print += f"{run_id}\n".encode()

    def _tell(self) -> None:
        if self._to_print:
            try:
                self._to_print = self._to_print[os.write(1, self._to_print) :]
            except BlockingIOError:
                pass
            except OSError:  # the daemon is gone
                self._to_print = b""

    def _drain(self) -> None:
        self._open = False
        self._proxies.drain()


def main() -> int:
    """Run until nothing is left to do; return the exit code."""
    if len(sys.argv) != 3:
        sys.stderr.write("usage: python -m gym_gui.rpc.shared_main HOME MARK\n")
        return 2
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most_open_files(most)
    with contextlib.suppress(OSError, ValueError):
        if 0 <= now < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    _Process(Path(sys.argv[1]), TurnMark(int(sys.argv[2]))).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
