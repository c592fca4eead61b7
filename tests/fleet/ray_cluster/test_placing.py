from __future__ import annotations

from gym_gui.fleet.ray_cluster.placing import Free, Node, Wanted, read_nodes, why_waiting

FOUND = {
    "NodeID": "0123456789abcdef",
    "Alive": True,
    "NodeManagerHostname": "gpu1",
    "NodeManagerAddress": "192.0.2.1",
    "Resources": {"CPU": 8.0, "GPU": 2.0, "memory": 16 << 30, "accelerator_type:A100": 1.0, "node:192.0.2.1": 1.0},
}


def wanted(**needs: int) -> Wanted:
    return Wanted(run_id="r", worker_id="000001", attempt=2, **needs)


def test_nodes_are_read() -> None:
    (node,) = read_nodes([FOUND, {**FOUND, "Alive": False}])
    assert node == Node(
        node_id="0123456789abcdef",
        hostname="gpu1",
        address="192.0.2.1",
        cpus=8,
        memory_mb=16384,
        gpus=2,
        gpu_name="A100",
    )
    assert node.name == "gpu1-01234567"


def test_a_node_without_resources_has_none() -> None:
    (node,) = read_nodes([{"NodeID": "ab", "Alive": True}])
    assert (node.cpus, node.memory_mb, node.gpus, node.name) == (0, 0, 0, "node-ab")


def test_an_actor_has_the_name_of_its_attempt() -> None:
    assert wanted().name == "r.000001.a2"
    assert wanted().key == {"run_id": "r", "worker_id": "000001", "attempt": 2}


def test_why_it_waits() -> None:
    nodes = read_nodes([FOUND])
    free = Free(cpus=0.5, gpus=0.0, memory_mb=900)
    assert why_waiting(wanted(), nodes, free) == (
        "waits for Ray to place it: needs 1 CPU on one node, free in the cluster: 0.5 CPUs, 0 GPUs"
    )
    assert why_waiting(wanted(cpus=2, gpus=1, memory_mb=2048), nodes, free) == (
        "waits for Ray to place it: needs 2 CPUs, 1 GPU, 2,048 MiB on one node,"
        " free in the cluster: 0.5 CPUs, 0 GPUs, 900 MiB"
    )
    assert why_waiting(wanted(cpus=9), nodes, free) == (
        "no node of the Ray cluster has 9 CPUs (gpu1-01234567: 8 CPUs, 2 GPUs)"
    )
    assert why_waiting(wanted(), [], free) == "no node of the Ray cluster has 1 CPU (it has no node)"
