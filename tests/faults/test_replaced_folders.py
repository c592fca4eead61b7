"""The folders of a run go while its daemon, or nobody, looks after it."""

from __future__ import annotations

import shutil

import pytest

from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.states import RunState


@pytest.mark.fault
@pytest.mark.parametrize("nobody", [False, True], ids=["the daemon lives", "the daemon is killed"])
@pytest.mark.parametrize("change", ["removed", "a file"])
@pytest.mark.parametrize("which", ["logs", "control"])
def test_a_run_whose_folders_go_is_looked_after_to_its_end_and_can_be_deleted(
    cluster, until, tmp_path, which, change, nobody
):
    ran, go = tmp_path / "ran", tmp_path / "go"
    run = cluster.submit("started", f"append:{ran}", "step:10", f"wait_for:{go}", "step:10", "completed")
    until(lambda: run.log().count(b"\n") == 11 and run.started())
    proxy, daemon = run.victim("proxy"), cluster.daemon_pid()
    if nobody:
        cluster.kill(daemon)
    cluster.kill(proxy)
    path = getattr(run.folder, which)
    shutil.rmtree(path)
    if change == "a file":
        path.write_text("x")
    with TrainerClient.connect(cluster.home) as client:
        until(lambda: path.is_dir() and run.victim("proxy") not in (None, proxy), 60)
        go.touch()
        until(lambda: client.get(run.run_id).state.terminal, 60)
        summary = read_summary(run.folder)
        assert ran.read_text() == "x"
        if which == "control":
            assert (summary.state, summary.cause) == (RunState.COMPLETED, "exit code 0")
        else:
            assert "incomplete" in summary.cause or summary.state is RunState.FAILED, summary
        until(lambda: client.status().active_runs == 0, 60)
        client.delete(run.run_id)
    assert not run.folder.path.exists()
