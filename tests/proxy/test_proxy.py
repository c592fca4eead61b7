"""Whole runs without a daemon: real proxies, launchers and workers."""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import time

import pytest

from gym_gui.proxy import proxy
from gym_gui.proxy.proxy import EXIT_DRAINED, EXIT_LOCKED, Proxy
from gym_gui.proxy.reporter import NoReporter
from gym_gui.proxy.summary import read_summary
from gym_gui.runs.lock import FileLock, is_locked
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.telemetry.reader import RunReader


class Recorder:
    """Keeps every report."""

    def __init__(self) -> None:
        self.reports: list[RunSummary] = []
        self.times: list[float] = []
        self.closed = False

    def report(self, summary: RunSummary) -> None:
        self.reports.append(summary)
        self.times.append(time.monotonic())

    def streamed(self) -> bool:
        return False

    def urgent(self) -> bool:
        return False

    def watched(self) -> bool:
        return True

    def close(self, timeout_s: float) -> None:
        self.closed = True


def test_a_run_from_its_plan_to_its_end(new_run):
    run = new_run(
        "started", "heartbeat", "step:5", "episode:0", "episode:10", "text:hello", "env:MOSAIC_SEED", "completed"
    )
    recorder = Recorder()
    assert Proxy(run.folder, recorder).run() == 0
    summary = run.check()
    assert (summary.state, summary.cause) == (RunState.COMPLETED, "exit code 0")
    assert (summary.ledger.lines, summary.ledger.stored, summary.ledger.log, summary.ledger.quarantined) == (
        12,
        10,
        1,
        1,
    )
    (worker,) = summary.workers
    assert (worker.state, worker.attempt, worker.episodes) == (RunState.COMPLETED, 1, 2)
    assert worker.exit is not None
    assert (worker.exit.code, worker.exit.reason) == (0, "exited")
    assert worker.pid == run.pid("worker")
    assert summary.exit == worker.exit
    assert worker.cpu_seconds is not None
    assert summary.created_at < summary.started_at <= summary.ended_at
    states = [event["state"] for event in run.events("state")]
    assert states == ["starting", "running", "completed"]
    assert all(event["cause"] and event["at"] for event in run.events("state"))
    assert recorder.closed
    assert recorder.reports[-1].state is RunState.COMPLETED
    numbers = [report.report for report in recorder.reports]
    assert numbers == sorted(numbers)
    assert recorder.reports[-1].ledger == summary.ledger
    assert run.query("SELECT count(*) FROM events WHERE id < 1 << 50")[0][0] == len(run.events())


def test_its_lock_is_free_though_the_last_report_failed(new_run):
    class Broken(Recorder):
        def close(self, timeout_s: float) -> None:
            raise OSError("no line")

    run = new_run("completed")
    proxy = Proxy(run.folder, Broken())
    with pytest.raises(OSError, match="no line"):
        proxy.run()
    assert not is_locked(run.folder.proxy_lock)


@pytest.mark.parametrize("count", [20_000, pytest.param(200_000, marks=pytest.mark.fault)])
def test_a_burst_of_lines_and_exit_at_once(new_run, count):
    run = new_run(f"burst:{count}", "exit:0")
    summary = run.finish()
    assert (summary.state, summary.ledger.stored) == (RunState.COMPLETED, count)
    assert summary.workers[0].steps == count


def test_a_flood_of_lines_is_reported_less_often_to_who_watches(new_run):
    """A report costs as much as hundreds of lines: to be watched must not slow ingestion down."""
    recorder = Recorder()
    assert Proxy(new_run("started", "flood:4", "completed").folder, recorder).run() == 0
    gaps = [later - earlier for earlier, later in zip(recorder.times, recorder.times[1:], strict=False)]
    assert len(gaps) >= 5
    assert statistics.median(gaps) >= proxy.REPORT_FLOOD_S


def test_a_last_line_without_newline_is_stored(new_run):
    run = new_run("started", 'raw:{"event_type": "step", "step_index": 0}')
    assert run.finish().ledger.stored == 2


