"""The window: runs at the left, the opened ones in tabs."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence, QShowEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QSplitter,
    QTabWidget,
    QToolBar,
    QWidget,
)

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc import Prepare
from gym_gui.ui.docks.docks import add_docks
from gym_gui.ui.form_opener import FormOpener
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import label, menu_button, tip, warning, without_mnemonics
from gym_gui.ui.runs.actions import RunActions
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
        prepare: Prepare = lambda config: config,
    ) -> None:
        super().__init__()
        self._link, self._where = link, where
        self.forms = FormOpener(link, home, prepare, self)
        self.setWindowTitle(f"MOSAIC — {where}")
        self.resize(1280, 720)
        self.runs = RunsPanel(link, home)
        self.run_actions = RunActions(self.runs, link)
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
        self.policies, self.views = QMenu(self), QMenu(self)
        self._add_tool_bar()
        self.connection = label("connecting …")
        self.connection.setContentsMargins(0, 0, 8, 0)
        self.statusBar().addPermanentWidget(self.connection)
        self.statusBar().setSizeGripEnabled(False)
        self.runs.opened.connect(self.open_run)
        self.tabs.tabCloseRequested.connect(self._close_tab)
        link.changed.connect(self._show_connection)
        self.forms.started.connect(self._show_started)
        self.forms.failed.connect(self.show_error)
        self.forms.said.connect(self.statusBar().showMessage)
        self.workers.aboutToShow.connect(self._ask_workers)

    def start(self) -> None:
        """Begin to ask the daemon."""
        self._link.start()
        # What a run's page needs takes a third of a second to import: not when the page is opened.
        self._link.run(self, lambda: import_module("gym_gui.ui.run.page"), lambda _module: self.ready.emit())
        self.forms.load()
        self.runs.start()
        self._ask_workers()
        self._link.ask(
            self, lambda client: client.status(), lambda _status: self._show_connection(), lambda _error: None
        )

    def open_run(self, run_id: str) -> QWidget:
        """Show a run in a tab of its own; return the page."""
        from gym_gui.ui.run.page import RunPage  # pyqtgraph: once a chart is wanted

        known = self._show_tab(lambda page: isinstance(page, RunPage) and page.run_id == run_id)
        if known is not None:
            return known
        page = RunPage(self._link, run_id)
        page.renamed.connect(lambda name: self._name_tab(page, name))
        page.removed.connect(lambda: self._close_tab(self.tabs.indexOf(page)))
        page.form_wanted.connect(self.forms.open_of_run)
        page.opened.connect(self.open_run)
        self._add_tab(page, run_id[-6:])
        return page

    def show_policies(self) -> QWidget:
        """Show the checkpoints of all runs in a tab; return the page."""
        from gym_gui.ui.policies import PoliciesPage

        known = self._show_tab(lambda page: isinstance(page, PoliciesPage))
        if known is not None:
            return known
        page = PoliciesPage(self._link)
        page.form_wanted.connect(self.forms.open_of_policy)
        self._add_tab(page, "Checkpoints")
        page.query.setFocus()
        return page

    def compare(self) -> None:
        """Show the selected runs side by side."""
        from gym_gui.app import SEEDS
        from gym_gui.ui.compare import MOST, ComparePage

        chosen = self.runs.selected_ids()
        if len(chosen) < 2:
            self.statusBar().showMessage("select two or more runs to compare (Ctrl or Shift with a click)", 5000)
            return
        if len(chosen) > MOST:
            self.statusBar().showMessage(f"the first {MOST} of the selected runs are compared", 5000)
        page = ComparePage(self._link, chosen)
        if any(row.group is not None for row in self.runs.selected_rows()) and self.runs.folds_seeds:
            page.group.setCurrentText(SEEDS)
        self._add_tab(page, f"{len(chosen[:MOST])} runs")

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Say so once what is to be drawn at first has been drawn."""
        super().showEvent(event)
        QTimer.singleShot(0, self.shown.emit)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - as Qt names it
        """Let go of the daemon; runs go on."""
        self._link.close()
        super().closeEvent(event)

    def _show_started(self, run_ids: list[str]) -> None:
        for run_id in run_ids[:_MOST_TABS]:
            self.open_run(run_id)
        self.statusBar().showMessage(f"started {len(run_ids)} run{'' if len(run_ids) == 1 else 's'}", 5000)

    def show_error(self, error: MosaicError) -> None:
        """Show an error with what to do next."""
        parts = [part for part in (error.where, error.why, error.next_step and f"Next: {error.next_step}") if part]
        box = warning(self, "MOSAIC", error.what, "\n\n".join(parts) if parts else str(error))
        box.open()

    # -- workers and connection --------------------------------------------------------------------------------

    def _add_tool_bar(self) -> None:
        bar = QToolBar()
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.train = menu_button("Train", self.workers, "Ctrl+N")
        bar.addWidget(self.train)
        self.evaluate = menu_button("Evaluate", self.policies)
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
        bar.addWidget(menu_button("View", self.views))
        self.views.addActions(add_docks(self, self._link, self.forms.open, self.open_run))
        self.addToolBar(bar)

    def _ask_workers(self) -> None:
        self._link.ask(self, lambda client: client.workers(), self._show_workers, lambda _error: None)

    def _show_workers(self, records: list[WorkerRecord]) -> None:
        found = [definition_of(record) for record in records]
        if [action.data() for action in self.workers.actions()] == found:
            return
        for menu in (self.workers, self.policies):
            menu.clear()
        self.policies.addAction("Checkpoints of all runs…").triggered.connect(lambda: self.show_policies())
        for definition in found:
            self.workers.addAction(self._worker_action(definition))
            if definition.supports_policy_load:
                name = without_mnemonics(f"a checkpoint of {definition.display_name}…")
                policy = self.policies.addAction(name)
                policy.triggered.connect(lambda _on=False, of=definition.worker_id: self.forms.open(of, "policy"))
        if not found:
            self.workers.addAction("no worker is installed: mosaic workers install sb3").setEnabled(False)

    def _worker_action(self, definition: WorkerDefinition) -> QAction:
        action = QAction(without_mnemonics(definition.entry), self.workers)
        action.setData(definition)
        action.setToolTip(tip(definition.about))
        action.setEnabled(not definition.problem)
        action.triggered.connect(lambda: self.forms.open(definition.worker_id))
        return action

    def _show_connection(self) -> None:
        problem = self._link.problem
        if problem is None:
            self.connection.setText(f"● connected to {self._where}")
            self.connection.setToolTip("")
        else:
            self.connection.setText(f"✕ {problem.what}; trying again")
            self.connection.setToolTip(tip(str(problem)))

    # -- tabs --------------------------------------------------------------------------------

    def _show_tab(self, wanted: Callable[[QWidget], bool]) -> QWidget | None:
        """Show the first tab that is wanted, if there is one; return its page."""
        for at in range(self.tabs.count()):
            page = self.tabs.widget(at)
            if page is not None and wanted(page):
                self.tabs.setCurrentIndex(at)
                return page
        return None

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
