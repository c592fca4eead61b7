"""Workers as a list shows them: installed ones, then those that can be installed by their name."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from gym_gui.rpc import AsyncTrainerClient


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


async def worker_entries(client: AsyncTrainerClient) -> list[WorkerEntry]:
    """Return the workers of a daemon's machine.

    Args:
        client: The daemon.
    """
    records, installs = await asyncio.gather(client.workers(), client.installs())
    sizes = {each.name: each.size_bytes for each in installs.environments}
    found = [
        WorkerEntry(
            each.name, str(each.metadata.get("name") or each.name), str(each.metadata.get("description") or ""),
            each.version, own=bool(each.environment), size=sizes.get(each.environment),
            broken=each.broken or "", fix=each.mend or "",
        )
        for each in records
    ]  # fmt: skip
    return found + [
        WorkerEntry(each.name, each.name, each.description, installed=False, size=each.size_bytes)
        for each in installs.installable
    ]
