"""Notices damage to ``registry.db`` that the living daemon itself might never see, as it reads from its memory."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from pathlib import Path

from gym_gui.trainer.registry import Registry
from gym_gui.trainer.registry_damage import SUFFIXES
from gym_gui.trainer.registry_reader import examine_registry

logger = logging.getLogger(__name__)

#: Seconds between two looks at the whole file, if anything was written meanwhile.
LEAST_S = 2.0
#: And at least so many times as long as the last look took.
SHARE = 100


class RegistryWatch:
    """Looks at the registry's file now and then, as any other program would.

    Args:
        registry: The registry.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._seen: object = None
        self._next_at = time.monotonic() + LEAST_S

    async def look(self) -> None:
        """Look if it is time to; a registry that is damaged, or not in its place any more, is replaced."""
        if time.monotonic() < self._next_at:
            return
        began = time.monotonic()
        fault = ""
        if self._registry.is_displaced():
            fault = "it is not in its place any more"
        else:
            seen = self._stamp()
            if seen != self._seen:
                try:
                    fault = await asyncio.to_thread(examine_registry, self._registry.path)
                    self._seen = seen
                except (OSError, sqlite3.Error) as error:
                    logger.debug("the registry cannot be checked now: %s", error)
        self._next_at = time.monotonic() + max(LEAST_S, SHARE * (time.monotonic() - began))
        if fault:
            self._registry.replace(fault)

    def _stamp(self) -> object:
        """Return what differs once anything was written."""
        path = self._registry.path
        return [_stamp_of(path.with_name(path.name + suffix)) for suffix in SUFFIXES[:2]]


def _stamp_of(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
