"""The dashboard under load, by its real processes: fast workers, many runs, a killed daemon, a browser that stalls.

``pytest tests/web/test_under_load.py -m slow`` prints what it measures with ``-s``.
"""

from __future__ import annotations

import os
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from many_runs import fill, load
from waiting import busy, eventually

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder
from gym_gui.telemetry import RunReader

pytestmark = pytest.mark.slow
EVENTS, RATE = 200_000, 20_000.0
#: Collects the durations of what keeps a page from reacting, milliseconds.
WATCH_TASKS = """() => {
  window.longTasks = [];
  new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map((each) => each.duration)))
    .observe({entryTypes: ["longtask"]});
}"""


def cpu_per_event(home: Path, client: TrainerClient) -> tuple[str, Iterator[float]]:
    """Start a run at full rate; yields the proxy's CPU seconds per event once all are stored."""
    run_id = client.submit(load(EVENTS, RATE))

    def measured() -> Iterator[float]:
        proxy = psutil.Process(eventually(lambda: client.get(run_id).proxy_pid, "the proxy"))
        times = proxy.cpu_times()
        reader = RunReader(RunFolder.of(home, run_id))
        eventually(lambda: reader.ledger().stored >= EVENTS, "all events are stored", 300.0)
        now = proxy.cpu_times()
        yield (now.user + now.system - times.user - times.system) / EVENTS

    return run_id, measured()


def stream(address: str, query: str) -> socket.socket:
    """Open a stream of changes, and read no more of it than that it has begun."""
    origin, _, token = address.partition("/#token=")
    place = urlsplit(origin)
    opened = socket.create_connection(("127.0.0.1", place.port or 0))
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    head = f"GET /api/v1/live?{query} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\n\r\n"
    opened.sendall(head.encode())
    assert opened.recv(12) == b"HTTP/1.1 200"
    return opened


def shown_steps(page: Any) -> int:
    """Return the number of steps that a run's page shows."""
    found = re.search(r"([\d,]+)(?: of [\d,]+)? steps", page.inner_text("main"))
    return int(found[1].replace(",", "")) if found else 0


def longest_task(page: Any) -> float:
    """Return the longest task of a page since `WATCH_TASKS`, milliseconds; 0: none was longer than 50."""
    return float(page.evaluate("Math.max(0, ...window.longTasks)"))


@pytest.mark.timeout(1200)
def test_a_fast_worker_neither_stalls_the_page_nor_is_slowed(
    daemon_home: Path, client: TrainerClient, page: Any
) -> None:
    origin = page.evaluate("location.origin")
    alone, watched, longest = [], [], 0.0
    for _ in range(3):
        page.goto("about:blank")
        _, cost = cpu_per_event(daemon_home, client)
        alone.append(next(cost))
        run_id, cost = cpu_per_event(daemon_home, client)
        page.goto(f"{origin}/runs/{run_id}?tab=logs&stream=stdout")
        page.wait_for_selector(".log .line")
        page.evaluate(WATCH_TASKS)
        watched.append(next(cost))
        eventually(lambda: f"{EVENTS // 1000}k" in page.inner_text("main") or "completed" in page.inner_text("main"))
        longest = max(longest, longest_task(page))
    added = sorted(two / one for one, two in zip(alone, watched, strict=True))[1]
    print(f"ingestion with the page open: {(added - 1) * 100:+.1f} % CPU an event; longest task {longest:.0f} ms")
    assert longest <= 100.0 * busy()
    assert added <= 1.05 + 0.05 * busy()  # the proxy shares its cores with the browser here


@pytest.mark.timeout(600)
def test_ten_thousand_runs_are_listed_sorted_and_searched(home: Path, request: pytest.FixtureRequest) -> None:
    fill(home, 10_000)
    client: TrainerClient = request.getfixturevalue("client")
    page = request.getfixturevalue("page")
    assert client.status().runs == 10_000
    page.goto(page.evaluate("location.origin") + "/?group=none")
    page.wait_for_selector("tbody tr")
    assert "10,000 runs" in page.inner_text("main")
    page.evaluate(WATCH_TASKS)
    page.get_by_role("button", name="return", exact=True).click()
    eventually(
        lambda: "run 9499" in page.inner_text("tbody tr >> nth=0") or "499" in page.inner_text("tbody tr >> nth=0")
    )
    page.get_by_role("searchbox").fill('name="run 4321"')  # of 10,000 ids some have these digits, too
    eventually(lambda: page.locator("tbody tr").count() == 1)
    print(f"longest task with 10,000 runs: {longest_task(page):.0f} ms")
    assert longest_task(page) <= 100.0 * busy()


@pytest.mark.timeout(600)
def test_a_thousand_lines_are_drawn_at_once(home: Path, request: pytest.FixtureRequest) -> None:
    fill(home, 1_000)
    request.getfixturevalue("client")
    page = request.getfixturevalue("page")
    page.goto(page.evaluate("location.origin") + "/compare?q=run")
    page.wait_for_selector("canvas", timeout=60_000)
    assert "1000 runs" in page.inner_text("main")
    page.evaluate(WATCH_TASKS)
    box = page.locator("canvas").first.bounding_box()
    for step in range(30):
        page.mouse.move(box["x"] + 80 + step * 20, box["y"] + 60 + step * 5)
    print(f"longest task while hovering over 1,000 lines: {longest_task(page):.0f} ms")
    assert longest_task(page) <= 100.0 * busy()


@pytest.mark.timeout(300)
def test_the_page_goes_on_after_the_daemon_was_killed(
    daemon_home: Path, client: TrainerClient, page: Any, endless: dict[str, Any]
) -> None:
    run_id = client.submit({**endless, "run_name": "before"})
    page.wait_for_selector("tbody tr", timeout=30_000)
    page.goto(f"{page.evaluate('location.origin')}/runs/{run_id}")
    page.wait_for_selector("canvas", timeout=60_000)
    os.kill(client.status().pid, signal.SIGKILL)
    with TrainerClient.connect(daemon_home) as following:
        steps = following.get(run_id).steps
        eventually(lambda: following.get(run_id).steps > steps, "the run goes on")
        later = following.get(run_id).steps
        eventually(lambda: shown_steps(page) >= later, "the page shows it", 60.0)
        assert page.locator(".banner").count() == 0


@pytest.mark.timeout(300)
def test_a_browser_that_does_not_read_costs_no_memory(daemon_home: Path, dashboard: str, client: TrainerClient) -> None:
    living = (each for each in psutil.Process().children() if each.status() != psutil.STATUS_ZOMBIE)
    (server,) = (each for each in living if "web" in each.cmdline())
    run_id = client.submit(load(10 * EVENTS, RATE))
    stalled = [stream(dashboard, f"runs={run_id}&list=true&points=40&group_by=variant") for _ in range(5)]
    eventually(lambda: client.get(run_id).steps > EVENTS // 2, "the run prints", 120.0)
    before = server.memory_info().rss
    began = client.get(run_id).steps
    eventually(lambda: client.get(run_id).steps > began + 2 * EVENTS, "it prints on", 180.0)
    grown = server.memory_info().rss - before
    print(f"memory of the server while 5 browsers stall: {grown / 2**20:+.1f} MB")
    for each in stalled:
        each.close()
    assert grown < 16 << 20


def test_a_watch_ends_with_its_reader(dashboard: str, client: TrainerClient) -> None:
    client.list()
    before = client.status().watchers
    reader = stream(dashboard, "list=true")
    eventually(lambda: client.status().watchers > before, "it is watched")
    reader.close()
    eventually(lambda: client.status().watchers == before, "the watch is over")
