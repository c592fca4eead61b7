"""The executor of Ray clusters keeps the contract; the actors run in this process, where a driver would have them."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from waiting import eventually

from gym_gui.fleet.ray_cluster import actor as actors
from gym_gui.fleet.ray_cluster.actor import AttemptActor
from gym_gui.fleet.ray_cluster.clusters import RayCluster
from gym_gui.fleet.ray_cluster.image import connection_name
from gym_gui.fleet.ray_cluster.placing import Node, Wanted
from gym_gui.proxy import read_summary
from gym_gui.runs import validate_train_run_config
from gym_gui.runs.executors import executor_names
from gym_gui.trainer.demand import Request
from gym_gui.trainer.executors import ray as executors
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.executors.conformance import ExecutorContract
from gym_gui.trainer.executors.ray import RayExecutor
from gym_gui.trainer.machine import Machine
from gym_gui.trainer.machines import Machines

NODE = Node(node_id="0123456789abcdef", hostname="n1", address="192.0.2.1", cpus=4, memory_mb=8000, gpus=2)


class ActorsHere(RayCluster):
    """A cluster whose one node is this process; its actors outlive the executors, as real ones do."""

    actors: ClassVar[dict[str, AttemptActor]] = {}

    def update(self, wanted: Sequence[Wanted], pythons: Mapping[str, str]) -> None:
        self._see([NODE], {})
        for each in wanted:
            if not each.claimed and each.name not in self.actors:
                node = {"node": NODE.node_id, "gpus": [], "cluster": ""}
                self.actors[each.name] = AttemptActor(each.key, dict(pythons), node)
            if each.name in self.actors and each.name not in self._relayed:
                self._relayed.add(each.name)
                threading.Thread(target=self._relay, args=(self.actors[each.name],), daemon=True).start()

    @property
    def _relayed(self) -> set[str]:
        return self.__dict__.setdefault("relayed", set())

    def _relay(self, actor: AttemptActor) -> None:
        answers: list[tuple[int, int, str, bytes]] = []
        while not (found := actor.exchange(str(id(self)), answers, 0.2))["over"]:
            answers = []
            for number, method, body, data in found["calls"]:
                given = self._desk.call(method, NODE.name, self._shared.token(NODE.name), json.loads(body), data)
                answers.append((number, given.status, json.dumps(given.body), given.data))

    def close(self) -> None:
        return


@pytest.fixture(autouse=True)
def _none_left(tmp_path: Path, living: Callable[[Path], dict[int, str]], wait_until: Callable[..., object]) -> object:
    yield
    wait_until(lambda: not living(tmp_path), "no process is left", 5.0)


class TestRayExecutor(ExecutorContract):
    executor = RayExecutor

    @pytest.fixture(autouse=True)
    def _cluster(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        monkeypatch.setattr(executors, "RayCluster", ActorsHere)
        monkeypatch.setattr(executors, "_LOOK_S", 0.05)
        monkeypatch.setattr(actors, "REPORT_S", 0.1)
        monkeypatch.setattr(ActorsHere, "actors", {})
        self.threads: list[threading.Thread] = []
        self.stopping = threading.Event()
        yield
        self.stopping.set()
        for thread in self.threads:
            thread.join(10)

    def make_executor(self, home: Path) -> Executor:
        """Return an executor that is looked after in a thread, as a daemon does."""
        executor = RayExecutor(home)

        def look() -> None:
            while not self.stopping.wait(0.05):
                executor._look()

        self.threads.append(threading.Thread(target=look, daemon=True))
        self.threads[-1].start()
        return executor

    def test_a_folder_of_a_node_that_others_may_write_to_is_not_used(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o777)
        monkeypatch.setenv("MOSAIC_ENVIRONMENTS", str(shared))
        checkpoint = self.short_run(tmp_path).checkpoints("000001") / "last.pt"
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_bytes(b"weights")
        folder = self.make_run(tmp_path, [sys.executable, "-I", "-S", "-c", "print('done')", str(checkpoint)])

        async def scenario() -> None:
            executor = self.make_executor(tmp_path)
            await executor.start(folder)
            await self.until_dead(executor, folder)
            await executor.cleanup(folder)

        asyncio.run(scenario())
        run = read_summary(folder)
        assert run.state.value == "failed"
        assert f"last.pt, with which it was to begin: other users may write to {shared}: if you trust" in run.cause
        assert not list(shared.iterdir())

    def test_a_cluster_counts_as_one_machine(self, tmp_path: Path) -> None:
        executor = RayExecutor(tmp_path)
        assert executor.machines() == []
        executor._look()
        (machine,) = executor.machines()
        assert machine.inventory is not None
        assert (machine.name, machine.slots, machine.inventory.memory_mb, machine.gpus) == ("ray", 4, 8000, ("0", "1"))
        (node,) = executor.desk.machines()
        assert (node.machine_id, node.online, node.facts.gpus) == ("n1-01234567", True, ["0", "1"])
        executor._cluster("auto")._see([], {})
        assert executor.desk.machines() == []


def test_it_is_offered_where_ray_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "ray").mkdir()
    installed = set(executor_names()) - {"ray"}
    (tmp_path / "ray" / "__init__.py").touch()
    assert set(executor_names()) == {*installed, "ray"}


def test_without_a_cluster_a_run_is_refused_with_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    executor = RayExecutor(tmp_path)

    def problems(**environment: str) -> list[Any]:
        payload = {"run_name": "r", "entry_point": "true", "executor": "ray", "environment": environment}
        return executor.problems(validate_train_run_config(payload, executors=["ray"]))

    (problem,) = problems()
    assert problem.path == "executor"
    assert "no Ray cluster runs on the daemon's machine" in problem.message
    assert "ray start --head" in problem.message
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        assert problems(RAY_ADDRESS=address) == []
    assert RayExecutor(tmp_path)._known == [address]  # the next daemon connects to it, too
    (problem,) = problems(RAY_ADDRESS=address)
    assert f"no Ray cluster answers at {address} (Connection refused)" in problem.message
    monkeypatch.setenv("RAY_ADDRESS", address)
    assert address in problems()[0].message


def test_each_cluster_is_a_machine_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "one:1")
    executor = RayExecutor(tmp_path)
    other = Node(node_id="fedcba9876543210", hostname="n2", address="192.0.2.2", cpus=2, memory_mb=4000)
    for address, node in (("one:1", NODE), ("two:1", other), ("alias:1", other)):
        executor._cluster(address)._see([node], {})
    assert [(each.name, each.slots, each.total("memory_mb")) for each in executor.machines()] == [
        ("ray", 4, 8000),
        ("ray two:1", 2, 4000),
    ]
    assert executor.sites() == {"one:1": "ray", "two:1": "ray two:1", "alias:1": "ray two:1"}
    machines = Machines(Machine("", 1), {"ray": executor})
    for site, found in (("two:1", ["ray two:1"]), ("alias:1", ["ray two:1"]), ("one:1", ["ray"]), ("three:1", [])):
        assert executor.site({"environment": {"RAY_ADDRESS": site}}) == site
        assert [each.machine for each in machines.placements("ray", Request(site=site))] == found
    assert executor.site({}) == "one:1"
    assert not machines.changed
    executor._cluster("three:1")._see([other], {})
    assert machines.changed, "it is another address of a cluster that is there"


def test_a_connection_for_images_is_to_the_same_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "one:1")
    executor = RayExecutor(tmp_path)
    images = executor._cluster(connection_name("two:1", "mosaic:1"))
    images._see([NODE], {})  # after a restart it may be the first
    assert executor.sites() == {"two:1": "ray two:1"}
    plain = executor._cluster("two:1")
    plain._see([NODE], {})
    assert [each.name for each in executor.machines()] == ["ray two:1"]
    assert executor.sites() == {"two:1": "ray two:1"}
    token = executor._nodes.token(NODE.name)
    images._see([], {})
    assert [each.machine_id for each in executor.desk.machines()] == [NODE.name], "the other connection sees it"
    assert executor._nodes.token(NODE.name) == token
    plain._see([], {})
    assert executor.desk.machines() == []


def test_a_driver_that_cannot_be_started_is_tried_again_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr("gym_gui.fleet.ray_cluster.clusters.unreachable", lambda _address: "")
    monkeypatch.setattr("gym_gui.fleet.ray_cluster.clusters.tempfile.mkdtemp", refuse)
    cluster = RayExecutor(tmp_path)._cluster("two:1")
    cluster.update([], {})
    assert cluster.error == "its driver cannot be started: No usable temporary directory found"
    monkeypatch.undo()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("gym_gui.fleet.ray_cluster.clusters.unreachable", lambda _address: "")
    monkeypatch.setattr("gym_gui.fleet.ray_cluster.clusters.tempfile.mkdtemp", lambda **_: str(scratch))
    monkeypatch.setattr("gym_gui.fleet.ray_cluster.clusters.subprocess.Popen", refuse)
    cluster._not_before = 0.0
    cluster.update([], {})
    assert "cannot be started" in cluster.error
    assert not scratch.exists()


@pytest.fixture
def _no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a program that says nothing, and ends with its input, take the place of drivers."""
    driver = tmp_path / "driver"
    driver.write_text("#!/bin/sh\nexec cat\n")
    driver.chmod(0o700)
    monkeypatch.setattr("gym_gui.fleet.ray_cluster.clusters.unreachable", lambda _address: "")
    monkeypatch.setattr("gym_gui.fleet.ray_cluster.clusters.sys.executable", str(driver))


