"""The real supervisor over processes that exist in memory alone: no pid, no lock, no /proc."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from fake_processes import FakeMachine, FakeProvisioner

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.intents import write_cancel, write_pause
from gym_gui.runs.plan import Limits, RunPlan, WorkerPlan, save_plan
from gym_gui.runs.states import RunState
from gym_gui.runs.supervisor_log import read_events
from gym_gui.supervision.attempt_watch import AttemptWatch, LogFacts
from gym_gui.supervision.decide import MAX_LAUNCHES
from gym_gui.supervision.provisioner import Signal
from gym_gui.supervision.supervisor import Supervisor
from gym_gui.supervision.usage import UsageSampler

LIMITS = Limits(startup_timeout_s=60.0, heartbeat_timeout_s=300.0, shutdown_timeout_s=30.0)


class Scene:
    """One run, its machine, and the supervisor that it has now."""

    def __init__(self, folder: RunFolder, workers: str = "a", **plan: Any) -> None:
        self.folder = folder
        self.machine = FakeMachine()
        self.now = 0.0
        self.words: dict[tuple[str, int], LogFacts] = {}
        limits = plan.pop("limits", LIMITS)
        self.plan = RunPlan(
            run_id=folder.run_id,
            run_name="r",
            digest="",
            created_at=1.0,
            config={},
            workers=[
                WorkerPlan(worker_no=n, worker_id=name, worker_type="w", argv=["w"], pausable=True)
                for n, name in enumerate(workers, start=1)
            ],
            limits=limits,
            **plan,
        )
        folder.create()
        save_plan(folder, self.plan)
        self.replace_supervisor()

    def replace_supervisor(self) -> None:
        """As when the proxy was killed, and another one adopts the run."""
        self.provisioner = FakeProvisioner(self.machine)
        self.supervisor = Supervisor(self.folder, self.plan, self.provisioner, lambda: self.now)

    def step(self, seconds: float = 0.0) -> None:
        """Let time go by, a second at a time as a proxy would, and supervise."""
        for _ in range(int(seconds)):
            self.now += 1.0
            self.supervisor.step(self._log)
        for _ in range(3):  # to act, to see that it is over, and to judge the log that is closed then
            self.supervisor.step(self._log)

    def say(self, worker_id: str = "a", number: int = 1, **facts: Any) -> None:
        """Have the telemetry of an attempt tell something."""
        before = self.words.get((worker_id, number), LogFacts(drained=True))
        self.words[worker_id, number] = msgspec.structs.replace(before, **facts)

    def prints(self, worker_id: str = "a", number: int = 1) -> None:
        """Have a worker write a line."""
        with self.folder.stdout_log(worker_id, number).open("a") as log:
            log.write("{}\n")

    def _log(self, plan: WorkerPlan, watch: AttemptWatch) -> LogFacts:
        said = self.words.get((plan.worker_id, watch.number), LogFacts(drained=True))
        return msgspec.structs.replace(said, closed=watch.over)

    @property
    def state(self) -> RunState:
        return self.supervisor.history.state

    @property
    def cause(self) -> str:
        return self.supervisor.history.cause

    def events(self, name: str) -> list[dict[str, Any]]:
        return [event for event in read_events(self.folder.supervisor_log) if event["event"] == name]


@pytest.fixture
def new_scene(home: Any, make_run_id: Callable[[], str]) -> Callable[..., Scene]:
    def make(workers: str = "a", **plan: Any) -> Scene:
        return Scene(RunFolder.of(home, make_run_id()), workers, **plan)

    return make


@pytest.fixture
def running(new_scene: Callable[..., Scene]) -> Scene:
    """A run whose worker runs."""
    scene = new_scene()
    scene.step()
    scene.machine.of().begin()
    scene.step()
    assert scene.state is RunState.RUNNING
    return scene


def test_from_the_start_to_the_end(new_scene: Callable[..., Scene]) -> None:
    scene = new_scene()
    scene.step()
    assert scene.state is RunState.STARTING
    assert scene.events("launch")[0]["cause"] == "task on m1"
    assert scene.events("launch")[0]["launcher"] == {"machine": "m1", "task": "a/1"}
    scene.machine.of().begin()
    scene.step()
    assert scene.state is RunState.RUNNING
    scene.say(heartbeat_seen=True, run_started=True)
    scene.prints()
    scene.step(10)
    scene.say(final_event="run_completed")
    scene.machine.of().end(0)
    scene.step()
    assert (scene.state, scene.cause) == (RunState.COMPLETED, "exit code 0")
    assert scene.supervisor.ended
    assert scene.machine.released == [("a", 1)]


def test_a_crash_is_followed_by_another_attempt(new_scene: Callable[..., Scene]) -> None:
    scene = new_scene(limits=msgspec.structs.replace(LIMITS, max_attempts=2))
    scene.step()
    scene.machine.of().begin().end(None, 11)
    scene.step()
    assert scene.supervisor.history.workers["a"].state is RunState.QUEUED
    assert scene.machine.started == [("a", 1)]  # not before a second has passed
    scene.step(2)
    assert scene.machine.started == [("a", 1), ("a", 2)]
    assert ("a", 1) in scene.machine.released
    scene.machine.of(number=2).begin().end(3)
    scene.step()
    assert (scene.state, scene.cause) == (RunState.FAILED, "exit code 3")


def test_a_cancelled_worker_is_told_to_stop_and_obeys(running: Scene) -> None:
    write_cancel(running.folder, by="ann", reason="enough")
    running.step()
    assert running.machine.of().signals == [Signal.STOP]
    assert running.state is RunState.CANCELLED
    assert running.cause == "cancelled by ann: enough"


def test_one_that_does_not_obey_is_killed(running: Scene) -> None:
    running.machine.of().obeys = False
    write_cancel(running.folder, by="ann", reason="")
    running.step(30)
    assert running.machine.of().signals == [Signal.STOP]
    running.step(10)
    assert running.machine.of().signals == [Signal.STOP, Signal.KILL]
    assert running.state is RunState.CANCELLED
    assert [event["signal"] for event in running.events("signal")] == ["SIGTERM", "SIGKILL"]
    assert [event["to"] for event in running.events("signal")] == ["launcher", "worker"]


def test_a_cancelled_run_is_never_started(new_scene: Callable[..., Scene]) -> None:
    scene = new_scene()
    write_cancel(scene.folder, by="ann", reason="")
    scene.step()
    assert scene.state is RunState.CANCELLED
    assert scene.machine.started == []


def test_a_worker_that_hangs_is_stopped(running: Scene) -> None:
    running.prints()
    running.step(300)
    assert running.machine.of().signals == []
    running.step(5)
    assert running.machine.of().signals == [Signal.STOP]
    assert (running.state, running.cause) == (RunState.FAILED, "hung: neither output nor CPU time for 300 s")


def test_one_that_computes_does_not_hang(running: Scene) -> None:
    running.prints()
    usage = UsageSampler(LIMITS, lambda: running.now, running.provisioner)
    for _ in range(80):
        running.machine.of().cpu_seconds += 1.0
        usage.sample(watch for _, watch in running.supervisor.live_watches())
        running.step(5)
    assert usage.latest["a"].cpu_seconds == 80.0
    assert running.state is RunState.RUNNING


def test_a_lost_heartbeat_is_told(running: Scene) -> None:
    running.say(heartbeat_seen=True)
    running.prints()
    running.step(305)
    assert running.cause == "heartbeat lost: nothing printed for 300 s"


def test_a_pause_stops_its_processes_and_all_clocks(running: Scene) -> None:
    running.prints()
    write_pause(running.folder, paused=True, by="ann", reason="")
    running.step()
    assert running.machine.of().stopped
    assert running.state is RunState.PAUSED
    assert running.provisioner.seen[-1].paused
    running.step(1000)
    assert running.state is RunState.PAUSED
    running.machine.of().stopped = False  # somebody else continued it
    running.step(1)
    assert running.machine.of().stopped
    write_pause(running.folder, paused=False, by="ann", reason="")
    running.step()
    assert not running.machine.of().stopped
    assert running.state is RunState.RUNNING


def test_a_successor_adopts_what_runs(running: Scene) -> None:
    running.replace_supervisor()
    running.step()
    assert running.machine.started == [("a", 1)]
    assert running.provisioner.seen[0].handle == {"machine": "m1", "task": "a/1"}
    assert (running.provisioner.seen[0].launches, running.provisioner.seen[0].started) == (1, True)
    running.machine.of().end(0)
    running.step()
    assert running.state is RunState.COMPLETED


def test_a_successor_sees_an_end_that_nobody_saw(running: Scene) -> None:
    running.machine.of().end(0)
    running.replace_supervisor()
    running.step()
    assert running.state is RunState.COMPLETED


def test_what_a_predecessor_started_and_could_not_write_down_is_not_started_twice(
    new_scene: Callable[..., Scene],
) -> None:
    scene = new_scene()
    scene.provisioner.start(scene.supervisor.watch(scene.plan.workers[0]).attempt, None)
    scene.machine.of().begin()
    scene.replace_supervisor()
    scene.step()
    assert scene.machine.started == [("a", 1)]
    assert scene.events("launch")[0]["cause"] == "launched before"
    assert scene.state is RunState.RUNNING


def test_a_stop_that_a_predecessor_wrote_down_is_sent_again(running: Scene) -> None:
    running.machine.of().obeys = False
    write_cancel(running.folder, by="ann", reason="")
    running.step()
    running.replace_supervisor()
    running.machine.of().obeys = True
    running.step()
    assert running.machine.of().signals == [Signal.STOP, Signal.STOP]
    assert running.state is RunState.CANCELLED
    assert len(running.events("signal")) == 1


def test_what_a_killed_launcher_leaves_behind_is_killed(running: Scene) -> None:
    running.machine.of().lose_launcher()
    running.step(5)
    assert running.state is RunState.RUNNING
    running.machine.of().worker, running.machine.of().survivors = False, 2
    running.step(2)
    assert Signal.KILL in running.machine.of().signals
    assert (running.state, running.cause) == (RunState.FAILED, "exit unknown: its launcher was killed")


def test_a_launcher_that_never_starts_its_worker_is_tried_again_and_given_up(new_scene: Callable[..., Scene]) -> None:
    scene = new_scene()
    for _ in range(MAX_LAUNCHES):
        scene.step()
        scene.machine.of().lose_launcher()
    scene.step()
    assert len(scene.machine.started) == MAX_LAUNCHES
    assert scene.state is RunState.FAILED
    assert "its launcher died 3 times" in scene.cause


def test_a_refused_start_is_tried_again(new_scene: Callable[..., Scene]) -> None:
    scene = new_scene()
    scene.machine.refusal = OSError(errno.EAGAIN, "no process to be had")
    scene.step()
    assert "cannot start a launcher: [Errno 11] no process to be had" in scene.events("launch")[0]["cause"]
    scene.machine.refusal = None
    scene.step(2)
    assert scene.machine.started == [("a", 1)]


def test_a_full_disk_refuses_without_counting(new_scene: Callable[..., Scene]) -> None:
    scene = new_scene()
    scene.machine.refusal = OSError(errno.ENOSPC, "full")
    scene.step(20)
    assert scene.events("launch") == []
    assert scene.state is RunState.QUEUED


def test_when_one_fails_the_others_are_stopped(new_scene: Callable[..., Scene]) -> None:
    scene = new_scene("ab")
    scene.step()
    for name in "ab":
        scene.machine.of(name).begin()
    scene.step()
    scene.machine.of("a").end(1)
    scene.step()
    assert scene.machine.of("b").signals == [Signal.STOP]
    assert scene.state is RunState.FAILED
    assert scene.supervisor.history.workers["b"].cause == "stopped because worker a failed"


class TestLostMachine:
    """A machine that does not answer: what runs there may run on, and is not taken for dead."""

    def test_nothing_is_taken_for_dead_nor_started_again(self, running: Scene) -> None:
        running.prints()
        running.machine.silent = "m1 does not answer"
        running.step(10_000)
        assert running.state is RunState.RUNNING
        assert running.machine.started == [("a", 1)]
        assert running.machine.of().signals == []
        assert running.supervisor.note == "worker a cannot be observed: m1 does not answer"
        assert not running.supervisor.hurried

    def test_its_silence_is_no_sign_of_a_hang(self, running: Scene) -> None:
        running.prints()
        running.step(200)
        running.machine.silent = "m1 does not answer"
        running.step(1000)
        running.machine.silent = ""
        running.step(50)
        assert running.state is RunState.RUNNING
        running.step(100)
        assert running.state is RunState.FAILED

    def test_what_ended_meanwhile_is_seen_when_it_answers(self, running: Scene) -> None:
        running.machine.silent = "m1 does not answer"
        running.step(10)
        running.machine.of().end(0)
        running.step(10)
        assert running.state is RunState.RUNNING
        running.machine.silent = ""
        running.step()
        assert running.state is RunState.COMPLETED
        assert running.supervisor.note == ""

    def test_an_end_that_was_seen_halfway_waits_too(self, running: Scene) -> None:
        there = running.machine.of()
        there.end(1)
        there.launcher = True  # it still ends what the worker left behind
        running.step()
        running.machine.silent = "m1 does not answer"
        running.step(100)
        there.launcher = False
        running.step(100)
        assert running.state is RunState.RUNNING
        running.machine.silent = ""
        running.step(2)
        assert running.state is RunState.FAILED

    def test_a_successor_does_not_take_it_for_dead_either(self, running: Scene) -> None:
        running.machine.silent = "m1 does not answer"
        running.replace_supervisor()
        running.step(100)
        assert running.state is RunState.RUNNING
        assert running.machine.started == [("a", 1)]

    def test_a_cancellation_waits_for_it(self, running: Scene) -> None:
        running.machine.silent = "m1 does not answer"
        write_cancel(running.folder, by="ann", reason="")
        running.step(100)
        assert running.state is RunState.RUNNING
        assert [event["to"] for event in running.events("signal")] == ["elsewhere"]
        running.machine.silent = ""
        running.step(1)
        assert running.machine.of().signals == [Signal.STOP]
        assert running.state is RunState.CANCELLED

    def test_what_is_queued_is_not_started_there(self, new_scene: Callable[..., Scene]) -> None:
        scene = new_scene()
        scene.machine.silent = "m1 does not answer"
        scene.step(100)
        assert scene.state is RunState.QUEUED
        assert scene.machine.started == []
        scene.machine.silent = ""
        scene.step(1)
        assert scene.machine.started == [("a", 1)]

    def test_a_pause_waits_for_it(self, running: Scene) -> None:
        running.machine.silent = "m1 does not answer"
        write_pause(running.folder, paused=True, by="ann", reason="")
        running.step(10)
        assert running.state is RunState.RUNNING
        running.machine.silent = ""
        running.step(1)
        assert running.state is RunState.PAUSED