@pytest.mark.parametrize(
    ("words", "state", "cause"),
    [
        (["started", "stderr:ValueError: bad lr", "exit:3"], RunState.FAILED, "exit code 3: ValueError: bad lr"),
        (["failed:no reward", "exit:0"], RunState.FAILED, "run_failed: RuntimeError: no reward, though exit code 0"),
        (["failed:no reward", "exit:1"], RunState.FAILED, "exit code 1: RuntimeError: no reward"),
        (["started", "kill:11"], RunState.FAILED, "killed by SIGSEGV (11), not by MOSAIC"),
        (["started"], RunState.COMPLETED, "exit code 0, without run_completed"),
        (["cancelled"], RunState.CANCELLED, "the worker cancelled itself (run_cancelled, exit code 0)"),
        (["started", "completed", "exit:4"], RunState.FAILED, "exit code 4"),
    ],
)
def test_ends(new_run, words, state, cause):
    summary = new_run(*words).finish()
    assert (summary.state, summary.cause) == (state, cause)


@pytest.mark.parametrize(
    ("words", "state", "cause"),
    [
        (["started", "failed:no reward", "murmur:600"], RunState.FAILED, "RuntimeError: no reward"),
        (["started", "completed", "ignore_term", "sleep:600"], RunState.COMPLETED, "was stopped"),
        (["started", "cancelled", "sleep:600"], RunState.CANCELLED, "was stopped"),
    ],
)
def test_who_has_said_its_last_word_and_does_not_exit_is_stopped(new_run, words, state, cause):
    """Long before a silence would be judged, and though it goes on printing."""
    summary = new_run(*words, limits={"shutdown_timeout_s": 0.5}).finish()
    assert summary.state is state
    assert "did not exit within 0.5 s" in summary.cause
    assert summary.cause.endswith(cause)


def test_stdout_that_cannot_be_flushed(new_run):
    summary = new_run("started", "fail_to_flush").finish()
    assert summary.state is RunState.FAILED
    assert summary.cause.startswith("stdout could not be flushed")
    assert summary.exit.code == 120


def test_a_program_that_is_not_there(new_run):
    summary = new_run(argv=["/no/such/python"]).finish()
    assert summary.state is RunState.FAILED
    assert "could not be started" in summary.cause
    assert "/no/such/python" in summary.cause


@pytest.mark.parametrize("kind", ["group", "setsid_deaf", "orphan_deaf"])
def test_children_do_not_outlive_the_run(new_run, kind):
    assert new_run("started", f"child:{kind}", "completed").finish().state is RunState.COMPLETED


def test_cancelled_before_the_launch(new_run):
    run = new_run("started")
    run.cancel()
    summary = run.finish()
    assert summary.state is RunState.CANCELLED
    assert summary.cause == "cancelled by ann: enough, before it was launched"
    assert run.events("launch") == []
    assert summary.workers[0].attempt == 0


def test_cancelled_while_it_runs(new_run, until):
    run = new_run("polite_term:143", "started", "sleep:600")
    run.start()
    until(lambda: run.log())
    run.cancel()
    summary = run.finish()
    assert (summary.state, summary.cause) == (RunState.CANCELLED, "cancelled by ann: enough")
    assert summary.exit.code == 143
    assert summary.workers[0].last_event == "run_cancelled"
    (signalled,) = run.events("signal")
    assert (signalled["signal"], signalled["to"], signalled["kind"]) == ("SIGTERM", "launcher", "cancel")


def test_cancelled_though_it_ignores_signals(new_run, until):
    run = new_run("ignore_term", "child:setsid_deaf", "started", "full_speed:600", limits={"shutdown_timeout_s": 0.5})
    run.start()
    until(lambda: run.log())
    run.cancel()
    summary = run.finish()
    assert (summary.state, summary.exit.signal) == (RunState.CANCELLED, 9)


def test_the_end_came_before_the_cancel(new_run, until):
    """The worker ended by itself while its proxy was stopped; the cancel came afterwards."""
    run = new_run("started", "wait_for:" + str(new_run("x").folder.path / "go"), "completed")
    proxy = run.start()
    until(lambda: run.log())
    proxy.send_signal(signal.SIGSTOP)
    go = next(word for word in run.plan.workers[0].argv if word.startswith("wait_for")).partition(":")[2]
    open(go, "w").close()
    until(run.folder.exit_record("a", 1).exists)
    run.cancel()
    proxy.send_signal(signal.SIGCONT)
    assert run.finish().state is RunState.COMPLETED


def test_one_proxy_at_a_time(new_run):
    run = new_run("started")
    lock = FileLock(run.folder.proxy_lock)
    assert lock.acquire()
    assert Proxy(run.folder, NoReporter()).run() == EXIT_LOCKED
    lock.release()


