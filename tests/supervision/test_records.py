"""What supervision writes down and reads back: the log, the history in it, the summary of it."""

from __future__ import annotations

import json
import os
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import MosaicError
from gym_gui.proxy.manifests import merge_manifests
from gym_gui.proxy.summary import Supervision, read_summary, summarize
from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.private_files import forget_secrets, secret_files
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import Ledger
from gym_gui.runs.supervisor_log import SupervisorLog, read_events
from gym_gui.supervision.activity import LONGEST_TICK_S, SAMPLE_PATIENCE_S, Activity
from gym_gui.supervision.attempt_watch import LogFacts
from gym_gui.supervision.facts import StopKind, Usage
from gym_gui.supervision.history import RunHistory, read_history
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.supervision.journal import Journal
from gym_gui.supervision.launch import build_spec
from gym_gui.supervision.local_provisioner import LocalProvisioner
from gym_gui.supervision.process_usage import sample_usage
from gym_gui.supervision.supervisor import Supervisor
from gym_gui.supervision.worker_config import resuming_argv


@pytest.fixture
def folder(home, make_run_id) -> RunFolder:
    made = RunFolder.of(home, make_run_id())
    made.create()
    return made


@pytest.fixture
def plan(folder) -> RunPlan:
    workers = [
        WorkerPlan(worker_no=n, worker_id=name, worker_type="bad", argv=["true"], seed=3, target_steps=10)
        for n, name in enumerate("ab", start=1)
    ]
    made = RunPlan(
        run_id=folder.run_id, run_name="r", digest="d", created_at=1.0, config={}, workers=workers, tags=["t"]
    )
    save_plan(folder, made)
    return made


class TestSupervisorLog:
    def test_what_is_written_is_read(self, folder):
        log = SupervisorLog(folder.supervisor_log)
        written = [log.append("state", state="starting", cause="é\n"), log.append("launch", worker_id="a")]
        log.close()
        assert read_events(folder.supervisor_log) == written
        assert all(event["at"] > 0 for event in written)

    @given(cut=st.integers(1, 40))
    def test_a_torn_line_is_closed_and_passed_over(self, tmp_path_factory, cut):
        path = tmp_path_factory.mktemp("log") / "supervisor.jsonl"
        log = SupervisorLog(path)
        log.append("first")
        log.append("second", cause="long enough to be cut")
        log.close()
        os.truncate(path, path.stat().st_size - cut)
        log = SupervisorLog(path)
        log.append("third")
        log.close()
        names = [event["event"] for event in read_events(path)]
        assert names[0] == "first"
        assert names[-1] == "third"

    def test_no_log_has_no_events(self, tmp_path):
        assert read_events(tmp_path / "none") == []

    def test_lines_that_are_no_events_are_passed_over(self, tmp_path):
        path = tmp_path / "log"
        path.write_bytes(b'[1]\n{"no": 1}\n\xff\n{"event": 3}\n{"event": "state"}\n')
        assert read_events(path) == [{"event": "state"}]


@pytest.mark.parametrize(
    "event",
    [
        {"event": "state", "state": "of a later version", "at": 1.0},
        {"event": "state", "at": 1.0},
        {"event": "state", "state": "running"},
        {"event": "launch", "worker_id": "a", "attempt": "first", "at": 1.0},
        {"event": "launch", "worker_id": "a", "attempt": 1, "launcher": 7, "at": 1.0},
        {"event": "signal", "worker_id": "a", "kind": "unheard of", "at": 1.0},
        {"event": "exit", "worker_id": "a", "exit": [1], "at": 1.0},
        {"event": "exit", "worker_id": ["a"], "at": 1.0},
    ],
)
def test_an_event_that_nobody_here_wrote_is_told_with_its_place(folder, event):
    lines = [{"event": "proxy", "pid": 1, "at": 1.0}, event]
    folder.supervisor_log.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(MosaicError, match=f"supervisor log of run {folder.run_id} cannot be read") as caught:
        read_history(folder.supervisor_log, ["a"])
    assert f"event 2 ({event['event']})" in caught.value.where
    assert caught.value.why
    assert caught.value.next_step


