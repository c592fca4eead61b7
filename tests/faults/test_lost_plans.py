"""A run's ``run.json`` is lost while its daemon is down: nothing of the run is thrown away, and it can be ended."""

from __future__ import annotations

import pytest

from gym_gui.analysis.queries import list_runs
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.states import RunState
from gym_gui.supervision.processes import marked_processes

CHANGES = {
    "removed": lambda path: path.unlink(),
    "damaged": lambda path: path.write_text("{x"),
    "nested too deeply": lambda path: path.write_text('{"a":' * 100_000),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.fault
@pytest.mark.parametrize("registry", [True, False], ids=["registry", "no registry"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_run_whose_plan_is_lost_keeps_what_it_has_and_can_be_cancelled_and_deleted(cluster, until, change, registry):
    run = cluster.submit("started", "step:10", "sleep:600")
    until(lambda: run.log().count(b"\n") == 11 and run.started())
    cluster.kill(cluster.daemon_pid())
    cluster.kill(run.victim("proxy"))
    CHANGES[change](run.folder.run_json)
    if not registry:
        for path in cluster.home.glob("registry.db*"):
            path.unlink()
    with TrainerClient.connect(cluster.home) as client:
        until(lambda: client.status().active_runs == 1)
        assert run.log().count(b"\n") == 11
        assert [one.run_id for one in list_runs(cluster.home)] == [run.run_id]
        until(lambda: "run.json" in client.get(run.run_id).cause)
        assert len(marked_processes(run.run_id)) == 1
        client.cancel(run.run_id, reason="it is lost")
        until(lambda: client.get(run.run_id).state.terminal, 60)
        ended = client.get(run.run_id)
        assert (ended.state, "run.json" in ended.cause) == (RunState.LOST, True)
        assert ended.run_name == ("fault" if registry else "")
        until(lambda: client.status().active_runs == 0)
        assert marked_processes(run.run_id) == []
        assert run.log().count(b"\n") == 11
        client.delete(run.run_id)
        assert list_runs(cluster.home) == []
    assert not run.folder.path.exists()


@pytest.mark.fault
def test_an_ended_run_whose_plan_is_damaged_can_be_deleted_without_the_registry(cluster, until):
    run = cluster.submit("started", "step:10", "completed")
    cluster.wait(run)
    cluster.kill(cluster.daemon_pid())
    run.folder.run_json.write_text("{x")
    for path in cluster.home.glob("registry.db*"):
        path.unlink()
    with TrainerClient.connect(cluster.home) as client:
        until(lambda: [one.state for one in list_runs(cluster.home)] == [RunState.COMPLETED])
        client.delete(run.run_id)
    assert not run.folder.path.exists()
