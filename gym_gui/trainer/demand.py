"""What a run takes of its machine while it is under way, and whether it could ever fit. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gym_gui.core.worker.errors import Problem
from gym_gui.runs.config_model import Resources
from gym_gui.runs.plan import RunPlan, WorkerPlan
from gym_gui.runs.worker_requests import COMMAND_TYPE
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


def demand_of(resources: Resources, workers: Sequence[WorkerPlan], inventory: Inventory) -> Demand:
    """Return what is set aside for a run.

    What each worker asks for counts as often as there are workers, but never for more than the machine has: workers
    beyond that share. Of an inventory that nobody declared, workers that ask for no more than the floor (one core, the
    default memory) share what there is, and nothing is set aside for them.

    Args:
        resources: What each worker asks for.
        workers: The workers, which may ask for different numbers of GPUs.
        inventory: The machine.
    """
    cpus, memory = resources.cpus * len(workers), resources.memory_mb * len(workers)
    if not inventory.declared_cpus and resources.cpus <= FLOOR.cpus:
        cpus = 0
    if not inventory.declared_memory and resources.memory_mb <= FLOOR.memory_mb:
        memory = 0
    mandatory = any(worker.needs_gpus for worker in workers) or (resources.gpus.mandatory and _asks(resources))
    counts = [
        (resources.gpus.requested or 0) if worker.gpus is None else worker.gpus
        for worker in workers
        if not mandatory or worker.needs_gpus or worker.gpus is None
    ]
    return Demand(min(cpus, inventory.cpus), min(memory, inventory.memory_mb), sum(counts), mandatory)


def _asks(resources: Resources) -> bool:
    return bool(resources.gpus.requested)


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
    each = resources.gpus.requested or 0
    gpus = each * workers
    if resources.gpus.mandatory and gpus > len(inventory.gpus):
        asked = f" ({workers} workers, {each} each)" if workers > 1 else ""
        problem = _too_much(
            "resources.gpus.requested", gpus, len(inventory.gpus), f"GPU{'' if gpus == 1 else 's'}{asked}"
        )
        if not inventory.gpus:
            problem.message += f" ({inventory.no_gpus})"
        problems.append(problem)
    return problems


def gpu_problems(workers: Sequence[str], needed: int, inventory: Inventory) -> list[Problem]:
    """Return why workers that do not run without a GPU cannot run on this machine.

    Args:
        workers: Their names.
        needed: How many GPUs they wait for.
        inventory: The machine.
    """
    there = len(inventory.gpus)
    if not workers or (there and needed <= there):
        return []
    has = f"has {there:,} of the {needed:,} that they need" if there else f"has none ({inventory.no_gpus})"
    message = f"does not run without a GPU (its capability requires_gpu), and this machine {has}"
    return [Problem("resources.gpus", f"{name} {message}", allowed="a machine with GPUs") for name in workers]


def reasons_for_cpu(plan: RunPlan, granted: Mapping[str, Sequence[str]], inventory: Inventory) -> dict[str, str]:
    """Return by worker that could use a GPU and has been granted none, why.

    Args:
        plan: The run.
        granted: By worker, its GPUs.
        inventory: The machine.
    """
    found = reasons_at_submission(plan, inventory)
    for worker in plan.workers:
        if granted.get(worker.worker_id):
            found.pop(worker.worker_id, None)
        elif worker.gpus and worker.worker_id not in found:
            count = len(inventory.gpus)
            taken = "the GPU is taken" if count == 1 else f"all {count:,} GPUs are taken"
            found[worker.worker_id] = f"{taken} (wait for one: --gpus 1)"
    return found


def reasons_at_submission(plan: RunPlan, inventory: Inventory) -> dict[str, str]:
    """Return by worker that could use a GPU and will get none whenever it starts, why.

    Args:
        plan: The run.
        inventory: The machine.
    """
    found = {}
    for worker in plan.workers:
        if not worker.gpus and worker.cpu_reason and (inventory.gpus or worker.worker_type != COMMAND_TYPE):
            found[worker.worker_id] = worker.cpu_reason
        elif worker.gpus and not inventory.gpus:
            found[worker.worker_id] = inventory.no_gpus
    return found


def demand_of_plan(plan: RunPlan, inventory: Inventory) -> Demand:
    """Return what is set aside for a run on record."""
    resources = Resources.model_validate(plan.config.get("resources", {}))
    return demand_of(resources, plan.workers, inventory)


def _too_much(path: str, asked: int, there: int, unit: str) -> Problem:
    return Problem(
        path,
        f"is more than this machine will ever have free: {asked:,} {unit} asked for, {there:,} there",
        value=asked,
        allowed=f"at most {there:,}",
    )