def test_the_journal_keeps_what_the_disk_refuses(folder, plan):
    journal = Journal(folder, plan)
    descriptor = journal._log._descriptor
    full = os.open("/dev/full", os.O_WRONLY)
    kept = os.dup(descriptor)
    os.dup2(full, descriptor)
    os.close(full)
    journal.record("state", state="starting", cause="x")
    assert journal.history.state is RunState.STARTING
    assert journal.flush() is False
    assert read_events(folder.supervisor_log) == []
    os.dup2(kept, descriptor)
    os.close(kept)
    assert journal.flush() is True
    journal.close()
    (event,) = read_events(folder.supervisor_log)
    assert event["state"] == "starting"


class TestHistory:
    def test_the_story_of_a_worker(self):
        own = msgspec.to_builtins(ProcessIdentity.own())
        history = RunHistory(["a"])
        for event in [
            {"event": "proxy", "pid": 1, "at": 1.0},
            {"event": "launch", "worker_id": "a", "attempt": 1, "state": "starting", "launcher": own, "at": 2.0},
            {"event": "state", "state": "starting", "at": 2.0},
            {"event": "started", "worker_id": "a", "attempt": 1, "state": "running", "pid": 9, "at": 3.0},
            {"event": "state", "state": "running", "at": 3.0},
            {"event": "signal", "worker_id": "a", "attempt": 1, "kind": "limit", "cause": "hung", "at": 4.0},
            {"event": "signal", "worker_id": "a", "attempt": 1, "kind": "cancel", "cause": "late", "at": 5.0},
            {"event": "exit", "worker_id": "a", "attempt": 1, "state": "queued", "cause": "hung", "at": 6.0,
             "exit": {"code": None, "signal": 9, "reason": "terminated"}},
        ]:  # fmt: skip
            history.apply(event)
        worker = history.workers["a"]
        assert (worker.state, worker.attempt, worker.of(1).launches) == (RunState.QUEUED, 2, 1)
        assert worker.of(1).stop == (StopKind.LIMIT, "hung", 4.0)
        assert worker.of(1).launcher == own
        assert worker.exit is not None
        assert worker.exit.signal == 9
        assert (history.started_at, history.proxies) == (3.0, 1)

    def test_a_run_does_not_end_before_it_begins_however_late_its_beginning_is_observed(self):
        events = [
            {"event": "started", "worker_id": "a", "attempt": 1, "at": 2.0, "started_at": 1.0},
            {"event": "state", "state": "running", "cause": "x", "at": 3.0},
            {"event": "exit", "worker_id": "a", "attempt": 1, "at": 3.5, "ended_at": 2.5, "code": 0},
            {"event": "state", "state": "completed", "cause": "exit code 0", "at": 4.0},
        ]
        history = RunHistory(["a"], events)
        assert (history.started_at, history.ended_at) == (2.5, 2.5)

    def test_terminal_states_never_change(self):
        history = RunHistory(["a"], [{"event": "state", "state": "lost", "cause": "x", "at": 1.0}])
        history.apply({"event": "state", "state": "running", "cause": "y", "at": 2.0})
        assert (history.state, history.cause, history.ended_at) == (RunState.LOST, "x", 1.0)

    def test_what_it_does_not_know_changes_nothing(self):
        history = RunHistory(["a"], [{"event": "new", "at": 1.0}, {"event": "exit", "worker_id": "z", "at": 1.0}])
        assert history.state is RunState.QUEUED

    def test_an_end_without_attempt_written_where_no_supervisor_lives(self):
        events = [
            {"event": "exit", "worker_id": "a", "state": "cancelled", "cause": "x", "at": 1.0},
            {"event": "state", "state": "cancelled", "cause": "x", "at": 1.0},
        ]
        history = RunHistory(["a"], events)
        assert history.workers["a"].state is history.state is RunState.CANCELLED
        assert not any(attempt.launches for attempt in history.workers["a"].attempts.values())


