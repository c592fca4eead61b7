"""Workers as a list shows them: installed ones, then those that can be installed by their name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from gym_gui.jobs import Job
from gym_gui.rpc import AsyncTrainerClient

_KINDS = ("install", "remove", "check")


class WorkerEntry(NamedTuple):
    """A worker that is installed or could be.

    Args:
        name: Its name.
        title: What it is called.
        about: One sentence.
        version: Of its package.
        installed: Whether it is.
        own: Whether it has an environment of its own, which can be made again and removed.
        size: Bytes of that, or about as many as it would take.
        broken: Why it cannot be used.
        fix: The command that fixes that.
    """

    name: str
    title: str
    about: str = ""
    version: str = ""
    installed: bool = True
    own: bool = False
    size: int | None = None
    broken: str = ""
    fix: str = ""

    @property
    def standing(self) -> str:
        """Whether it can be used, as glyph and words."""
        return "✕ broken" if self.broken else "✓ installed" if self.installed else "◌ not installed"

    @property
    def problem(self) -> str:
        """Why it cannot be used, and the command that fixes that."""
        return f"{self.broken}\nFix it with: {self.fix}" if self.broken else ""

    def actions(self, *, busy: bool) -> set[str]:
        """Return what can be done with it, by name.

        Args:
            busy: A job changes or checks workers.
        """
        usable, changeable = self.installed and not self.broken, not busy
        can = {
            "Train…": usable, "Check": usable and changeable, "Copy command": bool(self.fix),
            "Install": changeable and (not self.installed or self.own), "Remove…": changeable and self.own,
        }  # fmt: skip
        return {name for name, allowed in can.items() if allowed}


async def watch_all_jobs(client: AsyncTrainerClient) -> AsyncIterator[dict[str, Job]]:
    """Yield the jobs of a daemon by id, those alone that have changed."""
    async for job in client.watch_jobs():
        yield {job.job_id: job}


def merged_jobs(old: dict[str, Job], new: dict[str, Job]) -> dict[str, Job]:
    """Return what is known of jobs with what is newer."""
    return {**old, **new}


async def worker_entries(client: AsyncTrainerClient) -> list[WorkerEntry]:
    """Return the workers of a daemon's machine.

    Args:
        client: The daemon.
    """
    records, installs = await asyncio.gather(client.workers(), client.installs())
    sizes = {each.name: each.size_bytes for each in installs.environments}
    found = [
        WorkerEntry(
            each.name, each.title, each.about, each.version, own=bool(each.environment),
            size=sizes.get(each.environment), broken=each.broken or "", fix=each.mend or "",
        )
        for each in records
    ]  # fmt: skip
    return found + [
        WorkerEntry(each.name, each.name, each.description, installed=False, size=each.size_bytes)
        for each in installs.installable
    ]


class WorkerJobs:
    """The jobs of a daemon that change or check workers."""

    def __init__(self) -> None:
        self.by_id: dict[str, Job] = {}

    @property
    def busy(self) -> bool:
        """Whether one is under way."""
        return any(not job.state.terminal for job in self.by_id.values())

    def take(self, jobs: Mapping[str, Job]) -> bool:
        """Take over jobs that have changed; return whether one ended that was under way: workers may have changed."""
        before = self.by_id
        self.by_id = {**before, **{job.job_id: job for job in jobs.values() if job.kind in _KINDS}}
        ended = [job for job in jobs.values() if job.state.terminal and job.job_id in before]
        return any(not before[job.job_id].state.terminal for job in ended)

    def shown(self, job_id: str) -> Job | None:
        """Return the job to show: the one that is shown unless it has ended while another is under way.

        Args:
            job_id: The one that is shown; empty: none.
        """
        going = [job for job in self.by_id.values() if not job.state.terminal]
        shown = self.by_id.get(job_id)
        return going[-1] if going and shown not in going else shown
