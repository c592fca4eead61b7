"""The line between proxies and daemon, with the test in the proxy's place."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from daemons import daemon_with_environment
from executor_packages import PATIENT, ExecutorSite

from gym_gui.analysis.folder_runs import FolderRuns
from gym_gui.rpc.channel import CHANNEL_OPTIONS, credentials_metadata
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.reporter import DaemonLine, DaemonReporter
from gym_gui.runs import new_run_id
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import CurvePoint, RunSummary, WorkerSummary
from gym_gui.trainer.home import DaemonHome


@pytest.fixture
def waiting(
    daemon_home: Path, monkeypatch: pytest.MonkeyPatch, random_config: Callable[..., dict[str, Any]]
) -> Iterator[tuple[TrainerClient, str]]:
    """A run that no slot is there for, so that no other proxy reports it."""
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "0")
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(random_config())
        yield client, run_id
        client.cancel(run_id)


def running(client: TrainerClient, run_id: str, report: int) -> RunSummary:
    return msgspec.structs.replace(client.get(run_id), state=RunState.RUNNING, report=report, steps=10 * report)


def test_reports_are_acknowledged_and_watchers_are_made_known(
    waiting: tuple[TrainerClient, str], daemon_home: Path
) -> None:
    client, run_id = waiting
    reports: queue.Queue[RunSummary | None] = queue.Queue()

    def requests() -> Iterator[pb.ReportRequest]:
        while (run := reports.get()) is not None:
            yield pb.ReportRequest(summary=summary_to_pb(run))

    with grpc.insecure_channel(client.address, options=CHANNEL_OPTIONS) as channel:
        token = credentials_metadata(DaemonHome(daemon_home).token())
        answers = TrainerServiceStub(channel).Report(requests(), metadata=token)
        reports.put(running(client, run_id, 1))
        assert (answer := next(answers)).acknowledged == 1
        assert not answer.watched
        assert client.get(run_id).steps == 10
        watch = client.watch([run_id])
        assert next(watch).steps == 10
        assert next(answers).watched
        reports.put(running(client, run_id, 2))
        assert next(answers).acknowledged == 2
        assert next(watch).steps == 20
        watch.close()
        assert not next(answers).watched
        reports.put(None)
        assert list(answers) == []


def test_the_reporter_sends_the_newest_and_finds_the_next_daemon(
    waiting: tuple[TrainerClient, str], daemon_home: Path, wait_until: Any
) -> None:
    client, run_id = waiting
    reporter = DaemonReporter(RunFolder.of(daemon_home, run_id))
    for number in range(1, 1001):
        reporter.report(running(client, run_id, number) if number in (1, 1000) else run_like(run_id, number))
    wait_until(lambda: client.get(run_id).report == 1000)
    assert not reporter.watched()
    watch = client.watch([run_id])
    next(watch)
    wait_until(reporter.watched)
    assert not reporter.urgent()
    watch.close()
    stop_daemon(daemon_home)
    wait_until(lambda: not reporter.watched())
    reporter.report(run_like(run_id, 1001))
    with TrainerClient.connect(daemon_home) as again:
        wait_until(lambda: again.get(run_id).report == 1001)
        reporter.report(run_like(run_id, 1002))
        reporter.close(20.0)
        assert again.get(run_id).report == 1002
        again.cancel(run_id)


def test_a_run_that_comes_back_is_reported_though_its_last_report_is_under_way(tmp_path: Path) -> None:
    line = DaemonLine(tmp_path)
    first, other = (RunFolder.of(tmp_path, new_run_id()) for _ in range(2))
    failed, elsewhere = DaemonReporter(first, line), DaemonReporter(other, line)
    failed.report(run_like(first.run_id, 1))
    failed.close(0.01)
    again = DaemonReporter(first, line)
    time.sleep(0.05)
    elsewhere.close(0.0)  # those whose time is over are forgotten
    again.report(run_like(first.run_id, 2))
    again.close(0.0)
    line.close(0.0)


@pytest.mark.parametrize("earlier", [False, True], ids=["daemon", "daemon of an earlier version"])
def test_curves_are_reported_as_differences_to_a_daemon_that_takes_them(
    waiting: tuple[TrainerClient, str],
    daemon_home: Path,
    wait_until: Any,
    monkeypatch: pytest.MonkeyPatch,
    earlier: bool,
) -> None:
    client, run_id = waiting
    requests, answers = recorded_reports(monkeypatch, earlier=earlier)
    reporter = DaemonReporter(RunFolder.of(daemon_home, run_id))
    reporter.report(with_curve(run_id, 1, points=2))
    wait_until(lambda: answers)
    reporter.report(with_curve(run_id, 2, points=3))
    wait_until(lambda: client.get(run_id).report == 2)
    assert steps_of(client.get(run_id)) == [1, 2, 3]
    assert kept_and_sent(requests) == [(0, 2), (0, 3) if earlier else (2, 1)]
    stop_daemon(daemon_home)
    with TrainerClient.connect(daemon_home) as again:
        wait_until(lambda: len(requests) > 2)
        assert kept_and_sent(requests)[2] == (0, 3), "another stream begins with whole curves"
        reporter.report(with_curve(run_id, 3, points=3))
        reporter.close(20.0)
        assert steps_of(again.get(run_id)) == [1, 2, 3]


def recorded_reports(
    monkeypatch: pytest.MonkeyPatch, *, earlier: bool
) -> tuple[list[pb.ReportRequest], list[pb.ReportResponse]]:
    """Return lists of what a reporter sends from here on, and of the answers that it has processed.

    Args:
        monkeypatch: Undoes it.
        earlier: Answer as a daemon that does not know of differences.
    """
    requests: list[pb.ReportRequest] = []
    answers: list[pb.ReportResponse] = []

    class RecordingStub(TrainerServiceStub):
        def __init__(self, channel: grpc.Channel) -> None:
            super().__init__(channel)
            report: Any = self.Report

            def recorded(given: Iterator[pb.ReportRequest], **options: Any) -> Iterator[pb.ReportResponse]:
                def each() -> Iterator[pb.ReportRequest]:
                    for request in given:
                        requests.append(request)
                        yield request

                for answer in report(each(), **options):
                    if earlier:
                        answer.ClearField("differences")
                    yield answer
                    answers.append(answer)

            self.Report: Any = recorded

    monkeypatch.setattr("gym_gui.rpc.proto.mosaic_pb2_grpc.TrainerServiceStub", RecordingStub)
    return requests, answers


def kept_and_sent(requests: list[pb.ReportRequest]) -> list[tuple[int, int]]:
    """Return of each report how many points of the worker's curve are kept and sent."""
    workers = [request.summary.workers[0] for request in requests]
    return [(worker.kept_points, len(worker.curve)) for worker in workers]


