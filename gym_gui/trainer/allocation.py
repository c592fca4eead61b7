"""What runs take of machines, and what there is to be taken. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from gym_gui.trainer.demand import Demand
from gym_gui.trainer.machine import THIS_MACHINE, Machine

#: Of a run for which nothing but its slot is counted.
SLOT_ONLY = Demand()


@dataclass(frozen=True)
class Placement:
    """A machine that a run may be placed on.

    Args:
        machine: Its name.
        demand: What the run takes there while it is under way.
    """

    machine: str = THIS_MACHINE
    demand: Demand = SLOT_ONLY


@dataclass(frozen=True)
class QueuedRun:
    """A run that waits.

    Args:
        run_id: Its id.
        sequence: Order of submission.
        priority: Higher starts first.
        submitter: Whose it is.
        placements: Where it may be placed; the first comes first.
    """

    run_id: str
    sequence: int
    priority: int = 0
    submitter: str = ""
    placements: tuple[Placement, ...] = (Placement(),)


@dataclass(frozen=True)
class Allocation:
    """What is allocated to a run that is under way, until its death is verified.

    Args:
        run_id: Its id.
        submitter: Whose it is.
        demand: What it takes.
        gpus: The GPUs that it was granted.
        machine: Where it was placed.
    """

    run_id: str
    submitter: str = ""
    demand: Demand = SLOT_ONLY
    gpus: tuple[str, ...] = ()
    machine: str = THIS_MACHINE


@dataclass(frozen=True)
class Capacity:
    """What may be under way at once.

    Args:
        machines: The machines; their names differ.
        max_per_submitter: Runs of one submitter under way at once; 0: as many as there are slots.
    """

    machines: tuple[Machine, ...]
    max_per_submitter: int = 0
