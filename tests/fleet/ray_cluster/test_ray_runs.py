"""Runs on real Ray clusters of one or two nodes on loopback (`make test-ray`)."""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from ray_nodes import RayCluster, RayNode
from waiting import eventually

from gym_gui.fleet import OrderBox
from gym_gui.reading import EpisodeQuery, read_episodes
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.telemetry import verify_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="needs ray: make test-ray"),
]
Config = Callable[..., dict[str, Any]]


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOSAIC_AGENT_LEASE_S", "20")
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))  # the cluster of this machine is not the tests'


def on_ray(cluster: RayCluster, config: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a config for a cluster."""
    limits = {"shutdown_timeout_s": 3.0, **more.pop("limits", {})}
    return {**config, "executor": "ray", "environment": {"RAY_ADDRESS": cluster.address}, "limits": limits, **more}


def ended(client: TrainerClient, run_id: str) -> Any:
    """Return a run once it has ended."""
    eventually(lambda: client.get(run_id).state.terminal, f"the end of {run_id}: {client.get(run_id).cause}", 120.0)
    return client.get(run_id)


def running(client: TrainerClient, run_id: str, steps: int = 1) -> Any:
    """Return a run once it has taken steps."""
    eventually(lambda: client.get(run_id).steps >= steps, f"steps of {run_id}: {client.get(run_id).cause}", 120.0)
    return client.get(run_id)


def drivers(client: TrainerClient) -> list[psutil.Process]:
    """Return the processes of the daemon that are connected to a cluster."""
    found = psutil.Process(client.status().pid).children()
    return [each for each in found if "gym_gui.fleet.ray_cluster.driver" in each.cmdline()]


def leftovers() -> list[str]:
    """Return the folders of attempts on the nodes."""
    return sorted(path.name for path in Path("/tmp").glob("mosaic-ray-*") if "driver" not in path.name)


def episodes(home: Path, run_id: str) -> list[tuple[int, float, int]]:
    page = read_episodes(RunFolder.of(home, run_id), EpisodeQuery(limit=1000))
    return sorted((row.ep_index, row.total_reward, row.steps) for row in page.episodes)


def test_a_run_arrives_whole_and_is_that_of_this_machine(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster, random_config: Config
) -> None:
    ray_cluster.start_head()
    config = random_config(total_steps=2_000, run_name="far")
    far, here = client.submit(on_ray(ray_cluster, config)), client.submit(config)
    run = ended(client, far)
    assert (run.state, run.cause, run.steps) == (RunState.COMPLETED, "exit code 0", 2_000)
    assert run.ledger.lines == run.ledger.stored + run.ledger.log
    assert verify_run(RunFolder.of(daemon_home, far)).ok
    ended(client, here)
    assert episodes(daemon_home, far) == episodes(daemon_home, here)
    eventually(lambda: not leftovers(), "the node's disk is free again")


def test_a_machine_outside_of_the_cluster_connects_through_its_head(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster, random_config: Config
) -> None:
    ray_cluster.start_head()
    config = on_ray(ray_cluster, random_config(total_steps=3_000, step_rate=500.0))
    run_id = client.submit({**config, "environment": {"RAY_ADDRESS": ray_cluster.client_address}})
    running(client, run_id, 100)
    drivers(client)[0].kill()
    run = ended(client, run_id)
    assert (run.state, run.steps, run.attempts) == (RunState.COMPLETED, 3_000, 1)
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok
    eventually(lambda: not leftovers(), "the node's disk is free again")


def test_each_worker_sees_the_gpus_that_ray_gave_it(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster
) -> None:
    ray_cluster.start_head(cpus=2, gpus=2)
    port = "os.environ['RAY_ADDRESS'].rpartition(':')[2]"
    program = f"import os; print('devices', os.environ['CUDA_VISIBLE_DEVICES'], {port})"
    config = {"run_name": "gpus", "entry_point": sys.executable, "arguments": ["-c", program]}
    resources = {"gpus": {"requested": 1, "mandatory": True}}
    run_id = client.submit(
        on_ray(ray_cluster, {**config, "metadata": {"worker": {"replicas": 2}}, "resources": resources})
    )
    assert ended(client, run_id).state is RunState.COMPLETED
    folder = RunFolder.of(daemon_home, run_id)
    said = [folder.stdout_log(worker, 1).read_text() for worker in ("000001", "000002")]
    port = ray_cluster.address.rpartition(":")[2]
    assert sorted(said) == [f"devices {number} {port}\n" for number in (0, 1)]


def test_cancel_takes_effect_and_the_nodes_are_listed(
    client: TrainerClient, ray_cluster: RayCluster, endless: dict[str, Any]
) -> None:
    ray_cluster.start_head(cpus=2)
    run_id = client.submit(on_ray(ray_cluster, endless))
    running(client, run_id)
    (node,) = client.fleet()
    assert (node.online, node.facts.cpus, node.run_ids) == (True, 2, [run_id])
    (machine,) = [each for each in client.machines().machines if each.name]
    assert (machine.name, machine.cpus, machine.slots_taken) == (f"ray {ray_cluster.address}", 2, 1)
    client.cancel(run_id, reason="enough")
    run = ended(client, run_id)
    assert run.state is RunState.CANCELLED
    assert run.workers[0].exit is not None
    eventually(lambda: not leftovers(), "nothing is left on the node")


def test_what_ray_waits_for_is_said(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster, endless: dict[str, Any]
) -> None:
    ray_cluster.start_head(cpus=1)
    first = client.submit(on_ray(ray_cluster, {**endless, "metadata": replicas(endless, 2)}))
    eventually(lambda: "needs 1 CPU on one node, free in the cluster: 0 CPUs" in client.get(first).cause, "why", 60.0)
    ray_cluster.start_node(cpus=1)
    eventually(lambda: all(worker.steps for worker in client.get(first).workers), "both workers run", 60.0)
    assert len({str(lease.machine) for lease in leases(daemon_home, first)}) == 2
    assert all(node.running("random_worker") for node in ray_cluster.nodes)
    client.cancel(first)
    assert ended(client, first).state is RunState.CANCELLED


def replicas(config: dict[str, Any], count: int) -> dict[str, Any]:
    return {"worker": {**config["metadata"]["worker"], "replicas": count}}


@pytest.mark.parametrize("how", ["machine", "raylet", "actor"])
def test_a_lost_node_loses_the_run_to_another(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster, how: str
) -> None:
    ray_cluster.start_head(cpus=0)
    node = ray_cluster.start_node(cpus=1)
    run_id = client.submit(on_ray(ray_cluster, counting(), limits={"max_attempts": 3}))
    folder = RunFolder.of(daemon_home, run_id)
    checkpoint = folder.checkpoints("000001") / "count"
    eventually(lambda: checkpoint.exists() and checkpoint.read_text(), "a checkpoint is at home", 120.0)
    workers = counters(node)
    ray_cluster.start_node(cpus=1)
    if how == "machine":
        node.kill()
    else:
        (node.raylet() if how == "raylet" else node.actors()[0]).kill()
    eventually(lambda: client.get(run_id).workers[0].attempt == 2, "a second attempt", 90.0)
    eventually(lambda: not any(map(alive, workers)), "the lost one ends", 60.0)
    run = ended(client, run_id)
    assert (run.state, run.workers[0].attempt) == (RunState.COMPLETED, 2)
    counted = [int(line) for attempt in (1, 2) for line in folder.stdout_log("000001", attempt).read_text().split()]
    assert counted[-1] == 400
    assert sorted(set(counted)) == list(range(1, 401))
    assert counted.count(1) == 1  # the second went on from the first's checkpoint
    assert verify_run(folder).ok


def leases(home: Path, run_id: str) -> list[Any]:
    box = OrderBox(RunFolder.of(home, run_id))
    return [box.lease(*key) for key in box.leases()]


def alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def counters(node: RayNode) -> list[psutil.Process]:
    return [each for each in node.running("count < 400") if "launcher.py" not in " ".join(each.cmdline())]


COUNT = """
import os, pathlib, time
folder = pathlib.Path(os.environ["MOSAIC_RUN_DIR"]) / "checkpoints" / os.environ["WORKER_ID"]
folder.mkdir(parents=True, exist_ok=True)
path = folder / "count"
count = int(path.read_text()) if path.exists() else 0
while count < 400:
    count += 1
    print(count, flush=True)
    if count % 30 == 0:
        path.with_suffix(".tmp").write_text(str(count))
        path.with_suffix(".tmp").replace(path)
    time.sleep(0.1)
"""


def counting() -> dict[str, Any]:
    """Return a config of a program that counts, and goes on from its checkpoint."""
    return {"run_name": "count", "entry_point": sys.executable, "arguments": ["-c", COUNT], "metadata": {"worker": {}}}


def test_a_killed_daemon_and_driver_change_nothing(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster, random_config: Config
) -> None:
    ray_cluster.start_head(cpus=1)
    run_id = client.submit(on_ray(ray_cluster, random_config(total_steps=6_000, step_rate=500.0)))
    running(client, run_id, 100)
    daemon = client.status().pid
    drivers(client)[0].kill()
    running(client, run_id, 2_000)
    os.kill(daemon, signal.SIGKILL)
    with TrainerClient.connect(daemon_home) as following:
        run = ended(following, run_id)
    assert (run.state, run.steps, run.attempts) == (RunState.COMPLETED, 6_000, 1)
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok


def test_a_lost_head_loses_the_run_to_the_next_cluster(
    daemon_home: Path, client: TrainerClient, ray_cluster: RayCluster, endless: dict[str, Any]
) -> None:
    head = ray_cluster.start_head(cpus=1)
    run_id = client.submit(on_ray(ray_cluster, endless, limits={"max_attempts": 2}))
    running(client, run_id)
    head.kill()
    eventually(lambda: client.get(run_id).workers[0].attempt == 2, "a second attempt", 120.0)
    eventually(lambda: "no Ray cluster answers at" in client.get(run_id).cause, "why it waits", 60.0)
    ray_cluster.nodes.clear()
    ray_cluster.start_head(cpus=1)
    eventually(lambda: client.get(run_id).workers[0].state is RunState.RUNNING, "it runs again", 120.0)
    client.cancel(run_id)
    assert ended(client, run_id).state is RunState.CANCELLED
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok
