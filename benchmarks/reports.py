"""CPU of the daemon for a report of a run with long learning curves, with and without clients that watch them.

``python -m benchmarks.reports [--tiny] [--rounds N]``. The benchmark reports in place of the run's telemetry proxy, one
report after the other; the next one follows when the daemon has acknowledged it and every watcher has received it.
Curves travel as differences, and whole, as clients and proxies of earlier versions receive and send them.
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
from gym_gui.rpc import credentials_metadata, daemon_channel, summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.runs import CurvePoint, RunState, RunSummary, WorkerSummary
from gym_gui.telemetry import MAX_BUCKETS
from gym_gui.trainer import DaemonHome

WORKERS = 4
WATCHERS = (0, 4)


class Reports:
    """Reports of one run, each with another episode of every worker.

    Args:
        run: The run.
    """

    def __init__(self, run: RunSummary) -> None:
        self.run_id = run.run_id
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

    def __init__(self, home: Path, run_id: str, count: int, opened: ExitStack, *, differences: bool) -> None:
        self._received: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._count = count
        paths = DaemonHome(home)
        daemon = paths.daemon()
        assert daemon is not None
        for _ in range(count):
            stub = TrainerServiceStub(opened.enter_context(daemon_channel(paths, daemon)))
            request = pb.WatchRunsRequest(run_ids=[run_id], curves=True, differences=differences)
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


def cpu_ms(home: Path, reports: Reports, count: int, watchers: int, *, differences: bool) -> float:
    """Return the daemon's CPU for one report, milliseconds.

    Args:
        home: The daemon's home.
        reports: The reports to send.
        count: How many are sent.
        watchers: Number of clients that watch.
        differences: Whether curves travel as differences.
    """
    paths = DaemonHome(home)
    daemon = paths.daemon()
    assert daemon is not None
    outbox: queue.SimpleQueue[pb.ReportRequest | None] = queue.SimpleQueue()
    with ExitStack() as opened:
        stub = TrainerServiceStub(opened.enter_context(daemon_channel(paths, daemon)))
        answers = stub.Report(iter(outbox.get, None), metadata=credentials_metadata(paths.token()))
        opened.callback(outbox.put, None)
        watching = Watchers(home, reports.run_id, watchers, opened, differences=differences)

        def send(since: RunSummary | None) -> RunSummary:
            run = reports.next()
            outbox.put(pb.ReportRequest(summary=summary_to_pb(run, since=since if differences else None)))
            while next(answers).acknowledged != run.report:
                pass
            watching.wait(run.report)
            return run

        sent = send(None)
        before = live.cpu_seconds(daemon.pid)
        for _ in range(count):
            sent = send(sent)
        return (live.cpu_seconds(daemon.pid) - before) / count * 1e3


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("CPU of the daemon for a report of a run with long learning curves.")
    count = 20 if options.tiny else 200
    found: dict[int, list[tuple[float, float]]] = {watchers: [] for watchers in WATCHERS}
    with live.daemon(max_running_runs=0) as (home, client):
        reports = Reports(client.get(client.submit(live.load("print", 1))))
        for _ in range(1 if options.tiny else options.rounds):
            for watchers, taken in found.items():
                whole = cpu_ms(home, reports, count, watchers, differences=False)
                taken.append((whole, cpu_ms(home, reports, count, watchers, differences=True)))
                print(
                    f"  {watchers} watchers: {whole:.3f} ms CPU a report, {taken[-1][1]:.3f} with differences",
                    flush=True,
                )
    what = f"{WORKERS} curves of {MAX_BUCKETS}"
    ratios = [
        ratio
        for watchers, taken in found.items()
        for ratio in (
            harness.Ratio(
                f"daemon's CPU for a report, {what}, {watchers} watchers, differences / whole",
                statistics.median(differences / whole for whole, differences in taken), 0.75,
            ),
            harness.Ratio(
                f"ms CPU of the daemon for a report, {what}, {watchers} watchers",
                statistics.median(differences for _, differences in taken), 1,
            ),
        )
    ]  # fmt: skip
    harness.report("reports", ratios, tiny=options.tiny, details={"reports": count, "turns": found})


if __name__ == "__main__":
    main()
