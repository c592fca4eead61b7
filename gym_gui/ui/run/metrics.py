"""All series of a run as small charts."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import Series, SeriesLine, SeriesName, SeriesRequest
from gym_gui.runs import RunSummary
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import choice, label, scroll_area
from gym_gui.ui.run.chart import Chart, Curve

#: Charts at once, points of each curve, milliseconds between two looks while the run runs.
_MOST, _POINTS, _EVERY_MS = 12, 400, 2000
_AXES = {"environment steps": "step", "episodes": "episode", "time since the start": "relative"}


class Metrics(QWidget):
    """The metrics of a run.

    Args:
        link: The way to the daemon.
        run_id: The run.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._run_id = run_id
        self._number = 0
        self._asked: Asked | None = None
        self._names: list[SeriesName] = []
        self._shown: list[str] = []
        self._charts: dict[str, Chart] = {}
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter, e.g. loss")
        self.filter.setClearButtonEnabled(True)
        self.filter.setAccessibleName("Filter metrics")
        self.axis = choice("X axis", _AXES)
        self.message = label(tone="muted", wrap=True)
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, 0, 0)
        bar = QHBoxLayout()
        bar.addWidget(self.filter, 1)
        bar.addWidget(self.axis)
        layout = QVBoxLayout(self)
        layout.addLayout(bar)
        layout.addWidget(self.message)
        layout.addWidget(scroll_area(inner, "Charts"), 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.refresh)
        self.filter.textChanged.connect(lambda _text: self._rearrange())
        self.axis.currentTextChanged.connect(self._change_axis)

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands: it is read again while it runs and this is visible."""
        self._number = run.sequence
        active = not run.state.terminal
        if self._timer.isActive() and not active:
            self.refresh()
        if active and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Look at once when this comes into view."""
        super().showEvent(event)
        self.refresh()

    def refresh(self) -> None:
        """Look at the series, if this is visible and the last look has been answered."""
        if self.isVisible() and self._asked is None:
            self._asked = self._link.ask(
                self, lambda client: client.series_names(self._run_id), self._take_names, self._fail
            )

    def _take_names(self, names: list[SeriesName]) -> None:
        self._asked = None
        self._names = names
        self._arrange()

    def _arrange(self) -> None:
        word = self.filter.text().strip().casefold()
        # What the machine spent has no place on an axis of steps or episodes.
        timed = _AXES[self.axis.currentText()] == "relative"
        offered = [name.name for name in self._names if timed or name.kind != "system"]
        found = [name for name in offered if word in name.casefold()]
        shown = found[:_MOST]
        if not offered:
            self.message.setText("no series yet")
        elif len(found) > len(shown):
            self.message.setText(f"the first {len(shown)} of {len(found)} series: filter for others")
        else:
            self.message.setText(f"{len(found)} series" if found else "no series has this in its name")
        if self._shown != shown:
            self._shown = shown
            for name in [name for name in self._charts if name not in shown]:
                self._charts.pop(name).deleteLater()
        self._build_next()

    def _build_next(self) -> None:
        """Make one of the charts that are missing, then let the window have a turn: each takes tens of milliseconds."""
        missing = next((name for name in self._shown if name not in self._charts), None)
        if missing is None:
            self._place()
            self._ask_series()
            return
        self._charts[missing] = Chart(missing, self.axis.currentText(), small=True)
        self._place()
        QTimer.singleShot(0, self, self._build_next)

    def _place(self) -> None:
        """Put the charts into their order."""
        for place, name in enumerate(self._shown):
            if name in self._charts:
                self._grid.addWidget(self._charts[name], *divmod(place, 2))

    def _ask_series(self) -> None:
        if self._shown and self._asked is None:
            request = SeriesRequest(names=tuple(self._shown), x=_AXES[self.axis.currentText()], points=_POINTS)
            self._asked = self._link.ask(
                self, lambda client: client.series([self._run_id], request), self._take_series, self._fail
            )

    def _take_series(self, series: Sequence[Series]) -> None:
        self._asked = None
        for one in series:
            chart = self._charts.get(one.name)
            if chart is not None:
                several = len(one.lines) > 1
                chart.show_curves([_curve(line, self._number + at, several) for at, line in enumerate(one.lines)])

    def _fail(self, error: MosaicError) -> None:
        self._asked = None
        self.message.setText(str(error))

    def _change_axis(self, _text: str) -> None:
        for chart in self._charts.values():
            chart.deleteLater()
        self._charts = {}
        self._rearrange()

    def _rearrange(self) -> None:
        """Show others; what is under way is about those that were shown."""
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        self._arrange()


def _curve(line: SeriesLine, number: int, named: bool) -> Curve:
    words = (line.worker_id, f"attempt {line.attempt}" if line.attempt > 1 else "", line.agent_id, line.phase)
    name = " ".join(word for word in words if word) if named else "value"
    empty = [math.nan] * len(line.mean)
    y = [value if count else gap for value, count, gap in zip(line.mean, line.count, empty, strict=True)]
    return Curve(name=name, x=line.last_x, y=y, low=line.low, high=line.high, number=number)
