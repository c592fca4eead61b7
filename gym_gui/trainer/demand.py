"""What a run takes of its machine while it is under way, and whether it could ever fit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gym_gui.core.worker.errors import Problem
from gym_gui.runs.config_model import Resources
from gym_gui.runs.plan import RunPlan
from gym_gui.trainer.inventory import Inventory

#: What a worker may ask for without having anything of an undeclared inventory set aside for it.
FLOOR = Resources()


@dataclass(frozen=True)
class Demand:
    """What is set aside for a run, all its workers together, beside its slot.

    Args:
        cpus: Cores.
        memory_mb: MiB.
        gpus: GPUs.
        mandatory: It waits for the GPUs rather than start without them.
    """

    cpus: int = 0
    memory_mb: int = 0
    gpus: int = 0
    mandatory: bool = False


def demand_of(resources: Resources, workers: int, inventory: Inventory) -> Demand:
    """Return what is set aside for a run.

    What each worker asks for counts as often as there are workers, but never for more than the machine has: workers
    beyond that share. Of an inventory that nobody declared, workers that ask for no more than the floor (one core, the
    default memory) share what there is, and nothing is set aside for them.

    Args:
        resources: What each worker asks for.
        workers: How many there are.
        inventory: The machine.
    """
    cpus, memory = resources.cpus * workers, resources.memory_mb * workers
    if not inventory.declared_cpus and resources.cpus <= FLOOR.cpus:
        cpus = 0
    if not inventory.declared_memory and resources.memory_mb <= FLOOR.memory_mb:
        memory = 0
    gpus = resources.gpus.requested * workers
    return Demand(min(cpus, inventory.cpus), min(memory, inventory.memory_mb), gpus, resources.gpus.mandatory)


def demand_problems(resources: Resources, workers: int, inventory: Inventory) -> list[Problem]:
    """Return why a run could never start on this machine, however long it waited.

    Args:
        resources: What each worker asks for.
        workers: How many there are.
        inventory: The machine.
    """
    problems = []
    if resources.cpus > inventory.cpus:
        problems.append(_too_much("resources.cpus", resources.cpus, inventory.cpus, "cores"))
    floor = 0 if inventory.declared_memory else FLOOR.memory_mb
    if resources.memory_mb > max(inventory.memory_mb, floor):
        problems.append(_too_much("resources.memory_mb", resources.memory_mb, inventory.memory_mb, "MiB of memory"))
    gpus = resources.gpus.requested * workers
    if resources.gpus.mandatory and gpus > len(inventory.gpus):
        asked = f" ({workers} workers, {resources.gpus.requested} each)" if workers > 1 else ""
        problem = _too_much("resources.gpus.requested", gpus, len(inventory.gpus), f"GPUs{asked}")
        problems.append(problem)
    return problems


def gpu_problems(workers: Sequence[str], inventory: Inventory) -> list[Problem]:
    """Return why workers that do not run without a GPU cannot run on this machine.

    Args:
        workers: Their names.
        inventory: The machine.
    """
    if inventory.gpus:
        return []
    message = "does not run without a GPU (its capability requires_gpu), and this machine has none"
    return [Problem("resources.gpus", f"{name} {message}", allowed="a machine with a GPU") for name in workers]


def demand_of_plan(plan: RunPlan, inventory: Inventory) -> Demand:
    """Return what is set aside for a run on record."""
    resources = Resources.model_validate(plan.config.get("resources", {}))
    return demand_of(resources, len(plan.workers), inventory)


def _too_much(path: str, asked: int, there: int, unit: str) -> Problem:
    return Problem(
        path,
        f"is more than this machine will ever have free: {asked:,} {unit} asked for, {there:,} there",
        value=asked,
        allowed=f"at most {there:,}",
    )
