"""Machines that report to `mosaic web`: how long answers take, what they cost, and whether all of it is stored.

``python -m benchmarks.fleet [--tiny]`` (target T21). Each machine claims an assignment of a study, then sends a
heartbeat every five seconds and a progress message five times a second, over a new connection each time, as programs
do that claim by HTTP. The machines are one process, which shares the cores with the server.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from benchmarks import harness, live
from benchmarks.visits import dashboard
from gym_gui.reading import SeriesRequest
from gym_gui.rpc import TrainerClient
from gym_gui.runs import RunFilter, RunState

#: Messages a second and machine, seconds between two heartbeats.
_RATE, _BEAT_S = 5.0, 5.0
_TIMEOUT_S = 30.0
_STUDY, _STAGE, _TOTAL = "fleet", "simulation", 1_000_000


async def post(host: str, port: int, path: str, body: dict[str, Any]) -> tuple[int, float]:
    """Post an object over a connection of its own; return the status and the seconds until the answer was there."""
    data = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: close\r\ncontent-type: application/json\r\n"
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)
        answer = await reader.read()
    finally:
        writer.close()
    return int(answer.split(b" ", 2)[1]), time.perf_counter() - began


async def machine(where: tuple[str, int], number: int, until: float, found: dict[str, list[float]]) -> int:
    """Be one machine until a time; return how many progress messages were taken."""
    name = f"machine-{number}"
    await asyncio.sleep(random.uniform(0, 1 / _RATE))
    due, beat, sent = time.monotonic(), time.monotonic() + random.uniform(0, _BEAT_S), 0
    while time.monotonic() < until:
        if time.monotonic() >= beat:
            beat += _BEAT_S
            await timed(where, "/api/heartbeat", {"machineId": name}, found["heartbeat"], found["refused"])
        message = {"type": "stage_progress", "name": _STAGE, "current": sent, "total": _TOTAL}
        body = {"machineId": name, "message": message, "timestamp": time.time()}
        sent += await timed(where, "/api/gui-update", body, found["progress"], found["refused"])
        due += 1 / _RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    return sent


async def timed(
    where: tuple[str, int], path: str, body: dict[str, Any], times: list[float], refused: list[float]
) -> bool:
    """Post, and note how long it took; return whether it was taken."""
    try:
        status, seconds = await asyncio.wait_for(post(*where, path, body), _TIMEOUT_S)
    except (OSError, TimeoutError, IndexError, ValueError):
        status, seconds = 0, _TIMEOUT_S
    (times if status == 200 else refused).append(seconds)
    return status == 200


async def all_of_them(where: tuple[str, int], count: int, seconds: float) -> dict[str, Any]:
    """Have all machines report for a while."""
    found: dict[str, list[float]] = {"progress": [], "heartbeat": [], "refused": []}
    until = time.monotonic() + seconds
    sent = await asyncio.gather(*(machine(where, number, until, found) for number in range(count)))
    return {**found, "sent": sent}


def call(origin: str, path: str, body: dict[str, Any]) -> Any:
    """Post an object and return the answer."""
    request = urllib.request.Request(f"{origin}{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def claimed(origin: str, client: TrainerClient, count: int) -> float:
    """Create a study and have each machine claim one of its assignments; return the seconds it took until all run."""
    began = time.perf_counter()
    listed = [{"splitConfig": {"number": number}, "status": "PENDING"} for number in range(count)]
    study = call(origin, "/api/super-studies", {"name": _STUDY, "assignments": listed})
    with urllib.request.urlopen(f"{origin}/api/super-studies/{study['id']}/assignments", timeout=60) as response:
        ids = [each["id"] for each in json.loads(response.read())]
    for number, assignment in enumerate(ids):
        call(origin, f"/api/assignments/{assignment}/claim", {"machineId": f"machine-{number}"})
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number + 1} of {count} claimed ")
    while len(client.list(RunFilter(states=(RunState.RUNNING,)), limit=count)) < count:
        time.sleep(0.2)
    return time.perf_counter() - began


def percentile(ordered: list[float], percent: float) -> float:
    """Return a percentile of ordered values, infinite where there are none."""
    return ordered[min(int(len(ordered) * percent / 100), len(ordered) - 1)] if ordered else float("inf")


def missing(client: TrainerClient, sent: list[int]) -> int:
    """Return how many machines have sent a message whose figure is not stored as the last one of their run.

    Args:
        client: The daemon.
        sent: By machine, how many progress messages were taken.
    """
    runs = {run.run_name: run.run_id for run in client.list(RunFilter(), limit=len(sent))}
    lost = 0
    for number, count in enumerate(sent):
        request = SeriesRequest(names=(f"stage/{_STAGE}",), points=2000)
        (series,) = client.series([runs[f"{_STUDY} #{number}"]], request)
        lost += not series.lines or abs(series.lines[-1].last[-1] - 100 * (count - 1) / _TOTAL) > 1e-9
    return lost


def main() -> None:
    """Measure, and print the figures."""
    options = harness.arguments("Machines that report.", rounds=1)
    count, seconds = (5, 2.0) if options.tiny else (500, 20.0)
    with live.daemon() as (home, client), dashboard(home) as (address, server, _):
        origin = address.split("#")[0].rstrip("/")
        url = urlsplit(origin)
        where = (str(url.hostname), int(url.port or 80))
        started_s = claimed(origin, client, count)
        daemon = client.status().pid
        before = live.cpu_seconds(server), live.cpu_seconds(daemon), time.process_time()
        began = time.perf_counter()
        found = asyncio.run(all_of_them(where, count, seconds))
        took = time.perf_counter() - began
        after = live.cpu_seconds(server), live.cpu_seconds(daemon), time.process_time()
        time.sleep(3.0)
        lost = missing(client, found["sent"])
        for number in range(count):  # cancelling them one after the other would take long
            message = {"type": "finished", "message": "finished"}
            call(origin, "/api/gui-update", {"machineId": f"machine-{number}", "message": message, "timestamp": 0})
        while client.list(RunFilter(states=(RunState.RUNNING,)), limit=1):
            time.sleep(0.2)
    answers = sorted(found["progress"] + found["heartbeat"])
    harness.report(
        "fleet",
        [
            harness.Ratio(f"T21 ms, p99 of an answer to {count} machines", percentile(answers, 99) * 1000, 100),
            harness.Ratio("T21 machines whose last message is not stored", lost, 0),
            harness.Ratio("T21 messages a second and machine that are answered", len(found["progress"]) / count / took,
                          0.95 * _RATE, at_most=False),
            harness.Ratio("T21 calls that are refused or not answered", len(found["refused"]), 0),
        ],
        tiny=options.tiny,
        details={
            "machines": count, "seconds": took, "until all run": started_s, "p50": percentile(answers, 50),
            "p999": percentile(answers, 99.9), "longest": answers[-1] if answers else None,
            **{f"cores of the {name}": (end - start) / took
               for name, start, end in zip(("server", "daemon", "machines"), before, after, strict=True)},
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
