"""What a package can add without a change of MOSAIC: an executor, a kind of machines, a user interface."""

from __future__ import annotations

import ast
import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from added_packages import ADDITIONS, Installation
from daemons import daemon_home, daemon_with_environment, endless, random_config, wait_until, worker_records

from gym_gui.proxy.summary import read_summary
from gym_gui.reading.details import read_details
from gym_gui.rpc import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import load_plan
from gym_gui.runs.states import RunState
from gym_gui.supervision.liveness import proxy_of
from gym_gui.trainer.executors import Executor
from gym_gui.trainer.executors.conformance import ExecutorContract

__all__ = ["daemon_home", "endless", "random_config", "wait_until", "worker_records"]

EXECUTORS = "mosaic.executors"


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    """An environment with MOSAIC, into which a test installs packages."""
    return Installation(tmp_path / "environment")


@contextlib.contextmanager
def connected(home: Path, installation: Installation) -> Iterator[TrainerClient]:
    """Run a home's daemon and give a client of it; what still runs in the end is cancelled."""
    with daemon_with_environment(home, os.environ, installation.python), TrainerClient.connect(home) as client:
        yield client
        for run in client.list():
            if not run.state.terminal:
                client.cancel(run.run_id, wait=True)


class TestPlainExecutor(ExecutorContract):
    @pytest.fixture(autouse=True)
    def _importable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.syspath_prepend(str(ADDITIONS))

    def make_executor(self, home: Path) -> Executor:
        from plain_executor import PlainExecutor

        return PlainExecutor(home)


def test_an_executor(
    installation: Installation, daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    installation.add("plain-executor", ("plain_executor",), {EXECUTORS: {"plain": "plain_executor:PlainExecutor"}})
    with connected(daemon_home, installation) as client:
        told = installation.run(
            "mosaic", "train", "random", "--steps", "50", "--executor", "plain", "--no-check", "--json"
        )
        (run,) = json.loads(told)["runs"]
        assert (run["state"], run["steps"], run["executor"]) == ("completed", 50, "plain")
        assert load_plan(RunFolder.of(daemon_home, run["run_id"])).provisioner == ""
        # side by side with one of MOSAIC's own
        first = client.submit({**random_config(total_steps=30), "executor": "plain"})
        second = client.submit(random_config(total_steps=30))
        ended = {run.run_id: run for run in client.watch([first, second])}
        assert {run.state for run in ended.values()} == {RunState.COMPLETED}
        assert [ended[run_id].executor for run_id in (first, second)] == ["plain", "local"]


def test_a_kind_of_machines(
    installation: Installation, daemon_home: Path, endless: dict[str, Any], wait_until: Callable[..., Any]
) -> None:
    modules = ("racks", "racks_provisioner")
    installation.add("racks", modules, {EXECUTORS: {"racks": "racks:RackExecutor"}})
    config = {**endless, "executor": "racks"}

    def notes(run_id: str) -> list[str]:
        path = RunFolder.of(daemon_home, run_id).control / "racks"
        return path.read_text().splitlines() if path.exists() else []

    with connected(daemon_home, installation) as client:
        first, second, third = (client.submit(config) for _ in range(3))
        wait_until(
            lambda: client.get(first).steps and client.get(second).steps,
            "two of them run",
        )
        assert "start 000001 on rack1" in notes(first)
        assert "start 000001 on rack2" in notes(second)
        assert [read_details(RunFolder.of(daemon_home, run_id)).machine for run_id in (first, second, third)] == [
            "rack1",
            "rack2",
            "",
        ]

        assert "on machine rack1" in installation.run("mosaic", "runs", "why", third)
        (shortage,) = client.why(third).waits_for
        assert (shortage.machine, shortage.holders) == ("rack1", {first: 1})
        (problem,) = client.validate({**config, "resources": {"cpus": 5}})
        assert "machine rack1" in problem.message

        folder = RunFolder.of(daemon_home, first)
        assert load_plan(folder).provisioner == "racks_provisioner:RackProvisioner"
        pid = client.get(first).workers[0].pid
        proxy = proxy_of(folder)
        assert proxy is not None
        proxy.signal(9)
        wait_until(lambda: sum(line.startswith("supervisor") for line in notes(first)) == 2, "another proxy has it")
        wait_until(lambda: client.get(first).proxy_pid not in (None, proxy.pid), "and reports")
        assert client.get(first).workers[0].pid == pid, "through the same provisioner it finds the same worker"
        assert sum(line.startswith("start") for line in notes(first)) == 1

        client.cancel(second, wait=True)
        assert read_summary(RunFolder.of(daemon_home, second)).state is RunState.CANCELLED
        wait_until(lambda: "start 000001 on rack2" in notes(third), "it runs where there is room")


def test_machines_whose_provisioner_is_gone(
    installation: Installation, daemon_home: Path, endless: dict[str, Any]
) -> None:
    modules = ("racks", "racks_provisioner")
    installation.add("racks", modules, {EXECUTORS: {"racks": "racks:RackExecutor"}})
    with connected(daemon_home, installation) as client:
        (installation.site / "racks_provisioner.py").unlink()
        run_id = client.submit({**endless, "executor": "racks"})
        *_, run = client.watch([run_id])
        assert run.state is RunState.FAILED
        assert "the provisioner racks_provisioner:RackProvisioner of executor 'racks' cannot be used" in run.cause
        assert "No module named 'racks_provisioner'; reinstall the package" in run.cause
        assert "the provisioner racks_provisioner" in installation.run("mosaic", "runs", "why", run_id)


def test_a_user_interface(
    installation: Installation, daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    installation.add("small-face", ("small_face",), {"console_scripts": {"small-face": "small_face:main"}})
    config = json.dumps(random_config(total_steps=40))
    shown = json.loads(installation.run("small-face", str(daemon_home), config))
    loaded = shown.pop("loaded")
    assert shown == {
        "problems": ["priority"],
        "last": "completed",
        "listed": True,
        "analysed": "completed",
        "again": [True, "completed"],
    }
    rooms = {name.split(".")[1] for name in loaded if name.startswith("gym_gui.")}
    assert not rooms & {"cli", "app"}
    assert not {"click", "rich"} & {name.split(".")[0] for name in loaded}
    assert _imported(ADDITIONS / "small_face.py") == {
        "gym_gui.analysis.get_run",
        "gym_gui.rpc.AsyncTrainerClient",
        "gym_gui.rpc.TrainerClient",
    }


def _imported(path: Path) -> set[str]:
    """Return what a module imports of MOSAIC."""
    tree = ast.parse(path.read_text())
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("gym_gui")}
