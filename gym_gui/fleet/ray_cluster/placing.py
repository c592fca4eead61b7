"""What an attempt needs of a Ray cluster, and why Ray has not placed it yet. Pure."""

from __future__ import annotations

from typing import Any

import msgspec

from gym_gui.fleet.agent.environments import MISSING


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt that is to be carried out on the cluster, or is."""

    run_id: str
    worker_id: str
    attempt: int
    cpus: int = 1
    memory_mb: int = 0
    """0: not counted."""
    gpus: int = 0
    claimed: bool = False
    """An actor has begun it: there must not be another one."""
    building: str = MISSING
    """Which environments of workers its node builds."""
    image: str = ""
    """The container image that its actor runs in; empty: in none."""

    @property
    def key(self) -> dict[str, Any]:
        """Its fields in calls."""
        return {"run_id": self.run_id, "worker_id": self.worker_id, "attempt": self.attempt}

    @property
    def name(self) -> str:
        """The name of its actor."""
        return f"{self.run_id}.{self.worker_id}.a{self.attempt}"


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A node of a cluster."""

    node_id: str
    hostname: str
    address: str
    cpus: int = 0
    memory_mb: int = 0
    gpus: int = 0
    gpu_name: str = ""

    @property
    def name(self) -> str:
        """Its name as a machine."""
        return f"{self.hostname}-{self.node_id[:8]}"


class Free(msgspec.Struct, frozen=True, kw_only=True):
    """What no actor or task of the cluster has taken."""

    cpus: float = 0.0
    memory_mb: int = 0
    gpus: float = 0.0


def read_nodes(found: list[dict[str, Any]]) -> list[Node]:
    """Return the living nodes of what ``ray.nodes()`` returned."""
    return [_node(each) for each in found if each.get("Alive")]


def _node(found: dict[str, Any]) -> Node:
    resources = found.get("Resources", {})
    kinds = [name.partition(":")[2] for name in resources if name.startswith("accelerator_type:")]
    return Node(
        node_id=found["NodeID"],
        hostname=str(found.get("NodeManagerHostname") or found.get("NodeManagerAddress") or "node"),
        address=str(found.get("NodeManagerAddress", "")),
        cpus=int(resources.get("CPU", 0)),
        memory_mb=int(resources.get("memory", 0)) >> 20,
        gpus=int(resources.get("GPU", 0)),
        gpu_name=kinds[0] if kinds else "",
    )


def why_waiting(wanted: Wanted, nodes: list[Node], free: Free) -> str:
    """Return why Ray has not placed an attempt yet, in words.

    Args:
        wanted: The attempt.
        nodes: The living nodes.
        free: What is free on all of them together.
    """
    if not any(_fits(wanted, node) for node in nodes):
        most = "; ".join(
            f"{node.name}: {_amounts(node.cpus, node.gpus, node.memory_mb if wanted.memory_mb else 0)}"
            for node in nodes[:4]
        )
        return f"no node of the Ray cluster has {_needs(wanted)} ({most or 'it has no node'})"
    there = _amounts(free.cpus, free.gpus, free.memory_mb if wanted.memory_mb else 0)
    return f"waits for Ray to place it: needs {_needs(wanted)} on one node, free in the cluster: {there}"


def _fits(wanted: Wanted, node: Node) -> bool:
    return wanted.cpus <= node.cpus and wanted.gpus <= node.gpus and wanted.memory_mb <= node.memory_mb


def _needs(wanted: Wanted) -> str:
    return _amounts(wanted.cpus, wanted.gpus, wanted.memory_mb) if wanted.gpus else _some(wanted)


def _some(wanted: Wanted) -> str:
    memory = f", {wanted.memory_mb:,} MiB" if wanted.memory_mb else ""
    return f"{wanted.cpus:,} CPU{'' if wanted.cpus == 1 else 's'}{memory}"


def _amounts(cpus: float, gpus: float, memory_mb: int) -> str:
    memory = f", {memory_mb:,} MiB" if memory_mb else ""
    return f"{cpus:g} CPU{'' if cpus == 1 else 's'}, {gpus:g} GPU{'' if gpus == 1 else 's'}{memory}"