def test_sigterm_drains_and_a_successor_goes_on(new_run, until):
    run = new_run("started", "full_speed:0.5", "completed")
    proxy = run.start()
    until(lambda: run.log())
    proxy.terminate()
    assert proxy.wait(20) == EXIT_DRAINED
    assert run.started() is not None
    assert run.finish().state is RunState.COMPLETED
    assert len(run.events("proxy")) == 2
    assert len(run.events("launch")) == 1


def test_a_finished_run_is_left_as_it_is(new_run):
    run = new_run("started", "completed")
    first = run.finish()
    again = run.finish()
    assert (again.state, again.cause, again.ledger) == (first.state, first.cause, first.ledger)


class TestLimits:
    def test_startup(self, new_run):
        summary = new_run("sleep:600", limits={"startup_timeout_s": 0.5}).finish()
        assert (summary.state, summary.cause) == (
            RunState.FAILED,
            "hung at startup: neither output nor CPU time for 0.5 s",
        )
        assert summary.exit.signal == 15

    def test_hung(self, new_run):
        summary = new_run("started", "sleep:600", limits={"heartbeat_timeout_s": 0.5}).finish()
        assert (summary.state, summary.cause) == (RunState.FAILED, "hung: neither output nor CPU time for 0.5 s")

    def test_computing_is_not_hanging(self, new_run):
        limits = {"heartbeat_timeout_s": 2.0, "startup_timeout_s": 2.0}
        assert new_run("spin:5", "completed", limits=limits).finish().state is RunState.COMPLETED

    def test_heartbeat_lost_though_it_computes(self, new_run):
        summary = new_run("started", "heartbeat", "spin:600", limits={"heartbeat_timeout_s": 0.6}).finish()
        assert (summary.state, summary.cause) == (RunState.FAILED, "heartbeat lost: nothing printed for 0.6 s")

    def test_any_line_is_a_sign_of_life(self, new_run):
        words = ["heartbeat"] + ["sleep:0.5", "text:x"] * 8 + ["completed"]
        assert new_run(*words, limits={"heartbeat_timeout_s": 2.5}).finish().state is RunState.COMPLETED

    def test_wall_time(self, new_run):
        summary = new_run("started", "full_speed:600", limits={"wall_time_s": 0.5}).finish()
        assert (summary.state, summary.cause) == (RunState.FAILED, "wall-time limit of 0.5 s reached")


class TestAttempts:
    def test_a_failed_attempt_is_tried_again(self, new_run):
        run = new_run("started", "step:3", "first_attempt:exit:1", "completed", limits={"max_attempts": 3})
        summary = run.finish()
        assert (summary.state, summary.attempts) == (RunState.COMPLETED, 2)
        assert [event["state"] for event in run.events("state")] == [
            "starting", "running", "queued", "starting", "running", "completed",
        ]  # fmt: skip
        first, second = run.events("exit")
        assert (first["state"], first["exit"]["code"], second["state"]) == ("queued", 1, "completed")
        assert run.query("SELECT DISTINCT id >> 44 & 63 FROM steps ORDER BY 1") == [(1,), (2,)]

    def test_the_last_attempt_decides(self, new_run):
        summary = new_run("exit:5", limits={"max_attempts": 2}).finish()
        assert (summary.state, summary.attempts, summary.exit.code) == (RunState.FAILED, 2, 5)

    def test_a_new_attempt_resumes_from_the_last_checkpoint(self, new_run, home):
        config = {"mode": "train", "checkpoint_path": None, "lr": 0.1}
        run = new_run(
            "checkpoint:/ck/1", "checkpoint:/ck/2", "first_attempt:kill:9", "completed",
            configs={"a": config}, limits={"max_attempts": 2},
        )  # fmt: skip
        run.folder.worker_config("a").write_text(json.dumps(config))
        assert run.finish().state is RunState.COMPLETED
        read = json.loads(run.log(attempt=2).splitlines()[0])
        assert read == {"mode": "resume", "checkpoint_path": "/ck/2", "lr": 0.1}
        assert json.loads(run.folder.worker_config("a").read_text()) == config

    def test_cancelled_while_it_waits_for_the_next_attempt(self, new_run, until):
        run = new_run("exit:5", limits={"max_attempts": 9})
        run.start()
        until(lambda: run.events("exit"))
        run.cancel()
        assert run.finish().state is RunState.CANCELLED


