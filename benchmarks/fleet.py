"""Machines that report to `mosaic web`: how long answers take, what they cost, and whether all of it is stored.

``python -m benchmarks.fleet [--tiny] [--machines N] [--seconds S] [--keep-alive]`` (target T21). Each machine claims an
assignment of a study, then sends a heartbeat every five seconds and a progress message five times a second: over a new
connection each time, as programs do that claim by HTTP, or each over one that it keeps. The machines are one process
with an event loop and no thread, which shares the cores with the server; its share of the processors is in the result.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import psutil

from benchmarks import harness, live
from benchmarks.visits import dashboard
from gym_gui.reading import SeriesRequest
from gym_gui.rpc import TrainerClient
from gym_gui.runs import RunFilter, RunState

#: Messages a second and machine, seconds between two heartbeats.
_RATE, _BEAT_S = 5.0, 5.0
_TIMEOUT_S = 30.0
_STUDY, _STAGE, _TOTAL = "fleet", "simulation", 1_000_000
#: Claims at a time.
_CLAIMS = 8


class Connection(asyncio.Protocol):
    """A machine's connection to the server, made anew where it was closed; one request at a time.

    Args:
        host: The server.
        port: Its port.
        keep: Ask the server to keep the connection.
    """

    def __init__(self, host: str, port: int, *, keep: bool) -> None:
        self._where = host, port
        how = "keep-alive" if keep else "close"
        self._head = f"HTTP/1.1\r\nhost: {host}:{port}\r\nconnection: {how}\r\ncontent-type: application/json\r\n"
        self._transport: asyncio.Transport | None = None
        self._answer: asyncio.Future[int] | None = None
        self._data = b""

    async def post(self, path: str, body: dict[str, Any]) -> tuple[int, float]:
        """Post an object; return the status, and the seconds until the whole answer was there."""
        data = json.dumps(body).encode()
        began = time.perf_counter()
        loop = asyncio.get_running_loop()
        if self._transport is None:
            await loop.create_connection(lambda: self, *self._where)
        assert self._transport is not None
        self._answer, self._data = loop.create_future(), b""
        self._transport.write(f"POST {path} {self._head}content-length: {len(data)}\r\n\r\n".encode() + data)
        status = await asyncio.wait_for(self._answer, _TIMEOUT_S)
        return status, time.perf_counter() - began

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, rest = self._data.partition(b"\r\n\r\n")
        if not found or self._answer is None or self._answer.done():
            return
        lines = head.lower().split(b"\r\n")
        size = next(int(line[15:]) for line in lines if line.startswith(b"content-length:"))
        if len(rest) >= size:
            if b"connection: close" in lines and self._transport is not None:
                self._transport.close()
                self._transport = None
            self._answer.set_result(int(lines[0].split()[1]))

    def connection_lost(self, _: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server has closed the connection"))
            self._transport = None


async def machine(connection: Connection, number: int, until: float, found: dict[str, list[float]]) -> int:
    """Be one machine until a time; return how many progress messages were taken."""
    name = f"machine-{number}"
    await asyncio.sleep(random.uniform(0, 1 / _RATE))
    due, beat, sent = time.monotonic(), time.monotonic() + random.uniform(0, _BEAT_S), 0
    while time.monotonic() < until:
        if time.monotonic() >= beat:
            beat += _BEAT_S
            await timed(connection, "/api/heartbeat", {"machineId": name}, found["heartbeat"], found["refused"])
        message = {"type": "stage_progress", "name": _STAGE, "current": sent, "total": _TOTAL}
        body = {"machineId": name, "message": message, "timestamp": time.time()}
        sent += await timed(connection, "/api/gui-update", body, found["progress"], found["refused"])
        due += 1 / _RATE
        await asyncio.sleep(max(0.0, due - time.monotonic()))
    return sent


async def timed(
    connection: Connection, path: str, body: dict[str, Any], times: list[float], refused: list[float]
) -> bool:
    """Post, and note how long it took; return whether it was taken."""
    try:
        status, seconds = await connection.post(path, body)
    except (OSError, TimeoutError, asyncio.TimeoutError):
        status, seconds = 0, _TIMEOUT_S
    (times if status == 200 else refused).append(seconds)
    return status == 200


async def all_of_them(where: tuple[str, int], count: int, seconds: float, *, keep: bool) -> dict[str, Any]:
    """Have all machines report for a while."""
    found: dict[str, list[float]] = {"progress": [], "heartbeat": [], "refused": []}
    until = time.monotonic() + seconds
    machines = (machine(Connection(*where, keep=keep), number, until, found) for number in range(count))
    return {**found, "sent": await asyncio.gather(*machines)}


def call(origin: str, path: str, body: dict[str, Any]) -> Any:
    """Post an object and return the answer."""
    request = urllib.request.Request(f"{origin}{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def claim(origin: str, assignment: str, number: int) -> None:
    """Claim an assignment for a machine, again and again while the server asks for patience."""
    try:
        call(origin, f"/api/assignments/{assignment}/claim", {"machineId": f"machine-{number}"})
    except urllib.error.HTTPError as error:
        if error.code != 503:
            raise
        time.sleep(1.0)
        claim(origin, assignment, number)


def claimed(origin: str, client: TrainerClient, count: int) -> float:
    """Create a study and have each machine claim one of its assignments; return the seconds it took until all run."""
    began = time.perf_counter()
    listed = [{"splitConfig": {"number": number}, "status": "PENDING"} for number in range(count)]
    study = call(origin, "/api/super-studies", {"name": _STUDY, "assignments": listed})
    with urllib.request.urlopen(f"{origin}/api/super-studies/{study['id']}/assignments", timeout=60) as response:
        ids = [each["id"] for each in json.loads(response.read())]
    with ThreadPoolExecutor(_CLAIMS) as pool:
        claims = [pool.submit(claim, origin, assignment, number) for number, assignment in enumerate(ids)]
        for number, done in enumerate(claims):
            done.result()
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


def processor_seconds(server: int, daemon: int) -> dict[str, float]:
    """Return the CPU time that each part has used, seconds; the supervisors are processes below the daemon.

    Args:
        server: Process id of `mosaic web`.
        daemon: Process id of the daemon.
    """
    supervisors = [live.cpu_seconds(each.pid) for each in psutil.Process(daemon).children(recursive=True)]
    return {
        "server": live.cpu_seconds(server),
        "daemon": live.cpu_seconds(daemon),
        "supervisors": sum(supervisors),
        "machines": time.process_time(),
    }


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--machines", type=int, default=500, metavar="N", help="how many report (default 500)")
    parser.add_argument("--seconds", type=float, default=20.0, metavar="S", help="for how long (default 20)")
    parser.add_argument("--keep-alive", action="store_true", help="each over one connection, in place of many")


def main() -> None:
    """Measure, and print the figures."""
    options = harness.arguments("Machines that report.", rounds=1, more=_options)
    count, seconds = (5, 2.0) if options.tiny else (options.machines, options.seconds)
    with live.daemon() as (home, client), dashboard(home) as (address, server, _):
        origin = address.split("#")[0].rstrip("/")
        url = urlsplit(origin)
        where = (str(url.hostname), int(url.port or 80))
        started_s = claimed(origin, client, count)
        daemon = client.status().pid
        before = processor_seconds(server, daemon)
        began = time.perf_counter()
        found = asyncio.run(all_of_them(where, count, seconds, keep=options.keep_alive))
        took = time.perf_counter() - began
        after = processor_seconds(server, daemon)
        supervisors = len(psutil.Process(daemon).children(recursive=True))
        deadline = time.monotonic() + _TIMEOUT_S
        while (lost := missing(client, found["sent"])) and time.monotonic() < deadline:
            time.sleep(1.0)
        for number in range(count):  # cancelling them one after the other would take long
            message = {"type": "finished", "message": "finished"}
            call(origin, "/api/gui-update", {"machineId": f"machine-{number}", "message": message, "timestamp": 0})
        while client.list(RunFilter(states=(RunState.RUNNING,)), limit=1):
            time.sleep(0.2)
    answers = sorted(found["progress"] + found["heartbeat"])
    used = {name: after[name] - before[name] for name in after}
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
            "machines": count, "seconds": took, "until all run": started_s, "keep-alive": options.keep_alive,
            "answers a second": len(answers) / took, "supervisor processes": supervisors,
            "p50": percentile(answers, 50), "p999": percentile(answers, 99.9),
            "longest": answers[-1] if answers else None,
            **{f"cores of the {name}": cpu_s / took for name, cpu_s in used.items()},
            **{f"ms of the {name} an answer": 1000 * cpu_s / max(1, len(answers)) for name, cpu_s in used.items()},
            "processors' share of the machines": used["machines"] / max(1e-9, sum(used.values())),
        },
    )  # fmt: skip


if __name__ == "__main__":
    main()
