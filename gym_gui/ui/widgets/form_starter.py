"""Starts the runs of a form, one after another."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from gym_gui.ui.link import DaemonLink


class RunStarter(QObject):
    """Submits run configs; after a refusal the rest of the very same goes on.

    Args:
        link: The way to the daemon.
        prepare: Completes a config before it is submitted.
        parent_run_id: The run that the others go on from.
        parent: As of any object of Qt.
    """

    done = Signal(list)
    """Ids of the runs that were started."""
    failed = Signal(object)
    """Why one of them was not: a :class:`MosaicError`."""

    def __init__(
        self,
        link: DaemonLink,
        prepare: Callable[[dict[str, Any]], dict[str, Any]],
        parent_run_id: str | None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._link, self._prepare, self._parent_run_id = link, prepare, parent_run_id
        self.started: list[str] = []
        """Ids of those that were started of what was begun last."""
        self._begun: list[dict[str, Any]] = []
        self._group = ""

    def start(self, configs: list[dict[str, Any]]) -> None:
        """Start a run of each config; several are a group."""
        if configs != self._begun:
            self._begun, self.started = configs, []
            self._group = f"g{time.time_ns() // 1_000_000:x}" if len(configs) > 1 else ""
        self._submit_next([self._prepare(config) for config in configs[len(self.started) :]])

    def _submit_next(self, configs: list[dict[str, Any]]) -> None:
        if not configs:
            self.done.emit(self.started)
            return
        config, *others = configs

        def started(run_id: str) -> None:
            self.started.append(run_id)
            self._submit_next(others)

        self._link.ask(
            self,
            lambda client: client.submit(config, group=self._group, parent_run_id=self._parent_run_id),
            started,
            self.failed.emit,
        )
