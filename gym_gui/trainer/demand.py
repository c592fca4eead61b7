"""What a run takes of its machine while it is under way, and whether it could ever fit. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gym_gui.core.worker.errors import Problem
from gym_gui.runs import COMMAND_TYPE, Resources, RunPlan, WorkerPlan
from gym_gui.trainer.machine import Inventory, Machine, place_of

#: What a worker may ask for without anything of an undeclared inventory being allocated to it.
FLOOR = Resources()


@dataclass(frozen=True)
class Request:
    """What a run asks for, on whatever machine.

    Args:
        workers: How many workers it has.
        cpus: Cores of each.
        memory_mb: MiB of each.
        gpus: GPUs of all together.
        mandatory: It waits for the GPUs rather than start without them.
        site: The one of its executor's sites that it is for; empty: any.
    """

    workers: int = 1
    cpus: int = FLOOR.cpus
    memory_mb: int = FLOOR.memory_mb
    gpus: int = 0
    mandatory: bool = False
    site: str = ""


@dataclass(frozen=True)
class Demand:
    """What is allocated to a run on a machine, for all its workers together, beside its slot.

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


def request_of(resources: Resources, workers: Sequence[WorkerPlan]) -> Request:
    """Return what a run asks for.

    Args:
        resources: What each worker asks for.
        workers: The workers, which may ask for different numbers of GPUs.
    """
    asked = resources.gpus.requested or 0
    mandatory = any(worker.needs_gpus for worker in workers) or (resources.gpus.mandatory and asked > 0)
    counts = [
        asked if worker.gpus is None else worker.gpus
        for worker in workers
        if not mandatory or worker.needs_gpus or worker.gpus is None
    ]
    return Request(len(workers), resources.cpus, resources.memory_mb, sum(counts), mandatory)


def request_of_plan(plan: RunPlan) -> Request:
    """Return what a run on record asks for.

    Raises:
        ValueError: Its plan does not tell.
    """
    return request_of(Resources.model_validate(plan.config.get("resources", {})), plan.workers)


def demand_of(request: Request, inventory: Inventory | None) -> Demand:
    """Return what is allocated to a run on a machine.

    What each worker asks for counts as often as there are workers, but never for more than the machine has: workers
    beyond that share. Of an inventory that was not declared, workers that ask for no more than the floor (one core, the
    default memory) share what there is, and nothing is allocated to them.

    Args:
        request: What it asks for.
        inventory: What the machine has; ``None``: nothing but slots is counted.
    """
    if inventory is None:
        return Demand()
    cpus, memory = request.cpus * request.workers, request.memory_mb * request.workers
    if not inventory.declared_cpus and request.cpus <= FLOOR.cpus:
        cpus = 0
    if not inventory.declared_memory and request.memory_mb <= FLOOR.memory_mb:
        memory = 0
    return Demand(min(cpus, inventory.cpus), min(memory, inventory.memory_mb), request.gpus, request.mandatory)


def fits(request: Request, inventory: Inventory) -> bool:
    """Return whether a run could ever start on a machine."""
    floor = 0 if inventory.declared_memory else FLOOR.memory_mb
    return (
        request.cpus <= inventory.cpus
        and request.memory_mb <= max(inventory.memory_mb, floor)
        and (not request.mandatory or request.gpus <= len(inventory.gpus))
    )


def demand_problems(resources: Resources, workers: int, machine: Machine) -> list[Problem]:
    """Return why a run could never start on a machine, however long it waited.

    Args:
        resources: What each worker asks for.
        workers: How many there are.
        machine: The machine.
    """
    inventory = machine.inventory
    if inventory is None:
        return []
    place = place_of(machine.name)
    problems = []
    if resources.cpus > inventory.cpus:
        problems.append(_too_much("resources.cpus", resources.cpus, inventory.cpus, "cores", place))
    floor = 0 if inventory.declared_memory else FLOOR.memory_mb
    if resources.memory_mb > max(inventory.memory_mb, floor):
        problems.append(
            _too_much("resources.memory_mb", resources.memory_mb, inventory.memory_mb, "MiB of memory", place)
        )
    each = resources.gpus.requested or 0
    gpus = each * workers
    if resources.gpus.mandatory and gpus > len(inventory.gpus):
        asked = f" ({workers} workers, {each} each)" if workers > 1 else ""
        problem = _too_much(
            "resources.gpus.requested", gpus, len(inventory.gpus), f"GPU{'' if gpus == 1 else 's'}{asked}", place
        )
        if not inventory.gpus:
            problem.message += f" ({inventory.no_gpus})"
        problems.append(problem)
    return problems


def gpu_problems(workers: Sequence[str], needed: int, machine: Machine) -> list[Problem]:
    """Return why workers that do not run without a GPU cannot run on a machine.

    Args:
        workers: Their names.
        needed: How many GPUs they wait for.
        machine: The machine.
    """
    inventory = machine.inventory
    if inventory is None:
        return []
    there = len(inventory.gpus)
    if not workers or (there and needed <= there):
        return []
    has = f"has {there:,} of the {needed:,} that they need" if there else f"has none ({inventory.no_gpus})"
    message = f"does not run without a GPU (its capability requires_gpu), and {place_of(machine.name)} {has}"
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


def _too_much(path: str, asked: int, there: int, unit: str, place: str) -> Problem:
    return Problem(
        path,
        f"is more than {place} will ever have free: {asked:,} {unit} asked for, {there:,} there",
        value=asked,
        allowed=f"at most {there:,}",
    )
