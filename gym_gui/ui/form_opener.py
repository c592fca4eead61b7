"""Opens the forms of workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.reading import RunDetails
from gym_gui.runs import RunSummary
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.kinds import FormKind
from gym_gui.ui.link import DaemonLink
from gym_gui.workers import WorkerRecord

Prepare = Callable[[dict[str, Any]], dict[str, Any]]
"""Completes a run config before it is submitted."""


class FormOpener(QObject):
    """Opens forms over a window, and says which runs they started.

    Args:
        link: The way to the daemon.
        home: The home that has the presets of forms.
        prepare: Completes a run config before it is submitted.
        window: What the forms belong to.
    """

    started = Signal(list)
    """Ids of the runs that a form started."""
    failed = Signal(object)
    """Why there is no form, or no run: a :class:`MosaicError`."""

    def __init__(self, link: DaemonLink, home: Path, prepare: Prepare, window: QWidget) -> None:
        super().__init__(window)
        self._link, self._home, self._prepare, self._window = link, home, prepare, window
        self.executors: tuple[str, ...] = ("local",)
        """Names of the executors that runs may use."""

    def open(self, worker: str, kind: FormKind = "train", **details: Any) -> None:
        """Open the form of a worker, once the daemon has said what is known of it.

        Args:
            worker: The worker.
            kind: What the form is for.
            details: What the form begins with: ``details``, ``values``, ``parent_run_id``.
        """

        def show(record: WorkerRecord) -> None:
            try:
                self._show(record, kind, details)
            except MosaicError as error:  # such as a run of several workers, for which there is no form
                self.failed.emit(error)

        self._link.ask(self, lambda client: client.worker(worker), show, self.failed.emit)

    def open_of_run(self, kind: FormKind, run: RunSummary) -> None:
        """Open a form that repeats, resumes or evaluates a run."""
        if not run.workers:
            return
        parent = None if kind == "train" else run.run_id

        def show(details: RunDetails) -> None:
            self.open(run.workers[0].worker_type, kind, details=details, parent_run_id=parent)

        self._link.ask(self, lambda client: client.details(run.run_id), show, self.failed.emit)

    def _show(self, record: WorkerRecord, kind: FormKind, details: dict[str, Any]) -> None:
        if record.broken:
            raise UsageError(
                f"worker {record.name} is broken", where=record.python, why=record.broken,
                next_step=record.mend or "mosaic workers list",
            )  # fmt: skip
        factory = get_worker_form_factory()
        create = getattr(factory, f"create_{kind}_form")
        if getattr(factory, f"has_{kind}_form")(record.name):
            form = create(record.name, self._window)
            form.accepted.connect(lambda: self._submit(form.get_config()))
        else:
            form = create(
                record.name, self._window, record=record, link=self._link, home=self._home, prepare=self._prepare,
                executors=self.executors, **details,
            )  # fmt: skip
            form.submitted.connect(self.started)
        form.open()

    def _submit(self, config: dict[str, Any]) -> None:
        """Start the run of a form that only gives its config."""
        prepared = self._prepare(config)
        self._link.ask(
            self,
            lambda client: client.submit(prepared),
            lambda run_id: self.started.emit([run_id]),
            self.failed.emit,
        )