def test_watchers_get_whole_curves_whether_as_differences_or_not(
    waiting: tuple[TrainerClient, str], daemon_home: Path, wait_until: Any
) -> None:
    client, run_id = waiting
    reporter = DaemonReporter(RunFolder.of(daemon_home, run_id))
    reporter.report(with_curve(run_id, 1, points=2))
    wait_until(lambda: client.get(run_id).report == 1)
    watch = client.watch([run_id], curves=True)
    with grpc.insecure_channel(client.address, options=CHANNEL_OPTIONS) as channel:
        stub, token = TrainerServiceStub(channel), credentials_metadata(DaemonHome(daemon_home).token())
        earlier = stub.WatchRuns(pb.WatchRunsRequest(run_ids=[run_id], curves=True), metadata=token)
        asking = stub.WatchRuns(pb.WatchRunsRequest(run_ids=[run_id], curves=True, differences=True), metadata=token)
        for report, points, new in ((1, 2, 2), (2, 3, 1), (3, 3, 0)):
            if report > 1:  # the first one is there
                reporter.report(with_curve(run_id, report, points=points))
            assert steps_of(next(watch)) == [*range(1, points + 1)]
            assert len(next(earlier).workers[0].curve) == points
            worker = next(asking).workers[0]
            assert (worker.kept_points, len(worker.curve)) == (points - new, new)
        earlier.cancel()
        asking.cancel()
    stop_daemon(daemon_home)
    reporter.report(with_curve(run_id, 4, points=4))
    assert steps_of(next(run for run in watch if run.report == 4)) == [1, 2, 3, 4]
    reporter.close(20.0)
    watch.close()


def with_curve(run_id: str, report: int, *, points: int) -> RunSummary:
    curve = [
        CurvePoint(step=step, episodes=1, mean_return=1.0, min_return=1.0, max_return=1.0)
        for step in range(1, points + 1)
    ]
    worker = WorkerSummary(worker_id="000001", worker_type="t", state=RunState.RUNNING, curve=curve)
    return msgspec.structs.replace(run_like(run_id, report), workers=[worker])


def steps_of(run: RunSummary) -> list[int]:
    return [point.step for point in run.workers[0].curve]


def test_a_cancellation_reaches_a_proxy_that_neither_reports_nor_checks_for_requests(
    daemon_home: Path, tmp_path: Path, wait_until: Any, endless: dict[str, Any]
) -> None:
    """The daemon sends it at once: it need not wait for the proxy's next look."""
    site = ExecutorSite(tmp_path / "site")
    site.add("patient", "patient_executor:PatientExecutor", PATIENT)
    environment = {**os.environ, "PYTHONPATH": str(site.path)}
    with daemon_with_environment(daemon_home, environment), TrainerClient.connect(daemon_home) as client:
        run_id = client.submit({**endless, "executor": "patient"})
        wait_until(lambda: FolderRuns(daemon_home).get(run_id).state is RunState.RUNNING)
        client.cancel(run_id)
        wait_until(lambda: client.get(run_id).state is RunState.CANCELLED)


def test_a_reporter_without_a_daemon_is_closed_soon(daemon_home: Path) -> None:
    reporter = DaemonReporter(RunFolder.of(daemon_home, "R"))
    reporter.close(60.0)
    reporter = DaemonReporter(RunFolder.of(daemon_home, "R"))
    reporter.report(run_like("R", 1))
    assert not reporter.watched()
    reporter.close(60.0)


def run_like(run_id: str, report: int) -> RunSummary:
    return RunSummary(run_id=run_id, state=RunState.RUNNING, report=report)
