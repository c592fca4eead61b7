"""The dashboard: how long until it answers, until rows and curves are seen, and what it weighs; others beside it.

``python -m benchmarks.web [--tiny] [--rounds N]``, with Debian's chromium and playwright. Each page is opened in a
fresh browser profile of 1366 by 768 pixels; "work" is CPU seconds of the page's main thread and of the server with its
processes. The dashboards of `benchmarks.peers` show the same runs in the same hour; a tiny run leaves them out.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from benchmarks import dashboards, harness, live
from benchmarks.many_lines import hover
from benchmarks.registry import synthetic
from benchmarks.visits import Visit, dashboard
from gym_gui.rpc import start_daemon, stop_daemon

#: First row's goals in seconds, by number of runs.
GOALS = {10: 0.4, 1_000: 0.5, 10_000: 0.6}
_IDLE_S = 20.0
#: From so many runs on, all of them are drawn in one chart.
_MANY = 1_000


def of_home(runs: int, rounds: int) -> dict[str, float]:
    """Return the figures of a home with so many ended runs."""
    home = Path(tempfile.mkdtemp(prefix="mosaic-bench-"))
    try:
        synthetic(home, runs)
        start_daemon(home)
        with sync_playwright() as started, dashboard(home) as (address, server, answered):
            browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            visit = Visit(browser, address, server)
            visit("/", "tbody tr")
            lists = [visit("/?group=none", "tbody tr") for _ in range(rounds)]
            memory = live.resident_mb(server)
            run_id = sorted(path.name for path in (home / "runs").iterdir() if not path.name.startswith("."))[-1]
            lines = hover(browser, address) if runs >= _MANY else {}
            curves = [visit(f"/runs/{run_id}", "canvas") for _ in range(rounds)]
            browser.close()
            time.sleep(1.0)
            idle = live.cpu_seconds(server)
            time.sleep(_IDLE_S)
            idle = (live.cpu_seconds(server) - idle) / _IDLE_S
            after_charts = live.resident_mb(server)
    finally:
        stop_daemon(home)
        shutil.rmtree(home, ignore_errors=True)
    return {
        **{f"lines_{name}": value for name, value in lines.items()},
        "answered": answered, "memory": memory, "memory_after_charts": after_charts, "idle": idle,
        **{f"list_{name}": statistics.median(each[name] for each in lists) for name in lists[0]},
        **{f"run_{name}": statistics.median(each[name] for each in curves) for name in curves[0]},
    }  # fmt: skip


def main() -> None:
    """Measure, and print the figures."""
    options = harness.arguments("Pages of the dashboard.", rounds=3)
    if shutil.which("chromium") is None:
        sys.stdout.write("no browser: apt install chromium\n")
        return
    os.environ |= {"MOSAIC_DAEMON_PORT": "0", "MOSAIC_LOG_LEVEL": "WARNING"}
    names = [] if options.tiny else dashboards.installed()
    compared = dashboards.compare(((3, 50),) if options.tiny else dashboards.SIZES, options.rounds, names)
    sizes = (10,) if options.tiny else tuple(GOALS)
    found = {runs: of_home(runs, options.rounds) for runs in sizes}
    ratios = []
    for runs, figures in found.items():
        ratios += [
            harness.Ratio(f"s, list page to its first row, {runs:,} runs", figures["list_seconds"], GOALS[runs]),
            harness.Ratio(f"s, run page to its curve, {runs:,} runs", figures["run_seconds"], 0.5),
        ]
    if _MANY in found:
        lines = found[_MANY]
        ratios += [
            harness.Ratio("ms, longest task while 1,000 lines are drawn", lines["lines_drawn"], 100),
            harness.Ratio("ms, longest task while hovering over 1,000 lines", lines["lines_longest"], 100),
            harness.Ratio("ms, worst frame while hovering over 1,000 lines", lines["lines_worst"], 50),
            harness.Ratio("ms, 1,000 runs regrouped with IQM and bootstrap", lines["lines_regrouped"], 300),
            harness.Ratio("MB of JavaScript heap at 1,000 lines", lines["lines_heap"] / 1e6, 60),
            harness.Ratio("nodes at 1,000 lines", lines["lines_nodes"], 5_000),
        ]
    shown = found[1_000 if 1_000 in found else sizes[-1]]
    ratios += [
        harness.Ratio("s, mosaic web until it answers", shown["answered"], 0.5),
        harness.Ratio("MB of the web server", shown["memory"], 80),
        harness.Ratio("share of a core without viewers", shown["idle"], 0.001),
        harness.Ratio("s of CPU, list page to its first row, page and server", shown["list_work"], 0.3),
        harness.Ratio("requests of the list page", shown["list_requests"], 12),
        harness.Ratio("KB of the list page with all its files", shown["list_bytes"] / 1024, 250),
    ]
    ratios += dashboards.beside(compared)
    details = {"peers": compared, **{str(runs): figures for runs, figures in found.items()}}
    harness.report("web", ratios, tiny=options.tiny, details=details)


if __name__ == "__main__":
    main()
