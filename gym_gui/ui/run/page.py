"""One run: its state, what can be done to it, and tabs for all that is known of it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QTabWidget, QWidget

from gym_gui.app import state_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.runs import RunState, RunSummary
from gym_gui.trainer import Explanation
from gym_gui.ui.kinds import FormKind
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
from gym_gui.ui.run.system import System
from gym_gui.ui.run.workers import Workers
from gym_gui.ui.theme import state_colour

#: Everything that can be done to a run, as the buttons are named.
_ACTIONS = ("Cancel", "Pause", "Continue", "Resume…", "Evaluate…", "Run again…", "Delete…")
_TABS = (
    "Overview", "Metrics", "Live", "Environment", "Episodes", "Workers", "System", "Logs", "Config", "Files"
)  # fmt: skip
#: States whose cause says nothing that a reader has to know.
_AS_WISHED = (RunState.STARTING, RunState.RUNNING, RunState.COMPLETED)


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
        self.buttons = {name: QPushButton(name) for name in _ACTIONS}
        self.tabs = QTabWidget()
        self.overview = Overview(link, run_id)
        self.metrics = Metrics(link, run_id)
        self.live = Live(link, run_id)
        self.environment = EnvironmentView(link, run_id)
        self.episodes = Episodes(link, run_id)
        self.workers = Workers(link, run_id)
        self.system = System(link, run_id)
        self.logs = Logs(link, run_id)
        self.config = Config(link, run_id)
        self.files = Files(link, run_id)
        self.parts: list[RunPart] = [
            self.overview, self.metrics, self.live, self.environment, self.episodes, self.workers, self.system,
            self.logs, self.config, self.files,
        ]  # fmt: skip
        for part, title in zip(self.parts, _TABS, strict=True):
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
        self.cause.setVisible(bool(run.cause) and run.state not in _AS_WISHED)
        if run.state is RunState.QUEUED:
            self._link.ask(self, lambda client: client.why(self.run_id), self._explain, lambda _error: None)
        allowed = allowed_actions(run)
        for name, button in self.buttons.items():
            button.setVisible(name in allowed)
            button.setEnabled(True)
        for part in self.parts:
            part.show_run(run)

    def _show_progress(self, run: RunSummary) -> None:
        active = not run.state.terminal
        self.progress.setVisible(active and bool(run.target_steps))
        left = ""
        if run.target_steps:
            self.progress.setValue(round(1000 * min(run.steps / run.target_steps, 1)))
            if active and run.steps_per_second:
                left = f"about {figures.duration((run.target_steps - run.steps) / run.steps_per_second)} left"
        phase = next((worker.phase for worker in run.workers if worker.phase), "") if active else ""
        self.left.setText(phase or left)

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
        press = {name: button.clicked for name, button in self.buttons.items()}
        press["Cancel"].connect(lambda: self._ask_daemon("Cancel"))
        press["Pause"].connect(lambda: self._ask_daemon("Pause"))
        press["Continue"].connect(lambda: self._ask_daemon("Continue"))
        press["Delete…"].connect(self._delete)
        self.overview.relatives.opened.connect(self.opened)
        kinds: dict[str, FormKind] = {"Resume…": "resume", "Evaluate…": "evaluation", "Run again…": "train"}
        for name, kind in kinds.items():
            press[name].connect(lambda _checked=False, kind=kind: self.form_wanted.emit(kind, self.run))

    def _ask_daemon(self, name: str) -> None:
        """Ask for something; the state that is shown remains what the daemon says."""
        self.buttons[name].setEnabled(False)
        calls = {
            "Cancel": lambda client: client.cancel(self.run_id, reason="from the window"),
            "Pause": lambda client: client.pause(self.run_id, reason="from the window"),
            "Continue": lambda client: client.unpause(self.run_id),
        }
        self._link.ask(self, calls[name], self.show_run, self._refused)

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


def allowed_actions(run: RunSummary) -> set[str]:
    """Return what the state of a run allows, as the buttons are named."""
    if run.state.terminal:
        return {"Resume…", "Evaluate…", "Run again…", "Delete…"}
    if run.state is RunState.RUNNING:
        return {"Cancel", "Pause", "Run again…"}
    if run.state is RunState.PAUSED:
        return {"Cancel", "Continue", "Run again…"}
    return {"Cancel", "Run again…"}
