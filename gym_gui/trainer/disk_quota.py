"""Keeps runs within their disk quota: warns, then has their workers leave out steps, never episodes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import MosaicError
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_DISK_QUOTA_NEAR, LOG_DAEMON_DISK_QUOTA_REACHED
from gym_gui.runs import READ_ERRORS, RunFolder, load_plan, write_json_atomic

if TYPE_CHECKING:
    from gym_gui.trainer.dispatcher import Dispatcher

logger = logging.getLogger(__name__)

#: Seconds between looks.
LOOK_S = 2.0
#: From this part of the quota on there is a warning.
WARN_AT = 0.8
_MB = 1 << 20


class DiskQuota:
    """Looks after the runs under way.

    Args:
        home: The home.
        dispatcher: Knows which runs are under way.
        limit_bytes: What any run's folder may hold; 0: what the run's own config says.
    """

    def __init__(self, home: Path, dispatcher: Dispatcher, limit_bytes: int) -> None:
        self._home = home
        self._dispatcher = dispatcher
        self._limit = limit_bytes
        self._limits: dict[str, int] = {}
        self._warned: set[str] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.to_thread(self.look, self._dispatcher.under_way)
            await asyncio.sleep(LOOK_S)

    def look(self, run_ids: Iterable[str]) -> None:
        """Look at these runs once."""
        under_way = set(run_ids)
        self._warned &= under_way
        self._limits = {run_id: limit for run_id, limit in self._limits.items() if run_id in under_way}
        for run_id in under_way:
            folder = RunFolder.of(self._home, run_id)
            try:
                limit = self._limit_of(folder)
                if limit and not folder.no_steps.exists():
                    self._check(folder, limit)
            except (MosaicError, OSError) as error:
                logger.warning("run %s: its size cannot be determined: %s", run_id, error, extra={"run_id": run_id})

    def _limit_of(self, folder: RunFolder) -> int:
        """Return what a run's folder may hold, bytes; 0: anything."""
        if folder.run_id not in self._limits:
            own = load_plan(folder).limits.disk_mb
            limits = [limit for limit in (self._limit, int((own or 0) * _MB)) if limit > 0]
            self._limits[folder.run_id] = min(limits, default=0)
        return self._limits[folder.run_id]

    def _check(self, folder: RunFolder, limit: int) -> None:
        size = folder_size(folder.path)
        values = {"run_id": folder.run_id, "bytes": size, "limit_bytes": limit}
        if size >= limit:
            write_json_atomic(folder.no_steps, {"at": time.time(), "bytes": size, "limit_bytes": limit})
            log_constant(logger, LOG_DAEMON_DISK_QUOTA_REACHED, extra=values)
        elif size >= WARN_AT * limit and folder.run_id not in self._warned:
            self._warned.add(folder.run_id)
            log_constant(logger, LOG_DAEMON_DISK_QUOTA_NEAR, extra=values)


def folder_size(folder: Path) -> int:
    """Return the bytes that the files of a folder hold; links are not followed."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(FileNotFoundError):
                total += Path(path, name).lstat().st_size
    return total


def quota_note(folder: RunFolder) -> str:
    """Return what a run's quota has done to it, one sentence; empty if nothing."""
    try:
        reached = json.loads(read_regular(folder.no_steps))
        used, limit = reached["bytes"] / _MB, reached["limit_bytes"] / _MB
    except (*READ_ERRORS, KeyError, TypeError):
        return ""
    return (
        f"Its folder reached {used:,.1f} MiB of {limit:,.1f}: from then on episodes were recorded without their steps."
    )
