"""CPU of the daemon for a report of a run with long learning curves, with and without clients that watch them.

``python -m benchmarks.reports [--tiny] [--rounds N]``. The benchmark reports in place of the run's telemetry proxy, one
report after the other; the next one follows when the daemon has acknowledged it and every watcher has received it.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import statistics
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import grpc
import msgspec

from benchmarks import harness, live
from gym_gui.rpc.channel import credentials_metadata, daemon_channel
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import CurvePoint, RunSummary, WorkerSummary
from gym_gui.telemetry.curve import MAX_BUCKETS
from gym_gui.trainer.home import DaemonHome

WORKERS = 4
#: Clients that watch: milliseconds that a report may take.
WATCHERS = {0: 2, 4: 4}


class Reports:
    """Reports of one run, each with another episode of every worker.

    Args:
        run: The run.
    """

    def __init__(self, run: RunSummary) -> None:
        self._run = run
        self._numbers = itertools.count(run.report + 1)

    def next(self) -> RunSummary:
        """Return the next report: the last point of each curve differs from the former report's."""
        number = next(self._numbers)
        workers = [
            WorkerSummary(worker_id=f"{each:06}", worker_type="random", state=RunState.RUNNING, curve=_curve(number))
            for each in range(1, WORKERS + 1)
        ]
        return msgspec.structs.replace(
            self._run, state=RunState.RUNNING, report=number, steps=200 * number, workers=workers
        )


def _curve(number: int) -> list[CurvePoint]:
    values = [float(place * 7919 % 500) for place in range(MAX_BUCKETS - 1)] + [float(number)]
    return [
        CurvePoint(step=200 * place, episodes=40, mean_return=value, min_return=value / 2, max_return=value * 2)
        for place, value in enumerate(values)
    ]


class Watchers:
    """Clients that watch a run, with curves, in threads; each has a connection of its own."""

    def __init__(self, home: Path, run_id: str, count: int, opened: ExitStack) -> None:
        self._received: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._count = count
        paths = DaemonHome(home)
        daemon = paths.daemon()
        assert daemon is not None
        for _ in range(count):
            stub = TrainerServiceStub(opened.enter_context(daemon_channel(paths, daemon)))
            request = pb.WatchRunsRequest(run_ids=[run_id], curves=True)
            stream = stub.WatchRuns(request, metadata=credentials_metadata(paths.token()))
            opened.callback(stream.cancel)
            threading.Thread(target=self._receive, args=(stream,), daemon=True).start()
            self._received.get()

    def wait(self, report: int) -> None:
        """Wait until every one of them has received a report."""
        waiting = self._count
        while waiting:
            waiting -= self._received.get() == report

    def _receive(self, stream: Iterator[pb.RunSummary]) -> None:
        with contextlib.suppress(grpc.RpcError):  # cancelled
            for run in stream:
                self._received.put(run.report)


def cpu_ms(home: Path, client: TrainerClient, reports: Reports, run_id: str, count: int, watchers: int) -> float:
    """Return the daemon's CPU for one report, milliseconds, with so many watchers.

    Args:
        home: The home.
        client: A client of its daemon.
        reports: The reports to send.
        run_id: Their run.
        count: How many are sent.
        watchers: Number of clients that watch.
    """
    pid = int(client.status().pid)
    paths = DaemonHome(home)
    daemon = paths.daemon()
    assert daemon is not None
    outbox: queue.SimpleQueue[pb.ReportRequest | None] = queue.SimpleQueue()
    with ExitStack() as opened:
        stub = TrainerServiceStub(opened.enter_context(daemon_channel(paths, daemon)))
        answers = stub.Report(iter(outbox.get, None), metadata=credentials_metadata(paths.token()))
        opened.callback(outbox.put, None)
        watching = Watchers(home, run_id, watchers, opened)

        def send() -> None:
            run = reports.next()
            outbox.put(pb.ReportRequest(summary=summary_to_pb(run)))
            while next(answers).acknowledged != run.report:
                pass
            watching.wait(run.report)

        send()
        before = live.cpu_seconds(pid)
        for _ in range(count):
            send()
        return (live.cpu_seconds(pid) - before) / count * 1e3


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("CPU of the daemon for a report of a run with long learning curves.")
    count = 20 if options.tiny else 200
    found: dict[int, list[float]] = {watchers: [] for watchers in WATCHERS}
    with live.daemon(max_running_runs=0) as (home, client):
        run_id = client.submit(live.load("print", 1))
        reports = Reports(client.get(run_id))
        for _ in range(1 if options.tiny else options.rounds):
            for watchers, taken in found.items():
                taken.append(cpu_ms(home, client, reports, run_id, count, watchers))
                print(f"  {watchers} watchers: {taken[-1]:.3f} ms CPU of the daemon a report", flush=True)
    ratios = [
        harness.Ratio(
            f"ms CPU of the daemon a report, {WORKERS} curves of {MAX_BUCKETS}, {watchers} watchers",
            statistics.median(taken), WATCHERS[watchers],
        )
        for watchers, taken in found.items()
    ]  # fmt: skip
    harness.report("reports", ratios, tiny=options.tiny, details={"reports": count, "turns": found})


if __name__ == "__main__":
    main()
