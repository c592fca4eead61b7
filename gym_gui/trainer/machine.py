"""Machines that runs are placed on, and what each has for them. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

#: The name, on record, of the machine that the daemon runs on.
THIS_MACHINE = ""


@dataclass(frozen=True)
class Inventory:
    """What a machine has.

    Args:
        cpus: Cores.
        memory_mb: Memory, MiB.
        gpus: Names of the GPUs as ``CUDA_VISIBLE_DEVICES`` takes them: indices or UUIDs.
        declared_cpus: Declared by a user: every run is counted in full.
        declared_memory: As for the cores.
        gpus_how: By what the GPUs were found.
        no_gpus: Why there are none, in words.
    """

    cpus: int
    memory_mb: int
    gpus: tuple[str, ...] = ()
    declared_cpus: bool = False
    declared_memory: bool = False
    gpus_how: str = ""
    no_gpus: str = "no GPU found"


@dataclass(frozen=True)
class Machine:
    """One machine.

    Args:
        name: Unique among all executors' machines; :data:`THIS_MACHINE` for the daemon's.
        slots: Runs under way at once.
        inventory: What is allocated to runs; ``None``: nothing but slots.
    """

    name: str
    slots: int
    inventory: Inventory | None = None

    @property
    def gpus(self) -> tuple[str, ...]:
        """Names of its GPUs."""
        return () if self.inventory is None else self.inventory.gpus

    def total(self, resource: str) -> int | None:
        """Return how much there is of ``slots``, ``cpus``, ``memory_mb`` or ``gpus``; ``None``: it is not counted."""
        if resource == "slots":
            return self.slots
        if resource == "gpus":
            return len(self.gpus)
        if self.inventory is None:
            return None
        return self.inventory.cpus if resource == "cpus" else self.inventory.memory_mb


def place_of(machine: str) -> str:
    """Return a machine in words."""
    return f"machine {machine}" if machine else "this machine"