@pytest.mark.process
@pytest.mark.usefixtures("_no_driver")
def test_a_killed_driver_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    cluster = RayExecutor(tmp_path)._cluster("one:1")
    cluster._start()
    (folder,) = (tmp_path / "tmp").iterdir()
    (folder / "sent").touch()
    assert cluster._process is not None
    cluster._process.kill()
    eventually(lambda: not folder.exists(), "the folder is removed")
    eventually(lambda: cluster._process is None, "its end is noticed")


@pytest.mark.process
@pytest.mark.usefixtures("_no_driver")
def test_nodes_of_a_closed_connection_are_not_kept(tmp_path: Path) -> None:
    executor = RayExecutor(tmp_path)
    cluster = executor._cluster("one:1")
    cluster._start()
    cluster._see([NODE], {})
    cluster.close()
    eventually(lambda: not executor.desk.machines(), "the node is let go of")
    assert executor._nodes.token(NODE.name) == ""
    assert list(executor.machines()) == []


def test_a_run_in_an_image_waits_for_the_cluster_by_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RayCluster, "update", lambda *_: None)
    executor = RayExecutor(tmp_path)
    wanted = Wanted(run_id="r", worker_id="000001", attempt=1, image="mosaic:1")
    assert executor._why(connection_name("two:1", "mosaic:1"), wanted) == "connects to the Ray cluster at two:1"


def test_the_cluster_of_a_queued_run_is_kept_and_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(executors, "_AWAY_S", -1.0)
    executor = RayExecutor(tmp_path)
    machines = Machines(Machine("", 1), {"ray": executor})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"  # that answers no more below
    waiting = [("ray", Request(site=address))]
    assert machines.expect(waiting)
    executor._look()
    executor._look()
    assert machines.expect(waiting), "there is more to say"
    assert "no Ray cluster answers at " + address in machines.why_absent("ray", address)
    assert address in executor._clusters
    machines.expect([])
    executor._look()
    assert address not in executor._clusters
