"""A run at a glance: figures, learning curve, and why it failed if it did."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from gym_gui.app import spread_text
from gym_gui.core.terminal_text import escape_lines
from gym_gui.look import figures
from gym_gui.reading import Failure
from gym_gui.runs import RunState, RunSummary, return_of
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import label, read_only_text
from gym_gui.ui.run.chart import Chart, Curve
from gym_gui.ui.runs.columns import elapsed, progress_text

_ENDED_BADLY = (RunState.FAILED, RunState.LOST)


class Overview(QWidget):
    """The first tab of a run.

    Args:
        link: The way to the daemon.
        run_id: The run.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._run_id = run_id
        self._failure_asked = False
        self.failure = read_only_text("Why the run failed")
        self.failure.hide()
        self.failure.setMaximumHeight(220)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(4)
        self._figures: dict[str, QLabel] = {}
        self.chart = Chart("return")
        self.empty = label("no episode has ended yet", tone="muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setSpacing(10)
        layout.addWidget(self.failure)
        layout.addLayout(self._grid)
        layout.addWidget(self.empty, 1)
        layout.addWidget(self.chart, 1)

    def show_run(self, run: RunSummary) -> None:
        """Show a run as it stands."""
        for place, (name, text) in enumerate(_figures(run)):
            self._figure(place, name).setText(text)
        curves = _curves(run)
        self.chart.show_curves(curves)
        self.chart.setVisible(bool(curves))
        self.empty.setVisible(not curves)
        self.empty.setText(_without_curve(run))
        if run.state in _ENDED_BADLY and not self._failure_asked:
            self._failure_asked = True
            self._link.ask(self, lambda client: client.find_failure(self._run_id), self._show_failure)

    def _show_failure(self, failure: Failure) -> None:
        text = failure.text or "nothing was printed that says why; the logs may tell more"
        self.failure.setPlainText(escape_lines(text))
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


def _without_curve(run: RunSummary) -> str:
    """Return why a run has no learning curve."""
    if run.eval_episodes:
        return "this run evaluates: nothing was trained, and its episodes are under Episodes"
    return "no episode has ended" if run.state.terminal else "no episode has ended yet"


def _figures(run: RunSummary) -> list[tuple[str, str]]:
    ledger = run.ledger
    counted = (
        f"{ledger.lines:,} lines: {ledger.stored:,} stored, {ledger.log:,} log, {ledger.quarantined:,} quarantined"
    )
    measured = [("Evaluation", spread_text(run.evaluation))] if run.evaluation is not None else []
    return [
        ("Return", figures.decimal(return_of(run))),
        ("Best", figures.decimal(run.best_return)),
        ("Steps", progress_text(run)),
        ("Steps per second", figures.short(run.steps_per_second)),
        ("Episodes", figures.count(run.episodes + run.eval_episodes)),
        ("Duration", figures.duration(elapsed(run))),
        ("Seed", figures.NOTHING if run.seed is None else str(run.seed)),
        ("Telemetry", counted),
        *measured,
    ]


def _curves(run: RunSummary) -> list[Curve]:
    """Return a learning curve with its band for each worker."""
    several = len(run.workers) > 1
    return [
        Curve(
            name=worker.worker_id if several else "return",
            x=[point.step for point in worker.curve],
            y=[point.mean_return for point in worker.curve],
            low=[point.min_return for point in worker.curve],
            high=[point.max_return for point in worker.curve],
            number=run.sequence + place,
        )
        for place, worker in enumerate(run.workers)
        if worker.curve
    ]
