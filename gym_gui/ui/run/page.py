"""One run: its state, what can be done to it, and tabs for all that is known of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QTabWidget, QWidget

from gym_gui.app import RUN_ACTIONS, RUN_CALLS, UsageSeries, allows, remaining_text, says_more, state_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.forms import FormKind
from gym_gui.runs import RunState, RunSummary
from gym_gui.trainer import Explanation
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, label
from gym_gui.ui.run.closure import ClosureDialog
from gym_gui.ui.run.config import Config
from gym_gui.ui.run.environment import EnvironmentView
from gym_gui.ui.run.episodes import Episodes
from gym_gui.ui.run.files import Files
from gym_gui.ui.run.live import Live
from gym_gui.ui.run.logs import Logs
from gym_gui.ui.run.metrics import Metrics
from gym_gui.ui.run.overview import Overview
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.workers import Workers
from gym_gui.ui.theme import state_colour


class RunPage(QWidget):
    """A run, kept up to date.

    Args:
        link: The way to the daemon.
        run_id: The run.
        parent: As of any widget.
    """

    renamed = Signal(str)
    """The title of its tab."""
    removed = Signal()
    """The run does not exist any more."""
    form_wanted = Signal(str, RunSummary)
    """A form is to be opened: of which kind, from which run."""
    opened = Signal(str)
    """Another run is to be shown: its id."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.run_id = run_id
        self.run: RunSummary | None = None
        self._explained = ""
        self.name = label(tone="title", selectable=True)
        self.state = label()
        self.progress = QProgressBar()
        self.progress.setMaximum(1000)
        self.progress.setTextVisible(False)
        self.progress.setFixedSize(120, 8)
        self.progress.setAccessibleName("Progress")
        self.progress.hide()
        self.left = label(tone="muted")
        self.cause = label(tone="notice", wrap=True, selectable=True, hidden=True)
        self.buttons = {name: QPushButton(name) for name in RUN_ACTIONS}
        self.tabs = QTabWidget()
        self.overview, self.metrics, self.live = Overview(link, run_id), Metrics(link, run_id), Live(link, run_id)
        self.environment, self.episodes = EnvironmentView(link, run_id), Episodes(link, run_id)
        self.workers, self.system = Workers(link, run_id), Metrics(link, run_id, UsageSeries())
        self.logs, self.config, self.files = Logs(link, run_id), Config(link, run_id), Files(link, run_id)
        self.parts: dict[str, RunPart] = {
            "Overview": self.overview, "Metrics": self.metrics, "Live": self.live, "Environment": self.environment,
            "Episodes": self.episodes, "Workers": self.workers, "System": self.system, "Logs": self.logs,
            "Config": self.config, "Files": self.files,
        }  # fmt: skip
        self.system.axis.setCurrentText("time since the start")
        for widget in (self.system.axis, self.system.filter):
            widget.hide()
        for title, part in self.parts.items():
            self.tabs.addTab(part, title)
        self._lay_out()
        self._connect()
        self._watch = link.watch(
            self, lambda client: client.watch([run_id], curves=True), self.show_run, failed=self._lost
        )

    def close_page(self) -> None:
        """Stop to follow the run; it goes on."""
        self._watch.cancel()

    def show_run(self, run: RunSummary) -> None:
        """Show the run as the daemon says it stands."""
        self.run = run
        self.renamed.emit(run.run_name or run.run_id)
        self.name.setText(run.run_name or run.run_id)
        if self.state.text() != state_text(run.state.value):  # a style sheet has much computed again
            self.state.setText(state_text(run.state.value))
            self.state.setStyleSheet(f"color: {state_colour(run.state.value).name()}")
        self._show_progress(run)
        self.cause.setText(run.cause)
        self.cause.setVisible(says_more(run))
        if run.state is RunState.QUEUED:
            self._link.ask(self, lambda client: client.why(self.run_id), self._explain, lambda _error: None)
        for name, button in self.buttons.items():
            button.setVisible(allows(name, [run.state.value]))
            button.setEnabled(True)
        for part in self.parts.values():
            part.show_run(run)

    def _show_progress(self, run: RunSummary) -> None:
        self.progress.setVisible(not run.state.terminal and bool(run.target_steps))
        if run.target_steps:
            self.progress.setValue(round(1000 * min(run.steps / run.target_steps, 1)))
        self.left.setText(remaining_text(run))

    def _explain(self, explanation: Explanation) -> None:
        if self.run is not None and self.run.state is RunState.QUEUED:
            self.cause.setText("\n".join(each.sentence for each in explanation.waits_for) or self.run.cause)
            self.cause.setVisible(bool(self.cause.text()))

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        for widget in (self.name, self.state, self.progress, self.left):
            head.addWidget(widget)
        head.addStretch(1)
        for button in self.buttons.values():
            button.hide()
            head.addWidget(button)
        below(self, head, self.cause, self.tabs)

    def _connect(self) -> None:
        self.overview.relatives.opened.connect(self.opened)
        kinds: dict[str, FormKind] = {"Resume…": "resume", "Evaluate…": "evaluation", "Run again…": "train"}
        for name, button in self.buttons.items():
            if name in RUN_CALLS:
                button.clicked.connect(lambda _on=False, name=name: self._ask_daemon(name))
            elif name in kinds:
                button.clicked.connect(lambda _on=False, kind=kinds[name]: self.form_wanted.emit(kind, self.run))
        self.buttons["Delete…"].clicked.connect(self._delete)

    def _ask_daemon(self, name: str) -> None:
        """Ask for something; the state that is shown remains what the daemon says."""
        self.buttons[name].setEnabled(False)
        self._link.ask(self, lambda client: RUN_CALLS[name](client, self.run_id), self.show_run, self._refused)

    def _delete(self) -> None:
        dialog = ClosureDialog(self._link, [self.run_id], self)
        dialog.removed.connect(lambda _ids: self.removed.emit())
        dialog.open()

    def _refused(self, error: MosaicError) -> None:
        if self.run is not None:
            self.show_run(self.run)
        self.cause.setText(str(error))
        self.cause.show()

    def _lost(self, error: MosaicError) -> None:
        self.cause.setText(str(error))
        self.cause.show()
        for button in self.buttons.values():
            button.hide()
