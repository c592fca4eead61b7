"""The dashboard: how long until it answers, until rows and curves are seen, and what it weighs.

``python -m benchmarks.web [--tiny] [--rounds N]``, with Debian's chromium and playwright. Each page is opened in a
fresh browser profile of 1366 by 768 pixels; "work" is CPU seconds of the page's main thread and of the server.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import harness, live
from benchmarks.registry import synthetic
from gym_gui.rpc import start_daemon, stop_daemon

MOSAIC = Path(sys.executable).parent / "mosaic"
#: First row's goals in seconds, by number of runs.
GOALS = {10: 0.4, 1_000: 0.5, 10_000: 0.6}
_IDLE_S = 5.0


@contextmanager
def dashboard(home: Path) -> Iterator[tuple[str, int, float]]:
    """Start ``mosaic web``; give its address, its process id, and how long it took to answer, seconds."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [MOSAIC, "web", "--port", "0", "--json"],
        env={**os.environ, "MOSAIC_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    text = ""
    while "}" not in text:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError("mosaic web has ended")
        text += line
    address = json.loads(text)["address"]
    while True:
        try:
            urllib.request.urlopen(address.split("#")[0], timeout=5).read()
            break
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.005)
    try:
        yield address, process.pid, time.perf_counter() - began
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        process.stdout.close()


class Visit:
    """One page in a fresh browser, from the first request until something is seen."""

    def __init__(self, browser: Any, address: str, server: int) -> None:
        self._browser, self._server = browser, server
        self._origin, self._token = address.split("/#token=")

    def __call__(self, path: str, selector: str) -> dict[str, float]:
        """Open a page and wait for what the selector names; return seconds, requests and bytes until then."""
        context = self._browser.new_context(viewport={"width": 1366, "height": 768})
        context.request.post(f"{self._origin}/api/v1/login", data={"token": self._token})
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        for domain in ("Network", "Performance"):
            devtools.send(f"{domain}.enable")
        seen: dict[str, float] = {"requests": 0, "bytes": 0}
        devtools.on("Network.requestWillBeSent", lambda _: seen.update(requests=seen["requests"] + 1))
        devtools.on(
            "Network.loadingFinished", lambda event: seen.update(bytes=seen["bytes"] + event["encodedDataLength"])
        )
        before = live.cpu_seconds(self._server)
        began = time.perf_counter()
        page.goto(self._origin + path, wait_until="commit")
        page.wait_for_selector(selector, state="attached")
        seconds = time.perf_counter() - began
        work = live.cpu_seconds(self._server) - before
        metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
        found = {
            "seconds": seconds, "work": work + metrics["TaskDuration"], **seen,
            "heap": metrics["JSHeapUsedSize"], "nodes": metrics["Nodes"],
        }  # fmt: skip
        context.close()
        return found


def of_home(runs: int, rounds: int) -> dict[str, float]:
    """Return the figures of a home with so many ended runs."""
    from playwright.sync_api import sync_playwright

    home = Path(tempfile.mkdtemp(prefix="mosaic-bench-"))
    try:
        synthetic(home, runs)
        start_daemon(home)
        with sync_playwright() as started, dashboard(home) as (address, server, answered):
            browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            visit = Visit(browser, address, server)
            visit("/", "tbody tr")
            lists = [visit("/?group=none", "tbody tr") for _ in range(rounds)]
            run_id = sorted(path.name for path in (home / "runs").iterdir() if not path.name.startswith("."))[-1]
            curves = [visit(f"/runs/{run_id}", "canvas") for _ in range(rounds)]
            browser.close()
            time.sleep(1.0)
            idle = live.cpu_seconds(server)
            time.sleep(_IDLE_S)
            idle = (live.cpu_seconds(server) - idle) / _IDLE_S
            memory = next(
                int(line.split()[1]) / 1024
                for line in Path(f"/proc/{server}/status").read_text().splitlines()
                if line.startswith("VmRSS")
            )
    finally:
        stop_daemon(home)
        shutil.rmtree(home, ignore_errors=True)
    return {
        "answered": answered, "memory": memory, "idle": idle,
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
    sizes = (10,) if options.tiny else tuple(GOALS)
    found = {runs: of_home(runs, options.rounds) for runs in sizes}
    ratios = []
    for runs, figures in found.items():
        ratios += [
            harness.Ratio(f"s, list page to its first row, {runs:,} runs", figures["list_seconds"], GOALS[runs]),
            harness.Ratio(f"s, run page to its curve, {runs:,} runs", figures["run_seconds"], 0.5),
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
    harness.report("web", ratios, tiny=options.tiny, details={str(runs): figures for runs, figures in found.items()})


if __name__ == "__main__":
    main()
