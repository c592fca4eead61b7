"""The window: how long until it is shown, what it weighs, what it costs when idle, and how long it is ever blocked.

``python -m benchmarks.gui [--tiny] [--rounds N]``, drawn without a screen (Qt's offscreen platform).
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import harness, live
from benchmarks.registry import synthetic

MOSAIC = Path(sys.executable).parent / "mosaic"
_IDLE_S = 6.0
#: Milliseconds between two ticks of the clock that tells how long the window was blocked.
_TICK_MS = 4


def started(home: Path) -> dict[str, float]:
    """Start ``mosaic gui``; return seconds until it is shown, CPU seconds until then, memory, and CPU when idle."""
    environment = {**os.environ, "MOSAIC_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    began = time.perf_counter()
    process = subprocess.Popen([MOSAIC, "gui", "--json"], env=environment, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        shown, work = time.perf_counter() - began, live.cpu_seconds(process.pid)
        time.sleep(3.0)
        before = live.cpu_seconds(process.pid)
        time.sleep(_IDLE_S)
        idle = (live.cpu_seconds(process.pid) - before) / _IDLE_S
        return {"shown": shown, "work": work, "memory": live.resident_mb(process.pid), "idle": idle}
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def watched(home: Path, run_id: str, seconds: float) -> dict[str, float]:
    """Open the window and a run in a process of its own; return its longest block, CPU share, memory."""
    words = [sys.executable, "-m", "benchmarks.gui", "--watch", str(home), run_id, str(seconds)]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def watch(home: Path, run_id: str, seconds: float) -> None:
    """Be that process: show the list and every tab of the run in turn, print the figures."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from gym_gui.rpc import AsyncTrainerClient
    from gym_gui.ui.link import DaemonLink
    from gym_gui.ui.main_window import MainWindow
    from gym_gui.ui.start import freeze_garbage

    application = QApplication(["mosaic"])
    window = MainWindow(DaemonLink(lambda: AsyncTrainerClient.connect(home)), "here", home)
    window.ready.connect(freeze_garbage)
    window.show()
    window.start()
    while "gym_gui.ui.run.page" not in sys.modules:
        application.processEvents()
    page: Any = window.open_run(run_id)
    gaps: list[float] = []
    works: list[float] = []
    last = [0.0, 0.0]

    def tick() -> None:
        now = (time.perf_counter(), time.thread_time())
        gaps.append(now[0] - last[0])
        works.append(now[1] - last[1])
        last[:] = now

    clock, turning = QTimer(), QTimer()
    clock.setInterval(_TICK_MS)
    clock.timeout.connect(tick)
    turning.setInterval(700)
    turning.timeout.connect(lambda: page.tabs.setCurrentIndex((page.tabs.currentIndex() + 1) % page.tabs.count()))

    # What is imported and made at first is the start, which is measured by itself.
    def begin() -> None:
        last[:] = time.perf_counter(), time.thread_time()
        clock.start()
        turning.start()

    QTimer.singleShot(2500, begin)
    QTimer.singleShot(2500 + round(seconds * 1000), application.quit)
    before = time.process_time()
    application.exec()
    work = time.process_time() - before
    gaps.sort()
    works.sort()
    figures = {
        "longest": gaps[-1], "longest_work": works[-1], "p99": gaps[len(gaps) * 99 // 100],
        "share": work / (seconds + 2.5), "memory": live.resident_mb(os.getpid()),
    }  # fmt: skip
    window.close()
    sys.stdout.write(json.dumps(figures))


def main() -> None:
    """Measure, and print the figures."""
    if sys.argv[1:2] == ["--watch"]:
        watch(Path(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
        return
    options = harness.arguments("The window.", rounds=3)
    runs, rate, seconds = (20, 2_000.0, 2.0) if options.tiny else (10_000, 20_000.0, 15.0)
    with live.daemon(lambda home: synthetic(home, runs)) as (home, client):
        starts = [started(home) for _ in range(options.rounds)]
        run_id = client.submit(live.load("episodes", int(rate * (seconds + 15)), rate=rate))
        busy = watched(home, run_id, seconds)
        client.cancel(run_id, wait=True)
    median = {name: statistics.median(each[name] for each in starts) for name in starts[0]}
    harness.report(
        "gui",
        [
            harness.Ratio("s, mosaic gui until it is shown", median["shown"], 1.5),
            harness.Ratio("s of CPU until it is shown", median["work"], 1.5),
            harness.Ratio(f"MB of the window with {runs:,} runs", median["memory"], 200),
            harness.Ratio("share of a core when nothing changes", median["idle"], 0.02),
            harness.Ratio(f"s, longest block at {rate:,.0f} events/s, {runs:,} runs", busy["longest"], 0.05),
            harness.Ratio("s of CPU, longest piece of work of the window's thread then", busy["longest_work"], 0.05),
            harness.Ratio("MB of the window then", busy["memory"], 200),
        ],
        tiny=options.tiny,
        details={"starts": starts, "busy": busy},
    )


if __name__ == "__main__":
    main()
