"""Runs from submission to their end, through real daemons, proxies, launchers and workers."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.analysis.queries import list_runs
from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import daemon_status, stop_daemon
from gym_gui.rpc.start import start_daemon
from gym_gui.runs.filter import RunFilter
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.telemetry.verify import verify_run
from gym_gui.trainer.finalize import is_finished
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.registry_reader import open_registry_readonly

Config = Callable[..., dict[str, Any]]


def until_state(client: TrainerClient, run_id: str, state: RunState) -> RunSummary:
    for run in client.watch([run_id]):
        if run.state is state:
            return run
    raise AssertionError(f"the run ended without having been {state.value}")


def until_steps(client: TrainerClient, run_id: str, steps: int) -> RunSummary:
    for run in client.watch([run_id]):
        if run.steps >= steps:
            return run
    raise AssertionError(f"the run ended before step {steps}")


def check_sound(home: Path, run_id: str) -> None:
    report = verify_run(RunFolder.of(home, run_id))
    assert report.ok, report.to_dict()


def test_a_run_completes_and_everything_is_accounted_for(
    client: TrainerClient, daemon_home: Path, random_config: Config
) -> None:
    run_id = client.submit(random_config(total_steps=1500), submitter="me", group="g")
    seen = list(client.watch([run_id]))
    states = [run.state for run in seen]
    assert states[0] in (RunState.QUEUED, RunState.STARTING)
    assert states[-1] is RunState.COMPLETED
    last = seen[-1]
    assert last.steps == 1500
    assert last.ledger.balanced
    assert last.ledger.dropped == last.ledger.quarantined == last.lag_bytes == 0
    assert last.sequence == 1
    assert last.group == "g"
    assert last.workers[0].exit is not None
    assert last.workers[0].exit.code == 0
    assert client.get(run_id).state is RunState.COMPLETED
    assert [run.run_id for run in client.list(RunFilter(group="g"))] == [run_id]
    check_sound(daemon_home, run_id)


def test_seeds_are_drawn_where_none_is_given(client: TrainerClient, random_config: Config) -> None:
    first, second = (client.submit(random_config(total_steps=10, seed=None)) for _ in range(2))
    list(client.watch([first, second]))
    seeds = {client.get(run_id).seed for run_id in (first, second)}
    assert None not in seeds
    assert len(seeds) == 2
    assert client.get(first).digest == client.get(second).digest


def test_a_faulty_config_is_refused_and_nothing_is_written(
    client: TrainerClient, daemon_home: Path, random_config: Config
) -> None:
    config = random_config(total_step=1)
    with pytest.raises(ConfigError) as caught:
        client.submit(config)
    (problem,) = caught.value.problems
    assert problem.path == "metadata.worker.config.total_step"
    assert problem.nearest == "total_steps"
    assert [each.path for each in client.validate(config)] == [problem.path]
    assert client.validate(random_config()) == []
    assert client.list() == []
    assert not any((daemon_home / "runs").glob("0*"))


def test_an_executor_that_is_not_there_is_refused(client: TrainerClient, random_config: Config) -> None:
    with pytest.raises(ConfigError) as caught:
        client.submit({**random_config(total_step=1), "executor": "ray"})
    assert {problem.path for problem in caught.value.problems} == {"executor", "metadata.worker.config.total_step"}


def test_cancel_ends_the_worker_and_says_who_asked(
    client: TrainerClient, daemon_home: Path, endless: dict[str, Any]
) -> None:
    run_id = client.submit(endless)
    pid = until_steps(client, run_id, 20).workers[0].pid
    assert pid is not None
    cancelled = client.cancel(run_id, reason="enough", wait=True)
    assert cancelled.state is RunState.CANCELLED
    assert "enough" in cancelled.cause
    assert not Path(f"/proc/{pid}").exists()
    again = client.cancel(run_id, reason="twice")
    assert again == client.get(run_id)
    check_sound(daemon_home, run_id)


def test_cancel_of_a_run_that_has_completed_leaves_it_completed(client: TrainerClient, random_config: Config) -> None:
    run_id = client.submit(random_config(total_steps=5))
    list(client.watch([run_id]))
    assert client.cancel(run_id, wait=True).state is RunState.COMPLETED
    with pytest.raises(UsageError, match="there is no run"):
        client.cancel("01M80KJGYCS8QFSXHWQ3ASDF6G")


def test_runs_wait_for_a_slot_and_a_waiting_run_can_be_cancelled_without_a_launch(
    client: TrainerClient, daemon_home: Path, endless: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_daemon(daemon_home)
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "1")
    start_daemon(daemon_home)
    with TrainerClient.connect(daemon_home) as client:
        first = client.submit(endless)
        second, third = client.submit(endless), client.submit({**endless, "priority": 5})
        assert client.get(second).cause == "waits for one of 1 slots, 1 queued before it"
        assert client.get(third).cause == "waits for one of 1 slots, 0 queued before it"
        assert client.status().queued_runs == 2
        cancelled = client.cancel(second, reason="not needed")
        assert cancelled.state is RunState.CANCELLED
        assert cancelled.workers[0].state is RunState.CANCELLED
        folder = RunFolder.of(daemon_home, second)
        assert not list(folder.control.glob("*.launch.json"))
        assert read_summary(folder).state is RunState.CANCELLED
        client.cancel(first, wait=True)
        until_state(client, third, RunState.RUNNING)
        client.cancel(third, wait=True)


def test_queued_runs_are_started_by_the_next_daemon(
    client: TrainerClient, daemon_home: Path, random_config: Config, endless: dict[str, Any], monkeypatch: Any
) -> None:
    stop_daemon(daemon_home)
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "1")
    start_daemon(daemon_home)
    with TrainerClient.connect(daemon_home) as client:
        first = client.submit(endless)
        second = client.submit(random_config(total_steps=5))
        assert client.get(second).state is RunState.QUEUED
    stop_daemon(daemon_home)
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "2")
    with TrainerClient.connect(daemon_home) as client:
        assert until_state(client, second, RunState.COMPLETED).sequence == 2
        client.cancel(first, wait=True)


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_runs_go_on_without_the_daemon_and_the_next_one_finds_them(
    client: TrainerClient, daemon_home: Path, endless: dict[str, Any], how: str, wait_until: Any
) -> None:
    run_id = client.submit(endless)
    before = until_steps(client, run_id, 20)
    if how == "stop":
        stop_daemon(daemon_home)
    else:
        os.kill(daemon_status(daemon_home)["pid"], signal.SIGKILL)
        wait_until(lambda: DaemonHome(daemon_home).daemon() is None)
    folder = RunFolder.of(daemon_home, run_id)
    wait_until(lambda: read_summary(folder).steps > before.steps + 20, "the run goes on")
    with TrainerClient.connect(daemon_home) as client:
        after = until_steps(client, run_id, before.steps + 60)
        assert after.proxy_pid == before.proxy_pid
        assert after.workers[0].pid == before.workers[0].pid
        assert client.cancel(run_id, wait=True).state is RunState.CANCELLED
    check_sound(daemon_home, run_id)


def test_a_run_that_ends_without_a_daemon_is_on_record_at_the_next(
    client: TrainerClient, daemon_home: Path, random_config: Config, wait_until: Any
) -> None:
    run_id = client.submit(random_config(total_steps=400, step_rate=400.0))
    until_steps(client, run_id, 20)
    os.kill(daemon_status(daemon_home)["pid"], signal.SIGKILL)
    folder = RunFolder.of(daemon_home, run_id)
    wait_until(lambda: read_summary(folder).state.terminal)
    with TrainerClient.connect(daemon_home) as client:
        run = client.get(run_id)
        assert run.state is RunState.COMPLETED
        assert run.steps == 400
        wait_until(lambda: not LiveRuns(daemon_home / "runs").all(), "its logs are in order")


def test_a_watch_survives_the_daemon(
    client: TrainerClient, daemon_home: Path, random_config: Config, wait_until: Any
) -> None:
    run_id = client.submit(random_config(total_steps=1000, step_rate=400.0))
    killed = False
    last = None
    for run in client.watch([run_id]):
        last = run
        if not killed and run.steps > 50:
            os.kill(daemon_status(daemon_home)["pid"], signal.SIGKILL)
            killed = True
    assert killed
    assert last is not None
    assert last.state is RunState.COMPLETED
    assert last.steps == 1000


def test_a_killed_proxy_is_replaced_and_nothing_is_lost(
    client: TrainerClient, daemon_home: Path, random_config: Config, wait_until: Any
) -> None:
    run_id = client.submit(random_config(total_steps=2000, step_rate=1000.0))
    killed: list[int] = []
    last = None
    for run in client.watch([run_id]):
        last = run
        if len(killed) < 3 and run.steps > 300 * (len(killed) + 1) and run.proxy_pid not in killed:
            assert run.proxy_pid is not None
            os.kill(run.proxy_pid, signal.SIGKILL)
            killed.append(run.proxy_pid)
    assert last is not None
    assert last.state is RunState.COMPLETED
    assert last.steps == 2000
    assert killed
    wait_until(lambda: client.status().active_runs == 0, "the last proxy has put the run in order")
    assert is_finished(RunFolder.of(daemon_home, run_id))
    check_sound(daemon_home, run_id)


def test_a_proxy_killed_after_the_end_is_replaced_to_put_the_run_in_order(
    client: TrainerClient, daemon_home: Path, random_config: Config, wait_until: Any
) -> None:
    run_id = client.submit(random_config(total_steps=5))
    list(client.watch([run_id]))
    wait_until(lambda: client.status().active_runs == 0)
    stop_daemon(daemon_home)
    folder = RunFolder.of(daemon_home, run_id)
    database = sqlite3.connect(folder.database)
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    LiveRuns(daemon_home / "runs").add(run_id)
    assert not is_finished(folder)
    with TrainerClient.connect(daemon_home) as client:
        wait_until(lambda: is_finished(folder))
        wait_until(lambda: client.status().active_runs == 0)
        assert client.get(run_id).state is RunState.COMPLETED
        wait_until(lambda: not LiveRuns(daemon_home / "runs").all(), "its logs are in order")


def test_daemon_and_proxy_killed_together(
    client: TrainerClient, daemon_home: Path, endless: dict[str, Any], wait_until: Any
) -> None:
    run_id = client.submit(endless)
    before = until_steps(client, run_id, 20)
    assert before.proxy_pid is not None
    os.kill(daemon_status(daemon_home)["pid"], signal.SIGKILL)
    os.kill(before.proxy_pid, signal.SIGKILL)
    with TrainerClient.connect(daemon_home) as client:
        after = until_steps(client, run_id, before.steps + 40)
        assert after.proxy_pid != before.proxy_pid
        assert after.workers[0].pid == before.workers[0].pid
        client.cancel(run_id, wait=True)
    check_sound(daemon_home, run_id)


def test_the_registry_is_rebuilt_from_the_folders(
    client: TrainerClient, daemon_home: Path, random_config: Config, endless: dict[str, Any], wait_until: Any
) -> None:
    done = [client.submit(random_config(f"r{number}", total_steps=50)) for number in range(3)]
    list(client.watch(done))
    live = client.submit(endless)
    before = {run.run_id: run for run in client.list(curves=True)}
    until_steps(client, live, 10)
    stop_daemon(daemon_home)
    for file in daemon_home.glob("registry.db*"):
        file.unlink()
    with TrainerClient.connect(daemon_home) as client:
        assert client.get(live).state is RunState.RUNNING
        wait_until(lambda: len(client.list()) == 4)
        assert [run.run_id for run in client.list()] == [live, *reversed(done)]
        for run_id in done:
            rebuilt, was = client.get(run_id), before[run_id]
            assert (rebuilt.state, rebuilt.steps, rebuilt.ledger, rebuilt.sequence, rebuilt.workers[0].curve) == (
                was.state,
                was.steps,
                was.ledger,
                was.sequence,
                was.workers[0].curve,
            )
        client.cancel(live, wait=True)


def test_a_folder_that_was_copied_in_is_listed_and_one_that_was_removed_is_not(
    client: TrainerClient, daemon_home: Path, tmp_path: Path, random_config: Config, wait_until: Any
) -> None:
    run_id = client.submit(random_config(total_steps=5))
    list(client.watch([run_id]))
    wait_until(lambda: client.status().active_runs == 0)
    stop_daemon(daemon_home)
    folder = RunFolder.of(daemon_home, run_id).path
    folder.rename(tmp_path / run_id)
    with TrainerClient.connect(daemon_home) as client:
        assert client.list() == []
    stop_daemon(daemon_home)
    (tmp_path / run_id).rename(folder)
    with TrainerClient.connect(daemon_home) as client:
        wait_until(lambda: [run.run_id for run in client.list()] == [run_id])


def test_a_submission_that_was_cut_short_leaves_nothing(client: TrainerClient, daemon_home: Path) -> None:
    stop_daemon(daemon_home)
    run_id = "01M80KJGYCS8QFSXHWQ3ASDF6G"
    LiveRuns(daemon_home / "runs").add(run_id)
    RunFolder.of(daemon_home, run_id).create()
    with TrainerClient.connect(daemon_home) as client:
        assert client.list() == []
    assert not RunFolder.of(daemon_home, run_id).path.exists()
    assert LiveRuns(daemon_home / "runs").all() == set()


def test_the_registry_can_be_read_beside_the_daemon(
    client: TrainerClient, daemon_home: Path, random_config: Config, wait_until: Any
) -> None:
    run_id = client.submit(random_config(total_steps=5))
    list(client.watch([run_id]))
    reader = open_registry_readonly(daemon_home)
    assert reader is not None

    wait_until(lambda: [run.state for run in reader.list(limit=1) if run.run_id == run_id] == [RunState.COMPLETED])
    reader.close()


def test_workers_are_listed_and_described(client: TrainerClient) -> None:
    names = {record.name for record in client.workers()}
    assert "random" in names
    record = client.worker("random_worker")
    assert record.name == "random"
    assert record.schema is not None
    assert "total_steps" in record.schema["properties"]
    with pytest.raises(UsageError, match="did you mean random"):
        client.worker("randm")


def test_a_run_that_cannot_be_read_is_left_out_and_stops_nobody(
    client: TrainerClient, daemon_home: Path, random_config: Config, wait_until: Any
) -> None:
    """Neither where it is marked live, nor where it has ended and the registry does not have it."""
    ids = [client.submit(random_config(total_steps=10)) for _ in range(4)]
    list(client.watch(ids))
    wait_until(lambda: client.status().active_runs == 0)
    client.close()
    stop_daemon(daemon_home)
    spoiled = ids[1:3]
    for run_id in spoiled:
        with RunFolder.of(daemon_home, run_id).supervisor_log.open("r+") as log:
            log.write('{"event": "state", "state": "of a later version", "at": 1}\n')
    DaemonHome(daemon_home).registry.unlink()
    for run_id in ids:
        LiveRuns(daemon_home / "runs").discard(run_id)
    LiveRuns(daemon_home / "runs").add(spoiled[0])
    assert [run.run_id for run in list_runs(daemon_home)] == [ids[3], ids[0]]
    with TrainerClient.connect(daemon_home) as last:
        wait_until(lambda: {run.run_id for run in last.list()} == {ids[0], ids[3]}, "the others in the registry")
        fresh = last.submit(random_config(total_steps=10))
        for run in last.watch([fresh]):
            assert run.run_id == fresh
        assert last.get(fresh).state is RunState.COMPLETED
        wait_until(lambda: last.status().active_runs == 0)
    log = DaemonHome(daemon_home).log.read_text()
    assert all(f"run {run_id} is left out: the supervisor log" in log for run_id in spoiled)
