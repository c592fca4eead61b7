"""The window: runs at the left, the opened ones in tabs."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QMessageBox,
    QSplitter,
    QTabWidget,
    QToolBar,
    QToolButton,
    QWidget,
)

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.reading import RunDetails
from gym_gui.runs import RunSummary
from gym_gui.trainer import DaemonStatus
from gym_gui.ui.forms import get_worker_form_factory
from gym_gui.ui.kinds import FormKind
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import label, tip, without_mnemonics
from gym_gui.ui.runs.panel import RunsPanel
from gym_gui.ui.worker_catalog import WorkerDefinition, definition_of
from gym_gui.workers import WorkerRecord

#: Tabs at once: each follows its run.
_MOST_TABS = 20


class MainWindow(QMainWindow):
    """The window; closing it ends no run.

    Args:
        link: The way to the daemon.
        where: Which daemon, for the user.
        home: The home that has the presets of forms.
        prepare: Completes a run config before it is submitted.
    """

    shown = Signal()
    """It is on the screen."""
    ready = Signal()
    """Nothing is left to import."""

    def __init__(
        self,
        link: DaemonLink,
        where: str,
        home: Path,
        prepare: Callable[[dict[str, Any]], dict[str, Any]] = lambda config: config,
    ) -> None:
        super().__init__()
        self._link, self._where, self._home, self._prepare = link, where, home, prepare
        self._executors: tuple[str, ...] = ("local",)
        self.setWindowTitle(f"MOSAIC — {where}")
        self.resize(1280, 720)
        self.runs = RunsPanel(link)
        self.tabs = QTabWidget()
        self.tabs.setTabsClosable(True)
        self.tabs.setMovable(True)
        self.tabs.setDocumentMode(True)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.addWidget(self.runs)
        self.split.addWidget(self.tabs)
        self.split.setSizes([1280, 0])
        self.tabs.hide()
        self.setCentralWidget(self.split)
        self.workers = QMenu(self)
        self.workers.setToolTipsVisible(True)
        self.policies = QMenu(self)
        self._add_tool_bar()
        self.connection = label("connecting …")
        self.connection.setContentsMargins(0, 0, 8, 0)
        self.statusBar().addPermanentWidget(self.connection)
        self.statusBar().setSizeGripEnabled(False)
        self.runs.opened.connect(self.open_run)
        self.tabs.tabCloseRequested.connect(self._close_tab)
        link.changed.connect(self._show_connection)
        self.workers.aboutToShow.connect(self._ask_workers)

    def start(self) -> None:
        """Begin to ask the daemon."""
        self._link.start()
        # What a run's page needs takes a third of a second to import: not when the page is opened.
        self._link.run(self, lambda: import_module("gym_gui.ui.run.page"), lambda _module: self.ready.emit())
        self.runs.start()
        self._ask_workers()
        self._link.ask(self, lambda client: client.status(), self._show_status, lambda _error: None)

    def open_run(self, run_id: str) -> QWidget:
        """Show a run in a tab of its own; return the page."""
        from gym_gui.ui.run.page import RunPage  # pyqtgraph: once a chart is wanted

        for at in range(self.tabs.count()):
            page = self.tabs.widget(at)
            if isinstance(page, RunPage) and page.run_id == run_id:
                self.tabs.setCurrentIndex(at)
                return page
        page = RunPage(self._link, run_id)
        page.renamed.connect(lambda name: self._name_tab(page, name))
        page.removed.connect(lambda: self._close_tab(self.tabs.indexOf(page)))
        page.form_wanted.connect(self.open_form_of_run)
        self._add_tab(page, run_id[-6:])
        return page

    def compare(self) -> None:
        """Show the selected runs side by side."""
        from gym_gui.ui.compare import MOST, ComparePage

        chosen = self.runs.selected_ids()
        if len(chosen) < 2:
            self.statusBar().showMessage("select two or more runs to compare (Ctrl or Shift with a click)", 5000)
            return
        if len(chosen) > MOST:
            self.statusBar().showMessage(f"the first {MOST} of the selected runs are compared", 5000)
        self._add_tab(ComparePage(self._link, chosen), f"{len(chosen[:MOST])} runs")

    def open_form(self, worker: str, kind: FormKind = "train", **details: Any) -> None:
        """Open the form of a worker, once the daemon has said what is known of it.

        Args:
            worker: The worker.
            kind: What the form is for.
            details: What the form begins with: ``details``, ``values``, ``parent_run_id``.
        """

        def show(record: WorkerRecord) -> None:
            try:
                self._show_form(record, kind, details)
            except MosaicError as error:  # such as a run of several workers, for which there is no form
                self.show_error(error)

        self._link.ask(self, lambda client: client.worker(worker), show, self.show_error)

    def open_form_of_run(self, kind: FormKind, run: RunSummary) -> None:
        """Open a form that repeats, resumes or evaluates a run."""
        if not run.workers:
            return
        parent = None if kind == "train" else run.run_id

        def show(details: RunDetails) -> None:
            self.open_form(run.workers[0].worker_type, kind, details=details, parent_run_id=parent)

        self._link.ask(self, lambda client: client.details(run.run_id), show, self.show_error)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Say so once what is to be drawn at first has been drawn."""
        super().showEvent(event)
        QTimer.singleShot(0, self.shown.emit)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - as Qt names it
        """Let go of the daemon; runs go on."""
        self._link.close()
        super().closeEvent(event)

    def _show_form(self, record: WorkerRecord, kind: FormKind, details: dict[str, Any]) -> None:
        if record.broken:
            raise UsageError(
                f"worker {record.name} is broken", where=record.python, why=record.broken,
                next_step=record.mend or "mosaic workers list",
            )  # fmt: skip
        factory = get_worker_form_factory()
        create = getattr(factory, f"create_{kind}_form")
        if getattr(factory, f"has_{kind}_form")(record.name):
            form = create(record.name, self)
            form.accepted.connect(lambda: self._submit(form.get_config()))
        else:
            form = create(
                record.name, self, record=record, link=self._link, home=self._home, prepare=self._prepare,
                executors=self._executors, **details,
            )  # fmt: skip
            form.submitted.connect(self._show_started)
        form.open()

    def _submit(self, config: dict[str, Any]) -> None:
        """Start the run of a form that only gives its config."""
        prepared = self._prepare(config)
        self._link.ask(
            self, lambda client: client.submit(prepared), lambda run_id: self._show_started([run_id]), self.show_error
        )

    def _show_started(self, run_ids: list[str]) -> None:
        for run_id in run_ids[:_MOST_TABS]:
            self.open_run(run_id)
        self.statusBar().showMessage(f"started {len(run_ids)} run{'' if len(run_ids) == 1 else 's'}", 5000)

    def show_error(self, error: MosaicError) -> None:
        """Show an error with what to do next."""
        parts = [part for part in (error.where, error.why, error.next_step and f"Next: {error.next_step}") if part]
        box = QMessageBox(QMessageBox.Icon.Warning, "MOSAIC", error.what, QMessageBox.StandardButton.Ok, self)
        box.setInformativeText("\n\n".join(parts) if parts else str(error))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()

    # -- workers and connection --------------------------------------------------------------------------------

    def _add_tool_bar(self) -> None:
        bar = QToolBar()
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.train = QToolButton()
        self.train.setText("Train")
        self.train.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.train.setMenu(self.workers)
        self.train.setShortcut(QKeySequence("Ctrl+N"))
        bar.addWidget(self.train)
        self.evaluate = QToolButton()
        self.evaluate.setText("Evaluate")
        self.evaluate.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.evaluate.setMenu(self.policies)
        bar.addWidget(self.evaluate)
        self.comparison = QAction("Compare", self)
        self.comparison.setShortcut(QKeySequence("Ctrl+K"))
        self.comparison.setToolTip("Compare the selected runs")
        self.comparison.triggered.connect(self.compare)
        bar.addAction(self.comparison)
        search, close = QAction("Search", self), QAction("Close tab", self)
        search.setShortcut(QKeySequence("Ctrl+F"))
        search.triggered.connect(self.runs.query.setFocus)
        close.setShortcut(QKeySequence("Ctrl+W"))
        close.triggered.connect(lambda: self._close_tab(self.tabs.currentIndex()))
        self.addActions([search, close])
        self.addToolBar(bar)

    def _ask_workers(self) -> None:
        self._link.ask(self, lambda client: client.workers(), self._show_workers, lambda _error: None)

    def _show_workers(self, records: list[WorkerRecord]) -> None:
        found = [definition_of(record) for record in records]
        if [action.data() for action in self.workers.actions()] == found:
            return
        for menu in (self.workers, self.policies):
            menu.clear()
        for definition in found:
            self.workers.addAction(self._worker_action(definition))
            if definition.supports_policy_load:
                name = without_mnemonics(f"a checkpoint of {definition.display_name}…")
                policy = self.policies.addAction(name)
                policy.triggered.connect(lambda _on=False, of=definition.worker_id: self.open_form(of, "policy"))
        if not found:
            self.workers.addAction("no worker is installed: mosaic workers install sb3").setEnabled(False)

    def _worker_action(self, definition: WorkerDefinition) -> QAction:
        name = without_mnemonics(definition.display_name)
        action = QAction(f"{name} — broken" if definition.problem else name, self.workers)
        action.setData(definition)
        fix = f"\nFix it with: {definition.fix}" if definition.fix else ""
        action.setToolTip(tip(f"{definition.problem}{fix}" if definition.problem else definition.description))
        action.setEnabled(not definition.problem)
        action.triggered.connect(lambda: self.open_form(definition.worker_id))
        return action

    def _show_status(self, status: DaemonStatus) -> None:
        self._executors = tuple(status.executors) or ("local",)
        self._show_connection()

    def _show_connection(self) -> None:
        problem = self._link.problem
        if problem is None:
            self.connection.setText(f"● connected to {self._where}")
            self.connection.setToolTip("")
        else:
            self.connection.setText(f"✕ {problem.what}; trying again")
            self.connection.setToolTip(tip(str(problem)))

    # -- tabs --------------------------------------------------------------------------------

    def _add_tab(self, page: QWidget, title: str) -> None:
        if self.tabs.count() == _MOST_TABS:
            self._close_tab(0)
        at = self.tabs.addTab(page, title)
        self._show_tabs()
        self.tabs.setCurrentIndex(at)

    def _name_tab(self, page: QWidget, name: str) -> None:
        at = self.tabs.indexOf(page)
        if at >= 0:
            self.tabs.setTabText(at, without_mnemonics(name if len(name) <= 28 else f"{name[:27]}…"))
            self.tabs.setTabToolTip(at, tip(name))

    def _close_tab(self, at: int) -> None:
        page = self.tabs.widget(at)
        if page is None:
            return
        page.close_page()  # type: ignore[attr-defined]
        self.tabs.removeTab(at)
        page.deleteLater()
        self._show_tabs()

    def _show_tabs(self) -> None:
        shown = self.tabs.count() > 0
        if shown and self.tabs.isHidden():
            self.tabs.show()
            self.split.setSizes([self.width() * 2 // 5, self.width() * 3 // 5])
        self.tabs.setVisible(shown)


def with_this_environment(config: dict[str, Any]) -> dict[str, Any]:
    """Return a run config with the variables that its workers get of this process's environment."""
    from gym_gui.runs import with_base_environment

    completed: dict[str, Any] = with_base_environment(config, os.environ)
    return completed
