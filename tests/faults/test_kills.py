"""kill -9 of each process in each phase of a run: the right state with the right reason, and nothing is lost."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from gym_gui.runs.states import RunState
from gym_gui.supervision.processes import holding_processes

C, F, X = RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED
PHASES = ("queued", "starting", "first_line", "full_speed", "at_exit", "cancelling")
#: Who is killed, and what of the run is left to see its end.
VICTIMS = {
    "worker": ("worker",),
    "launcher": ("launcher",),
    "proxy": ("proxy",),
    "daemon": ("daemon",),
    "proxy+daemon": ("proxy", "daemon"),
    "all": ("worker", "launcher", "proxy", "daemon"),
    "worker+launcher": ("worker", "launcher"),
    "proxy+launcher": ("proxy", "launcher"),
    "proxy+worker": ("proxy", "worker"),
}
#: One cell of each victim and each phase: run by every `make test`.
SLICE = {
    ("daemon", "queued"),
    ("proxy+daemon", "starting"),
    ("worker", "first_line"),
    ("launcher", "full_speed"),
    ("proxy", "at_exit"),
    ("all", "cancelling"),
}


def expected(victims: tuple[str, ...], phase: str) -> dict[RunState, str]:
    """Return in which states the run may end, and what its cause then tells.

    There are two where the victim may have got its work done just before it was killed.
    """
    if phase == "cancelling":
        return {X: "cancelled by"}
    if "launcher" not in victims:
        if "worker" not in victims:
            return {C: "exit code 0"}
        return {F: "killed by SIGKILL", **({C: "exit code 0"} if phase == "at_exit" else {})}
    if phase == "at_exit":
        return {C: ""}  # run_completed was printed; whether somebody saw the exit code is a matter of luck
    if phase == "starting":
        return {F: "exit unknown", C: ""} if "worker" in victims else {C: ""}
    return {F: "exit unknown"} if "worker" in victims else {C: "exit code unknown"}


def cells():
    for name in VICTIMS:
        for phase in PHASES:
            marks = [] if (name, phase) in SLICE else [pytest.mark.fault]
            if phase == "queued" and not {"proxy", "daemon"} & set(VICTIMS[name]):
                marks.append(pytest.mark.skip(reason="while a run is queued it has neither launcher nor worker"))
            elif phase == "queued" and name in ("proxy+launcher", "proxy+worker"):
                marks.append(pytest.mark.skip(reason="while a run is queued this is the cell of the proxy alone"))
            yield pytest.param(name, phase, marks=marks)


def words(phase: str, flag: Path) -> list[str]:
    if phase == "cancelling":
        return ["ignore_term", "child:setsid_deaf", "started", "full_speed:600"]
    return ["started", "child:orphan_deaf", "full_speed:0.7", "completed", f"touch:{flag}"]


def reach(run, phase: str, flag: Path, until) -> None:
    """Wait until the run is in a phase."""
    if phase == "starting":
        until(run.folder.started_record("a", 1).exists)
    elif phase == "first_line":
        until(lambda: run.log() and run.started())
    elif phase == "full_speed":
        until(lambda: len(run.log()) > 200_000 and run.started())
    elif phase == "at_exit":
        until(flag.exists)
    else:
        until(lambda: run.log() and run.started())
        run.cancel()
        until(lambda: run.events("signal"))


@pytest.mark.parametrize(("name", "phase"), list(cells()))
def test_kill(cluster, until, tmp_path, monkeypatch, name, phase):
    victims = VICTIMS[name]
    if phase == "queued":
        if "proxy" in victims and name != "all":
            kill_between_attempts(cluster, until, victims)
        else:
            kill_in_the_queue(cluster, until, tmp_path, monkeypatch)
        return
    flag = tmp_path / "flag"
    run = cluster.submit(*words(phase, flag))
    reach(run, phase, flag, until)
    kill(cluster, run, victims, phase, until)
    summary = cluster.wait(run)
    allowed = expected(victims, phase)
    assert summary.state in allowed, summary.cause
    assert allowed[summary.state] in summary.cause
    assert len(run.events("exit")) == 1
    if phase == "full_speed":
        assert summary.ledger.lines > 1000


def kill(cluster, run, victims, phase, until) -> None:
    """Kill from the outside in: who would replace a victim dies before it."""
    daemon, proxy, launcher = cluster.daemon_pid(), run.victim("proxy"), run.victim("launcher")
    for name, pid in (("daemon", daemon), ("proxy", proxy), ("launcher", launcher)):
        if name in victims:
            assert pid is not None
            cluster.kill(pid)
    if "worker" in victims:
        # A launcher that was killed as it started may never have spawned it.
        found = run.victim("worker") if "launcher" in victims else until(lambda: run.victim("worker"))
        cluster.kill(found)


def kill_in_the_queue(cluster, until, tmp_path, monkeypatch) -> None:
    """The run waits for a slot: nothing of it lives. The daemon dies, and the next one starts it."""
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "1")
    flag = tmp_path / "go"
    first = cluster.submit("started", f"wait_for:{flag}", "completed")
    run = cluster.submit("started", "step:20", "completed")
    assert run.summary().state is RunState.QUEUED
    cluster.kill(cluster.daemon_pid())
    until(lambda: cluster.daemon_pid() is None)
    assert not run.folder.supervisor_log.exists()
    flag.touch()
    summary = cluster.wait(run)
    assert (summary.state, summary.ledger.stored) == (C, 22)
    assert cluster.wait(first).state is C


def kill_between_attempts(cluster, until, victims) -> None:
    """The run waits for its next attempt: the proxy counts the time."""
    run = cluster.submit("started", "step:20", "first_attempt:exit:1", "completed", limits={"max_attempts": 2})
    until(lambda: run.summary().state is RunState.QUEUED and run.events("exit"))
    for name, pid in (("daemon", cluster.daemon_pid()), ("proxy", run.victim("proxy"))):
        if name in victims:
            cluster.kill(pid)
    summary = cluster.wait(run)
    assert (summary.state, summary.attempts, summary.ledger.stored) == (C, 2, 43)
    assert [event["attempt"] for event in run.events("launch")] == [1, 2]


@pytest.mark.fault
@pytest.mark.parametrize(
    "victims", [("launcher",), ("proxy", "launcher"), ("daemon", "proxy", "launcher")], ids="+".join
)
def test_a_launcher_killed_as_it_begins(cluster, until, tmp_path, victims):
    """Whether its worker was on record by then or not: the worker runs once, to its end."""
    go = tmp_path / "go"
    run = cluster.submit("started", "step:20", f"wait_for:{go}", "completed")
    pids = {"daemon": cluster.daemon_pid(), "launcher": until(lambda: launcher_of(run))}
    until(lambda: run.victim("proxy"))
    for name in victims:
        cluster.kill(pids.get(name) or run.victim("proxy"))
    go.touch()
    summary = cluster.wait(run)
    assert (summary.state, summary.attempts, summary.ledger.stored) == (C, 1, 22), summary.cause


def launcher_of(run) -> int | None:
    """The launcher, before anything is on record of it: who holds the launch lock and is one."""
    for process in holding_processes(run.folder.launch_lock("a", 1), ()):
        with contextlib.suppress(OSError):
            if b"launcher.py" in Path(f"/proc/{process.pid}/cmdline").read_bytes():
                return process.pid
    return None
