"""A run at a glance: figures, learning curve, and why it failed if it did."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from gym_gui.app import describe_episodes, figures_of_run, learning_curves, readable_text, without_curve
from gym_gui.core.terminal_text import escape_lines
from gym_gui.reading import Failure
from gym_gui.runs import RunState, RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, label, read_only_text, timer
from gym_gui.ui.run.chart import Chart
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.relatives import Relatives
from gym_gui.ui.run.trackers import Trackers

_ENDED_BADLY = (RunState.FAILED, RunState.LOST)
#: Milliseconds between two looks at the last episodes, and between two drawings of the curve.
_EVERY_MS, _PAUSE_MS = 3000, 500


class Overview(RunPart):
    """The first tab of a run."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._failure_asked = False
        self.failure = read_only_text("Why the run failed")
        self.failure.hide()
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(4)
        self._figures: dict[str, QLabel] = {}
        self.statistics = label(tone="muted", wrap=True, selectable=True, hidden=True)
        self.trackers = Trackers(link, run_id)
        self.relatives = Relatives(link, run_id)
        self.chart = Chart("return")
        self.empty = label("no episode has ended yet", tone="muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        plot = QWidget()
        below(plot, self.empty, self.chart, margins=False)
        below(self, self.failure, self._grid, self.statistics, self.trackers, plot, self.relatives, wide=plot)
        self._run: RunSummary | None = None
        """What is not drawn yet."""
        self._pause = timer(self, _PAUSE_MS, self._draw, single=True)
        self._described = -1
        self._episodes = 0
        self._timer = timer(self, _EVERY_MS, self._describe, single=True)

    def show_run(self, run: RunSummary) -> None:
        """Show a run as it stands; a chart is drawn again after a pause, since reports come many times a second."""
        self._run = run
        self.trackers.show_run(run)
        self._episodes = run.episodes + run.eval_episodes
        if run.state.terminal or not self._pause.isActive():
            self._draw()
        if not self._timer.isActive():
            self._describe()
        if run.state in _ENDED_BADLY and not self._failure_asked:
            self._failure_asked = True
            self._link.ask(self, lambda client: client.find_failure(self._run_id), self._show_failure)

    def _draw(self) -> None:
        run, self._run = self._run, None
        if run is None or not self.isVisible():
            self._run = run
            return
        self._pause.start()
        for place, (name, text) in enumerate(figures_of_run(run)):
            self._figure(place, name).setText(text)
        curves = learning_curves(run)
        self.chart.show_curves(curves)
        self.chart.setVisible(bool(curves))
        self.empty.setVisible(not curves)
        self.empty.setText(without_curve(run))

    def appear(self) -> None:
        """Show what there is by now."""
        self._draw()
        self._describe()

    def _describe(self) -> None:
        """Have the last episodes described, if there are new ones; not again before a while has passed."""
        if self.isVisible() and self._described != self._episodes:
            self._described = self._episodes
            self._timer.start()
            self._link.ask(self, lambda client: describe_episodes(client, self._run_id), self._show_statistics)

    def _show_statistics(self, lines: list[str]) -> None:
        self.statistics.setText("\n".join(lines))
        self.statistics.setVisible(bool(lines))

    def _show_failure(self, failure: Failure) -> None:
        text = failure.text or "nothing was printed that says why; the logs may tell more"
        self.failure.setPlainText(escape_lines(readable_text(text)))
        lines = self.failure.blockCount() + 2  # the frame, and a bar to scroll sideways
        self.failure.setMaximumHeight(min(220, lines * self.failure.fontMetrics().lineSpacing()))
        self.failure.verticalScrollBar().setValue(self.failure.verticalScrollBar().maximum())
        self.failure.show()

    def _figure(self, place: int, name: str) -> QLabel:
        if name not in self._figures:
            title = label(name, tone="muted")
            value = self._figures[name] = label(selectable=True)
            row, column = divmod(place, 4)
            self._grid.addWidget(title, 2 * row, column)
            self._grid.addWidget(value, 2 * row + 1, column)
        return self._figures[name]
