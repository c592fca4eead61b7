"""What a queued run waits for, and how that is said. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from gym_gui.trainer.machine import place_of

#: By resource, what is counted.
UNITS = {"cpus": "cores", "memory_mb": "MiB of memory", "gpus": "GPUs"}


@dataclass(frozen=True)
class Shortage:
    """One thing that a run waits for.

    Args:
        resource: ``slots``, ``cpus``, ``memory_mb``, ``gpus``; ``fair_share``, ``quota``, ``disk``, ``machine`` or
            ``claim``.
        needed: How much of it the run needs.
        free: How much is free.
        total: How much there is.
        holders: To whom it is allocated, and how much: run ids; for a fair share and a quota, the submitter.
        reserved_for: The waiting runs for which what is free is reserved.
        machine: Name of the machine that it is short on; ``None`` where there is but one.
        why: Why it is short, in words, where its executor says so.
    """

    resource: str
    needed: int
    free: int
    total: int
    holders: tuple[tuple[str, int], ...] = ()
    reserved_for: tuple[str, ...] = ()
    machine: str | None = None
    why: str = ""

    @property
    def place(self) -> str:
        """Where, in words, with a space before; empty where there is but one machine."""
        return "" if self.machine is None else f" on {place_of(self.machine)}"


@dataclass(frozen=True)
class Waiting:
    """Why a run is not started now.

    Args:
        before: How many queued runs come before it.
        shortages: What it waits for; never empty.
    """

    before: int
    shortages: tuple[Shortage, ...]

    @property
    def clauses(self) -> str:
        """What it waits for, in words with numbers."""
        return "; ".join(map(_words, self.shortages))

    def __str__(self) -> str:
        return f"{self.clauses}, {self.before} queued before it"


def _words(shortage: Shortage) -> str:
    """Return what is short, in words with numbers."""
    place, reserved = shortage.place, _reserved(shortage)
    if shortage.resource == "slots":
        return f"waits for one of {shortage.total:,} slots{place}{reserved}"
    if shortage.resource == "disk":
        return f"waits for disk space: {shortage.free:,} of {shortage.needed:,} MiB free (setting disk_low_mb)"
    if shortage.resource == "machine":
        return f"waits for a machine of its executor: {shortage.why or 'it has none that could run it'}"
    if shortage.resource == "claim":
        return "waits for a machine that claims it"
    if shortage.resource == "quota":
        return f"waits for one of its submitter's own {shortage.total:,} slots"
    if shortage.resource == "fair_share":
        first = " and ".join(shortage.reserved_for)
        return f"waits for run {first} of the same submitter, which has been passed often enough"
    unit = UNITS[shortage.resource]
    return f"waits for {shortage.needed:,} of {shortage.total:,} {unit}{place}, {shortage.free:,} free{reserved}"


def _reserved(shortage: Shortage) -> str:
    names = shortage.reserved_for
    return f" (reserved for {' and '.join(names)})" if names and shortage.free else ""
