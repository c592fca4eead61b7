"""Machines that report to `mosaic web`: how long answers take, what they cost, and whether all of it is stored.

``python -m benchmarks.fleet [--tiny] [--machines N] [--seconds S] [--keep-alive]`` (target T21). Each machine claims an
assignment of a study, then sends a heartbeat every five seconds and a progress message five times a second: over a new
connection each time, as programs do that claim by HTTP, or each over one that it keeps. The machines are one process
of system calls and little else (`benchmarks.fleet_machines`): it shares the cores with the server, which real ones do
not; its share of the processors is in the result.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import psutil

from benchmarks import harness, live
from benchmarks.fleet_machines import RATE, STAGE, TIMEOUT_S, TOTAL, Machines, machine_id
from benchmarks.visits import dashboard
from gym_gui.reading import SeriesRequest
from gym_gui.rpc import TrainerClient
from gym_gui.runs import RunFilter, RunState

_STUDY = "fleet"
#: Claims at a time.
_CLAIMS = 8


def call(origin: str, path: str, body: dict[str, Any]) -> Any:
    """Post an object and return the answer."""
    request = urllib.request.Request(f"{origin}{path}", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.loads(response.read())


def claim(origin: str, assignment: str, number: int) -> None:
    """Claim an assignment for a machine, again and again while the server asks for patience."""
    try:
        call(origin, f"/api/assignments/{assignment}/claim", {"machineId": machine_id(number)})
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
        request = SeriesRequest(names=(f"stage/{STAGE}",), points=2000)
        (series,) = client.series([runs[f"{_STUDY} #{number}"]], request)
        lost += not series.lines or abs(series.lines[-1].last[-1] - 100 * (count - 1) / TOTAL) > 1e-9
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
        machines = Machines(where, count, keep=options.keep_alive)
        machines.report(seconds)
        took = time.perf_counter() - began
        after = processor_seconds(server, daemon)
        supervisors = len(psutil.Process(daemon).children(recursive=True))
        deadline = time.monotonic() + TIMEOUT_S
        while (lost := missing(client, machines.sent)) and time.monotonic() < deadline:
            time.sleep(1.0)
        for number in range(count):  # cancelling them one after the other would take long
            message = {"type": "finished", "message": "finished"}
            call(origin, "/api/gui-update", {"machineId": machine_id(number), "message": message, "timestamp": 0})
        while client.list(RunFilter(states=(RunState.RUNNING,)), limit=1):
            time.sleep(0.2)
    answers = sorted(machines.progress_s + machines.heartbeat_s)
    used = {name: after[name] - before[name] for name in after}
    harness.report(
        "fleet",
        [
            harness.Ratio(f"T21 ms, p99 of an answer to {count} machines", percentile(answers, 99) * 1000, 100),
            harness.Ratio("T21 machines whose last message is not stored", lost, 0),
            harness.Ratio("T21 messages a second and machine that are answered",
                          len(machines.progress_s) / count / took, 0.95 * RATE, at_most=False),
            harness.Ratio("T21 calls that are refused or not answered", machines.refused, 0),
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
