"""MOSAIC's dashboard as a process, and visits to pages in a real browser."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from benchmarks import live

MOSAIC = Path(sys.executable).parent / "mosaic"


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
    """One page in a fresh browser, from the first request until something is seen.

    Args:
        browser: Playwright's.
        address: Of a dashboard; MOSAIC's has its token behind ``/#token=``.
        server: Its process.
    """

    def __init__(self, browser: Any, address: str, server: int) -> None:
        self._browser, self._server = browser, server
        self._origin, _, self._token = address.partition("/#token=")

    def __call__(self, path: str, selector: str) -> dict[str, float]:
        """Open a page and wait for what the selector names; return seconds, requests and bytes until then."""
        context = self._browser.new_context(viewport={"width": 1366, "height": 768})
        if self._token:
            context.request.post(f"{self._origin}/api/v1/login", data={"token": self._token})
        page = context.new_page()
        devtools = context.new_cdp_session(page)
        devtools.send("Network.enable")
        # The CPU time of its tasks: by the clock they would be longer whenever another process has the core.
        devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
        seen: dict[str, float] = {"requests": 0, "bytes": 0}
        devtools.on("Network.requestWillBeSent", lambda _: seen.update(requests=seen["requests"] + 1))
        devtools.on(
            "Network.loadingFinished", lambda event: seen.update(bytes=seen["bytes"] + event["encodedDataLength"])
        )
        before = used(self._server)
        began = time.perf_counter()
        page.goto(self._origin + path, wait_until="commit")
        page.wait_for_selector(selector, state="attached", timeout=120_000)
        seconds = time.perf_counter() - began
        work = used(self._server) - before
        metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
        found = {
            "seconds": seconds, "work": work + metrics["TaskDuration"], **seen,
            "heap": metrics["JSHeapUsedSize"], "nodes": metrics["Nodes"],
        }  # fmt: skip
        context.close()
        return found


def used(server: int) -> float:
    """Return the CPU seconds that a server and the processes it has started have used."""
    process = psutil.Process(server)
    return live.cpu_seconds(server) + sum(live.cpu_seconds(each.pid) for each in process.children(recursive=True))