class TestActivity:
    def test_output_and_cpu_time_are_life(self):
        activity = Activity()
        activity.update(0.0, 0, 0, None)
        activity.update(4.0, 0, 0, None)
        assert (activity.quiet_s, activity.idle_s, activity.output_seen) == (4.0, 4.0, False)
        activity.update(5.0, 0, 0, 1.0)
        assert (activity.quiet_s, activity.idle_s) == (5.0, 0.0)
        activity.update(6.0, 0, 7, 1.0)
        assert (activity.quiet_s, activity.idle_s, activity.output_seen) == (0.0, 0.0, True)
        activity.update(7.0, 0, 3, 1.0)  # truncated: somebody did something
        assert activity.quiet_s == 0.0

    def test_time_in_which_nobody_looked_is_no_silence(self):
        activity = Activity()
        activity.update(0.0, 1, 0, None)
        activity.update(1000.0, 1, 0, None)
        assert activity.quiet_s == LONGEST_TICK_S

    def test_idle_is_who_was_sampled_so(self):
        """On a busy machine a look may come long before the next sample."""
        activity = Activity()
        activity.update(0.0, 1, 0, 1.0)
        activity.update(4.0, 1, 0, 1.0, sampled=False)
        assert (activity.quiet_s, activity.idle_s) == (4.0, 0.0)
        activity.update(5.0, 1, 0, 1.0)
        assert activity.idle_s == 5.0
        activity.update(9.0, 1, 0, 1.0, sampled=False)
        activity.update(10.0, 1, 0, 1.5)
        assert activity.idle_s == 0.0

    def test_without_samples_it_is_judged_all_the_same(self):
        activity = Activity()
        activity.update(0.0, 1, 0, 1.0)
        for second in range(1, 30):
            activity.update(float(second), 1, 0, 1.0, sampled=False)
        assert activity.idle_s > SAMPLE_PATIENCE_S


class TestSpec:
    def test_the_environment_of_a_worker(self, folder, plan):
        spec = build_spec(folder, plan, plan.workers[0], 2)
        environment = spec["env"]
        assert environment["MOSAIC_RUN_ID"] == folder.run_id
        assert environment["WORKER_ID"] == "a"
        assert (environment["MOSAIC_SEED"], environment["MOSAIC_ATTEMPT"]) == ("3", "2")
        assert environment["MOSAIC_LOG"] == spec["stdout"] == str(folder.stdout_log("a", 2))
        assert environment["MOSAIC_HOME"] == str(folder.path.parent.parent)
        assert spec["cwd"] == str(folder.work("a"))
        assert "PYTHONUNBUFFERED" in spec["unset"]

    def test_a_worker_that_cannot_resume_begins_anew(self, folder, plan):
        assert resuming_argv(folder, plan.workers[0], 2, "/ck") is None

    def test_an_attempt_that_resumes_reads_its_secrets_too(self, folder, plan):
        private = folder.private_config("a")
        worker = msgspec.structs.replace(
            plan.workers[0],
            argv=["python", "--config", str(private)],
            config={"mode": "train", "checkpoint_path": None, "api_key": "${secret}"},
            secrets=["TOKEN"],
        )
        write_json_atomic(private, {"mode": "train", "checkpoint_path": None, "api_key": "sk-1"})
        argv = resuming_argv(folder, worker, 2, "/ck")
        again = private.with_name(f"{private.stem}.a2.json")
        assert argv == ["python", "--config", str(again)]
        assert json.loads(again.read_bytes()) == {"mode": "resume", "checkpoint_path": "/ck", "api_key": "sk-1"}
        assert again.stat().st_mode & 0o777 == 0o600
        spec = build_spec(folder, plan, worker, 2, argv)
        assert spec["secrets"] == str(folder.secrets("a"))
        assert "sk-1" not in json.dumps(spec)
        assert set(secret_files(folder)) == {private, again}
        forget_secrets(folder)
        assert secret_files(folder) == []


