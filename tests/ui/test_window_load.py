"""The window stays usable: thousands of runs, a worker at full speed, a daemon that hangs and is killed; closing it.

``pytest tests/ui/test_window_load.py -m slow -s`` prints what it measures.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from many_runs import fill, load
from waiting import busy, eventually, processes_of

from gym_gui.rpc.aio_client import AsyncTrainerClient
from gym_gui.rpc.client import TrainerClient
from gym_gui.trainer.home import DaemonHome

RUNS, RATE = 10_000, 20_000.0
#: Seconds of the longest block: by the clock, on a quiet machine, and of the window's own work. The exact bound is
#: that of ``python -m benchmarks gui``; here it is large enough to hold on any machine.
CLOCK_S, WORK_S = 1.0, 0.5
#: Seconds that adding up so many numbers takes on a machine of the developers.
_SUMS, _SUM_S = 2_000_000, 0.05


class Watchdog:
    """Lets a window work, and measures the longest time that it does not react.

    Args:
        application: The application.
    """

    def __init__(self, application: Any) -> None:
        self._application = application
        self.clock, self.work = 0.0, 0.0

    def turn(self) -> None:
        """Let the window work once."""
        began = time.perf_counter(), time.thread_time()
        self._application.processEvents()
        self.clock = max(self.clock, time.perf_counter() - began[0])
        self.work = max(self.work, time.thread_time() - began[1])
        time.sleep(0.002)

    def until(self, condition: Callable[[], Any], what: str, within_s: float = 120.0) -> Any:
        """Let the window work until a condition holds."""
        end = time.monotonic() + within_s * busy()
        while not (found := condition()):
            assert time.monotonic() < end, f"not in time: {what}"
            self.turn()
        return found

    def rest(self, seconds: float) -> None:
        """Let the window work for a while."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end, "the time is over")


@pytest.fixture
def watchdog(application: Any) -> Watchdog:
    """Measures the application."""
    return Watchdog(application)


@pytest.fixture
def large_window(application: Any, daemon_home: Path) -> Iterator[Any]:
    """A window of a home with thousands of runs."""
    from gym_gui.ui.link import DaemonLink
    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.start import freeze_garbage

    fill(daemon_home, RUNS)
    made = MainWindow(DaemonLink(lambda: AsyncTrainerClient.connect(daemon_home)), "here", daemon_home)
    made.ready.connect(freeze_garbage)
    made.resize(1366, 768)
    made.show()
    made.start()
    yield made
    made.close()
    application.processEvents()


def slower() -> float:
    """Return how many times slower this machine computes than one of the developers; 1 at least."""
    began = time.thread_time()
    sum(range(_SUMS))
    return max(1.0, (time.thread_time() - began) / _SUM_S)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_blocks_the_window(
    large_window: Any, watchdog: Watchdog, daemon_home: Path, client: TrainerClient
) -> None:
    window, runs = large_window, large_window.runs
    watchdog.until(lambda: runs.model.total == RUNS, "all runs are found")
    run_id = client.submit(load(10**9, RATE))
    page = window.open_run(run_id)
    watchdog.until(lambda: page.run is not None and page.run.steps > 0, "the run is shown")
    watchdog.rest(2.0)  # what is imported and made at first is the start, which the benchmark measures
    watchdog.clock = watchdog.work = 0.0

    def use(seconds: float = 4.0) -> None:
        for at in range(page.tabs.count()):
            page.tabs.setCurrentIndex(at)
            runs.table.verticalScrollBar().setValue(runs.table.verticalScrollBar().maximum() * (at % 2))
            watchdog.rest(seconds / page.tabs.count())

    use()
    for name in ("every run", "by worker", "seeds folded"):
        runs.group.setCurrentText(name)
        runs.group.activated.emit(runs.group.currentIndex())
        watchdog.rest(1.0)
    runs.query.setText("return>400")
    watchdog.until(lambda: 0 < runs.model.total < RUNS, "the query is answered")
    runs.query.setText("")
    watchdog.until(lambda: runs.model.total > RUNS, "all runs are back")
    daemon = DaemonHome(daemon_home).daemon()
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGSTOP)
    try:
        use()
    finally:
        os.kill(daemon.pid, signal.SIGCONT)
    watchdog.rest(1.0)
    steps = page.run.steps
    os.kill(daemon.pid, signal.SIGKILL)
    use()
    watchdog.until(lambda: page.run.steps > steps, "the window goes on with the next daemon")
    client.cancel(run_id, wait=True)
    watchdog.until(lambda: page.run.state.terminal, "the end is shown")
    print(f"longest block: {watchdog.clock * 1000:.0f} ms by the clock, {watchdog.work * 1000:.0f} ms of work")
    assert watchdog.work <= WORK_S * slower()
    assert watchdog.clock <= CLOCK_S * busy() * slower()


#: Opens a window on a home with everything under way, and closes it at once.
_SHORT_VISIT = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QTimer
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.ui.start import run_window
from gym_gui.ui import start
home, run_id, after_ms = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])

class Visit(start.MainWindow):
    def start(self):
        super().start()
        self.open_run(run_id)
        self.show_policies()
        self.runs.table.selectAll()
        for action in self.views.actions():
            action.trigger()
        self.forms.open("random")
        self.runs.query.setText("env:Ca")
        QTimer.singleShot(after_ms, self.close)

start.MainWindow = Visit
sys.exit(run_window(lambda: AsyncTrainerClient.connect(home), "here", home, dict))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_closing_amid_everything_leaves_no_process_and_no_traceback(
    daemon_home: Path, client: TrainerClient, endless: dict[str, Any], application: Any
) -> None:
    run_id = client.submit(endless)
    eventually(lambda: client.get(run_id).steps > 0, "the run is under way")
    before = processes_of(daemon_home).keys()

    def left() -> list[str]:
        return [
            words
            for pid, words in processes_of(daemon_home).items()
            if pid not in before and "gym_gui.rpc" not in words
        ]

    environment = {**os.environ, "MOSAIC_HOME": str(daemon_home), "QT_QPA_PLATFORM": "offscreen"}
    for at in range(20):
        words = [sys.executable, "-c", _SHORT_VISIT, str(daemon_home), run_id, str(at * 40)]
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, check=False, timeout=60 * busy()
        )  # fmt: skip
        said = [line for line in done.stderr.splitlines() if "This plugin does not support" not in line]
        assert (done.returncode, said) == (0, []), at
        eventually(lambda: not left(), f"no process of the window is left: {left()}")
    assert client.get(run_id).state.value == "running"
