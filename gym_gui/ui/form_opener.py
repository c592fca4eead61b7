"""Opens the forms of workers."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from gym_gui.app import Policy, usable
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.forms import FormKind, FormSpec, Values, make_form
from gym_gui.reading import RunDetails
from gym_gui.rpc import AsyncTrainerClient, Prepare, RunGroup
from gym_gui.runs import RunSummary, same_kind
from gym_gui.ui.forms import get_worker_form_factory, load_form_modules
from gym_gui.ui.link import DaemonLink
from gym_gui.workers import WorkerRecord

logger = logging.getLogger(__name__)


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
    said = Signal(str)
    """Which forms of packages cannot be used, and why."""

    def __init__(self, link: DaemonLink, home: Path, prepare: Prepare, window: QWidget) -> None:
        super().__init__(window)
        self._link, self._home, self._prepare, self._window = link, home, prepare, window
        self._drafts: dict[str, Values] = {}
        """What was entered by worker when a form that trains was closed without a start."""

    def load(self) -> None:
        """Import the forms of packages; say which of them cannot be."""

        def tell(faults: dict[str, str]) -> None:
            if faults:
                self.said.emit("; ".join(faults.values()))

        self._link.run(self, load_form_modules, tell)

    def open(self, worker: str, kind: FormKind = "train", **details: Any) -> None:
        """Open the form of a worker, once the daemon has said what is known of it.

        Args:
            worker: The worker.
            kind: What the form is for.
            details: What the form begins with: ``details``, ``values``, ``parent_run_id``.
        """

        async def ask(client: AsyncTrainerClient) -> tuple[WorkerRecord, FormSpec, dict[str, str]]:
            record = await client.worker(worker)
            executors = (await client.status()).executors
            form = await asyncio.to_thread(make_form, record, executors=executors)
            return record, form, await asyncio.to_thread(load_form_modules)

        def show(found: tuple[WorkerRecord, FormSpec, dict[str, str]]) -> None:
            record, form, faults = found
            fault = next((text for name, text in faults.items() if same_kind(name, record.name)), "")
            try:
                self._show(record, kind, {"form": form, **details}, fault)
            except MosaicError as error:  # such as a run of several workers, for which there is no form
                self.failed.emit(error)

        self._link.ask(self, ask, show, self.failed.emit)

    def open_of_run(self, kind: FormKind, run: RunSummary) -> None:
        """Open a form that repeats, resumes or evaluates a run."""
        if not run.workers:
            return
        parent = None if kind == "train" else run.run_id

        def show(details: RunDetails) -> None:
            self.open(run.workers[0].worker_type, kind, details=details, parent_run_id=parent)

        self._link.ask(self, lambda client: client.details(run.run_id), show, self.failed.emit)

    def open_of_policy(self, kind: FormKind, policy: Policy) -> None:
        """Open a form that evaluates or resumes a checkpoint."""
        saved = policy.checkpoint
        values = {"config.checkpoint_path": saved.path}
        self.open(saved.worker_type, kind, details=policy.details, values=values, parent_run_id=policy.run.run_id)

    def _show(self, record: WorkerRecord, kind: FormKind, details: dict[str, Any], fault: str) -> None:
        usable(record)
        if kind == "train" and not details.keys() & {"details", "values"}:
            details = {**details, "values": self._drafts.get(record.name, {})}
        keywords = {
            "record": record, "link": self._link, "home": self._home, "prepare": self._prepare, **details,
        }  # fmt: skip
        from gym_gui.ui.widgets.generated_form import generated_form  # once a form is wanted
        from gym_gui.ui.widgets.worker_form import WorkerForm

        factory = get_worker_form_factory()
        try:
            taken = factory.keywords(kind, record.name, keywords)
            form = factory.create(kind, record.name, self._window, **taken)
        except MosaicError:
            raise
        except Exception as error:  # the code of another package
            logger.exception("the %s form of %s cannot be made", kind, record.name)
            fault = f"the form that {record.name} brings cannot be made: {type(error).__name__}: {error}"
            form = generated_form(kind, record.name, self._window, **keywords)
        if form is None:
            raise UsageError(f"worker {record.name} runs no scripts", why="its config has no field 'script'")
        if isinstance(form, WorkerForm):
            form.submitted.connect(self.started)
            if kind == "train" and "details" not in details:
                form.rejected.connect(lambda: self._drafts.update({record.name: form.values()}))
                form.submitted.connect(lambda _ids: self._drafts.pop(record.name, None))
            if fault:
                form.warn(f"{fault}\nThis is the form that the worker's schema makes.")
        else:
            form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            form.accepted.connect(lambda: self._submit(form, details.get("parent_run_id")))
        form.open()

    def _submit(self, form: Any, parent_run_id: str | None) -> None:
        """Start the run of a form that only gives its config."""
        try:
            runs = RunGroup([form.get_config()], parent_run_id)
        except MosaicError as error:
            self.failed.emit(error)
        except Exception as error:  # likewise
            logger.exception("a form gives no config")
            self.failed.emit(MosaicError("the form gives no run config", why=f"{type(error).__name__}: {error}"))
        else:
            self._link.ask(self, lambda client: runs.start(client, self._prepare), self.started.emit, self.failed.emit)