class TestManifests:
    def test_of_all_workers_wherever_they_are(self, folder, plan):
        for name in "ab":
            folder.work(name).mkdir(parents=True)
        (folder.work("a") / f"{plan.run_id}_analytics.json").write_text('{"run_id": "x"}')
        (folder.path / f"{plan.run_id}_analytics.json").write_text('{"metadata": {"worker_id": "b"}}')
        merged = merge_manifests(folder, plan)
        assert merged["workers"] == {"a": {"run_id": "x"}, "b": {"metadata": {"worker_id": "b"}}}
        assert json.loads(folder.analytics.read_text()) == merged
        assert merge_manifests(folder, plan) == merged

    @pytest.mark.parametrize("text", ["{", "[1]", "\udcff", "[" * 100_000])
    def test_a_broken_manifest_is_told_and_breaks_nothing(self, folder, plan, text):
        folder.work("a").mkdir(parents=True)
        (folder.work("a") / "analytics.json").write_bytes(text.encode("utf-8", "surrogateescape"))
        assert "error" in merge_manifests(folder, plan)["workers"]["a"]

    def test_the_folder_can_be_moved(self, folder, plan):
        folder.work("a").mkdir(parents=True)
        artifacts = {"tensorboard": str(folder.tensorboard("a")), "plots": [f"{folder.path}/p.png", "/elsewhere/q.png"]}
        (folder.work("a") / "analytics.json").write_text(json.dumps({"artifacts": artifacts}))
        merged = merge_manifests(folder, plan)["workers"]["a"]["artifacts"]
        assert merged == {"tensorboard": "tensorboard/a", "plots": ["p.png", "/elsewhere/q.png"]}

    def test_none(self, folder, plan):
        assert merge_manifests(folder, plan)["workers"] == {}


class TestSummary:
    def test_a_run_that_nobody_has_touched(self, folder, plan):
        summary = read_summary(folder)
        assert (summary.state, summary.attempts, summary.proxy_pid) == (RunState.QUEUED, 0, None)
        assert (summary.target_steps, summary.tags, summary.created_at) == (20, ["t"], 1.0)
        assert [worker.worker_id for worker in summary.workers] == ["a", "b"]

    def test_a_folder_without_a_run(self, tmp_path):
        with pytest.raises(MosaicError):
            read_summary(RunFolder(tmp_path))

    def test_a_database_that_cannot_be_read_does_not_hide_the_state(self, folder, plan):
        folder.database.write_bytes(b"rubbish" * 1000)
        SupervisorLog(folder.supervisor_log).append("state", state="running", cause="x")
        summary = read_summary(folder)
        assert summary.state is RunState.RUNNING
        assert "telemetry.db" in summary.cause

    def test_the_exit_of_the_first_that_failed_stands_for_the_run(self, plan):
        def ended(worker_id, state, code, at):
            exit_ = {"code": code, "signal": None, "reason": "exited"}
            return {"event": "exit", "worker_id": worker_id, "attempt": 1, "state": state, "exit": exit_, "at": at}

        end = {"event": "state", "state": "failed", "at": 9.0}
        history = RunHistory("ab", [ended("a", "failed", 3, 5.0), ended("b", "completed", 0, 6.0), end])
        supervision = Supervision(history=history, usage={"a": Usage(1.0, 2)})
        summary = summarize(plan, [], Ledger(), supervision)
        assert summary.exit is not None
        assert summary.exit.code == 3
        history = RunHistory("ab", [ended("a", "completed", 0, 7.0), ended("b", "completed", 4, 6.0), end])
        summary = summarize(plan, [], Ledger(), Supervision(history=history))
        assert summary.exit is not None
        assert summary.exit.code == 0


def test_usage_of_this_process_and_of_none():
    usage = sample_usage([os.getpid(), 2**22 + 1])
    assert list(usage) == [os.getpid()]
    assert usage[os.getpid()].cpu_seconds > 0
    assert usage[os.getpid()].memory_bytes > 1 << 20
    assert sample_usage([]) == {}


@pytest.mark.parametrize(
    ("ago", "left"), [(0.0, (3.0, 4.0)), (3.0, (0.0, 1.0)), (3600.0, (0.0, 0.0)), (-3600.0, (4.0, 4.0))]
)
def test_a_successor_waits_out_what_is_left_before_the_next_attempt(folder, plan, ago, left):
    """Whatever the clock has done meanwhile, not longer than the wait was to last."""
    log = SupervisorLog(folder.supervisor_log)
    for attempt in (1, 2, 3):
        log.append("launch", worker_id="a", attempt=attempt, state="starting")
        ended = {"state": "queued", "cause": "x", "at": time.time() - ago}
        log.append("exit", worker_id="a", attempt=attempt, **ended)
    log.close()
    supervisor = Supervisor(folder, plan, LocalProvisioner(folder, plan, lambda: 100.0), lambda: 100.0)
    waits = {worker.worker_id: worker.retry_in_s for worker in supervisor.facts(lambda *_: LogFacts()).workers}
    supervisor.close()
    assert waits["b"] == 0.0
    assert left[0] <= waits["a"] <= left[1]