class TestSeveralWorkers:
    def test_all_complete(self, new_run):
        workers = {f"w{n}": ["started", f"step:{n}", "completed"] for n in range(1, 5)}
        summary = new_run(workers=workers).finish()
        assert (summary.state, summary.cause) == (RunState.COMPLETED, "4 of 4 workers completed")
        assert [worker.steps for worker in summary.workers] == [1, 2, 3, 4]

    def test_fail_fast(self, new_run):
        workers = {"a": ["started", "sleep:600"], "b": ["started", "exit:2"], "c": ["started", "sleep:600"]}
        summary = new_run(workers=workers).finish()
        assert (summary.state, summary.cause) == (RunState.FAILED, "1 of 3 workers failed; b: exit code 2")
        assert summary.exit.code == 2
        a, b, c = summary.workers
        assert (a.state, b.state, c.state) == (RunState.CANCELLED, RunState.FAILED, RunState.CANCELLED)
        assert a.cause == c.cause == "stopped because worker b failed"

    def test_the_end_of_one_is_seen_while_another_never_stops_printing(self, new_run):
        workers = {"a": ["started", "murmur:600"], "b": ["started", "exit:2"], "c": ["started", "murmur:600"]}
        summary = new_run(workers=workers).finish()
        assert (summary.state, summary.cause) == (RunState.FAILED, "1 of 3 workers failed; b: exit code 2")

    def test_a_hung_one_is_stopped_while_another_never_stops_printing(self, new_run):
        workers = {"a": ["started", "murmur:600"], "b": ["started", "sleep:600"], "c": ["started", "murmur:600"]}
        summary = new_run(workers=workers, limits={"heartbeat_timeout_s": 1.5}).finish()
        assert summary.workers[1].cause == "hung: neither output nor CPU time for 1.5 s"

    def test_continue(self, new_run):
        workers = {"a": ["started", "sleep:1", "completed"], "b": ["started", "exit:2"]}
        summary = new_run(workers=workers, on_worker_failure="continue").finish()
        assert (summary.state, summary.cause) == (RunState.FAILED, "1 of 2 workers failed; b: exit code 2")
        assert [worker.state for worker in summary.workers] == [RunState.COMPLETED, RunState.FAILED]


def test_an_end_is_told_when_all_is_there(new_run, monkeypatch):
    monkeypatch.setattr(proxy, "REPORT_WATCHED_S", 0.0)
    code = "import os; open(os.environ['MOSAIC_RUN_ID'] + '_analytics.json', 'w').write('{}')"
    run = new_run(argv=[sys.executable, "-c", code])

    class Looker(Recorder):
        def report(self, summary: RunSummary) -> None:
            super().report(summary)
            assert run.folder.analytics.exists() or not summary.state.terminal

    looker = Looker()
    assert Proxy(run.folder, looker).run() == 0
    assert looker.reports[-1].state is RunState.COMPLETED


def test_manifests_are_merged(new_run, tmp_path):
    code = (
        "import json, os; name = os.environ['MOSAIC_RUN_ID'] + '_analytics.json';"
        "json.dump({'worker': os.environ['WORKER_ID']}, open(name, 'w'))"
    )
    run = new_run(workers={"a": [], "b": []}, argv=[sys.executable, "-c", code])
    run.finish()
    merged = json.loads(run.folder.analytics.read_text())
    assert merged["workers"] == {"a": {"worker": "a"}, "b": {"worker": "b"}}


def test_a_log_that_somebody_truncates_is_read_on_and_told(new_run, until, tmp_path):
    flag = tmp_path / "flag"
    run = new_run("started", "step:500", f"wait_for:{flag}", "step:20", "completed")
    run.start()
    until(lambda: run.log().count(b"\n") == 501)
    until(lambda: len(RunReader(run.folder).steps(limit=1000)) == 500)
    os.truncate(run.folder.stdout_log("a", 1), 0)
    until(lambda: run.events("truncated"))
    flag.touch()
    assert run.proxies[-1].wait(60) == 0, run.said()
    summary = read_summary(run.folder)
    assert (summary.state, summary.ledger.stored) == (RunState.COMPLETED, 522)
    (event,) = run.events("truncated")
    assert (event["worker_id"], event["attempt"], event["reason"]) == ("a", 1, "truncated")


def test_an_orphaned_run_is_completed_by_the_next_proxy(new_run, until):
    """Proxy and launcher gone, nobody there when the worker ends: its words are what is left."""
    run = new_run("started", "step:10", "completed")
    proxy = run.start()
    until(lambda: run.started())
    os.kill(run.pid("launcher"), signal.SIGKILL)
    proxy.kill()
    proxy.wait()
    until(lambda: run.log().endswith(b"}\n") and b"run_completed" in run.log())
    summary = run.finish()
    assert summary.state is RunState.COMPLETED
