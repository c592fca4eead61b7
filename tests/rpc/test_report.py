"""The line between proxies and daemon, with the test in the proxy's place."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest

from gym_gui.rpc.channel import CHANNEL_OPTIONS, credentials_metadata
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.reporter import DaemonReporter
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
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


def test_a_reporter_without_a_daemon_is_closed_soon(daemon_home: Path) -> None:
    reporter = DaemonReporter(RunFolder.of(daemon_home, "R"))
    reporter.close(60.0)
    reporter = DaemonReporter(RunFolder.of(daemon_home, "R"))
    reporter.report(run_like("R", 1))
    assert not reporter.watched()
    reporter.close(60.0)


def run_like(run_id: str, report: int) -> RunSummary:
    return RunSummary(run_id=run_id, state=RunState.RUNNING, report=report)
