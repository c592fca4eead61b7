"""What a queued run waits for, and how that is said. Pure."""

from __future__ import annotations

from dataclasses import dataclass

#: By resource, what is counted.
UNITS = {"cpus": "cores", "memory_mb": "MiB of memory", "gpus": "GPUs"}


@dataclass(frozen=True)
class Lack:
    """One thing that a run waits for.

    Args:
        resource: ``slots``, ``cpus``, ``memory_mb``, ``gpus``; ``turn``, ``quota`` or ``disk``.
        needed: How much of it the run needs.
        free: How much is free.
        total: How much there is.
        holders: Who holds it, and how much: run ids; for a turn and a quota, the submitter.
        aside_for: The waiting runs for which what is free is set aside.
    """

    resource: str
    needed: int
    free: int
    total: int
    holders: tuple[tuple[str, int], ...] = ()
    aside_for: tuple[str, ...] = ()


@dataclass(frozen=True)
class Waiting:
    """Why a run is not started now.

    Args:
        before: How many queued runs come before it.
        lacks: What it waits for; never empty.
    """

    before: int
    lacks: tuple[Lack, ...]

    def __str__(self) -> str:
        return f"{'; '.join(_words(lack) for lack in self.lacks)}, {self.before} queued before it"


def _words(lack: Lack) -> str:
    """Return what is lacking, in words with numbers."""
    if lack.resource == "slots":
        return f"waits for one of {lack.total:,} slots" + _aside(lack)
    if lack.resource == "disk":
        return f"waits for room on the disk: {lack.free:,} of {lack.needed:,} MiB free (setting disk_low_mb)"
    if lack.resource == "quota":
        return f"waits for one of its submitter's own {lack.total:,} slots"
    if lack.resource == "turn":
        first = " and ".join(lack.aside_for)
        return f"waits for run {first} of the same submitter, which has been passed often enough"
    return f"waits for {lack.needed:,} of {lack.total:,} {UNITS[lack.resource]}, {lack.free:,} free{_aside(lack)}"


def _aside(lack: Lack) -> str:
    return f" (set aside for {' and '.join(lack.aside_for)})" if lack.aside_for and lack.free else ""
