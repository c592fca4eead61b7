"""Series of a run as small charts."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QGridLayout, QWidget

from gym_gui.app import MOST_CHARTS, X_AXES, MetricSeries, curves_of_series
from gym_gui.reading import Series, SeriesName, SeriesRequest
from gym_gui.runs import RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, beside, choice, entry, scroll_area
from gym_gui.ui.run.chart import CHART_HEIGHT, Chart
from gym_gui.ui.run.part import RunPart

#: Points of each curve, milliseconds between two looks while the run runs.
_POINTS, _EVERY_MS = 300, 2000
#: Milliseconds until the next chart is made or drawn; so often more is waited for this one to be painted: on a busy
#: machine several would be painted at once, and the window blocked so long.
_TURN_MS, _LONGER = 20, 5


class Metrics(RunPart):
    """Some series of a run.

    Args:
        link: The way to the daemon.
        run_id: The run.
        series: Which of its series.
        parent: As of any widget.
    """

    def __init__(
        self, link: DaemonLink, run_id: str, series: MetricSeries | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(link, run_id, parent)
        self._number = 0
        self._series = series or MetricSeries()
        self._shown: list[str] = []
        self._charts: dict[str, Chart] = {}
        self.filter = entry("Filter, e.g. loss", "Filter metrics", self._rearrange)
        self.axis = choice("X axis", X_AXES, self._change_axis)
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for column in (0, 1):
            self._grid.setColumnStretch(column, 1)
        below(self, beside(self.filter, self.axis, wide=self.filter), self.message, scroll_area(inner, "Charts"))
        self._timer = self.every(_EVERY_MS, self.refresh)

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands: it is read again while it runs and this is visible."""
        self._number = run.sequence
        super().show_run(run)

    def run_ended(self) -> None:
        """Look once more."""
        self._asked.cancel()
        self.refresh()

    def appear(self) -> None:
        """Paint the charts one after the other."""
        self._paint_next(list(self._charts))

    def vanish(self) -> None:
        """Paint no chart until it is its turn when this comes into view again."""
        for chart in self._charts.values():
            chart.setUpdatesEnabled(False)

    def _paint_next(self, left: list[str]) -> None:
        """Let one of the charts be painted, then let the window have a turn."""
        if left and self.isVisible():
            chart = self._charts.get(left.pop(0))
            if chart is not None:
                chart.setUpdatesEnabled(True)
            self._once_painted(chart, lambda: self._paint_next(left))

    def _once_painted(self, chart: Chart | None, go_on: Callable[[], None], looks: int = _LONGER) -> None:
        """Go on once a chart that is to be seen was painted, and the window had a turn."""
        before = chart.paints if chart is not None else 0

        def look() -> None:
            unpainted = (
                chart is not None
                and chart in self._charts.values()
                and chart.paints == before
                and not chart.visibleRegion().isEmpty()
            )
            if unpainted and looks:
                self._once_painted(chart, go_on, looks - 1)
            else:
                go_on()

        QTimer.singleShot(_TURN_MS, self, look)

    def refresh(self) -> None:
        """Look at the series, if this is visible and the last look has been answered."""
        if self.isVisible() and not self._asked.pending:
            self._asked = self.ask(lambda client: client.series_names(self._run_id), self._take_names)

    def _take_names(self, names: list[SeriesName]) -> None:
        self._series.names = names
        self._arrange()

    def _arrange(self) -> None:
        found = self._series.found(self.filter.text())
        shown = found[:MOST_CHARTS]
        self.message.setText(self._series.text(found))
        if self._shown != shown:
            self._shown = shown
            for name in [name for name in self._charts if name not in shown]:
                self._charts.pop(name).deleteLater()
            rows = max(self._grid.rowCount(), MOST_CHARTS // 2)
            for row in range(rows):  # as high as they will be: no chart moves another
                used = int(2 * row < len(shown))
                self._grid.setRowStretch(row, used)
                self._grid.setRowMinimumHeight(row, used * CHART_HEIGHT)
        self._build_next()

    def _build_next(self) -> None:
        """Make one of the charts that are missing, then let the window have a turn: each takes tens of milliseconds."""
        missing = next((name for name in self._shown if name not in self._charts), None)
        if missing is None:
            self._place()
            self._ask_series()
            return
        self._charts[missing] = chart = Chart(self._series.heading(missing)[0], self.axis.currentText(), small=True)
        self._place()
        self._once_painted(chart, self._build_next)

    def _place(self) -> None:
        """Put charts where they belong that are elsewhere: each change has all of them laid out and painted."""
        for place, name in enumerate(self._shown):
            item = self._grid.itemAtPosition(*divmod(place, 2))
            if name in self._charts and (item is None or item.widget() is not self._charts[name]):
                self._grid.addWidget(self._charts[name], *divmod(place, 2))

    def _ask_series(self) -> None:
        if self._shown and not self._asked.pending:
            request = SeriesRequest(names=tuple(self._shown), x=X_AXES[self.axis.currentText()], points=_POINTS)
            self._asked = self.ask(
                lambda client: client.series([self._run_id], request), lambda series: self._draw_next(list(series))
            )

    def _draw_next(self, left: list[Series]) -> None:
        """Draw one of the charts, then let the window have a turn: all at once would block it."""
        if not left:
            return
        one = left.pop(0)
        chart = self._charts.get(one.name)
        if chart is not None:
            chart.show_curves(curves_of_series(one, self._number, self._series.heading(one.name)[1]))
        self._once_painted(chart, lambda: self._draw_next(left))

    def _change_axis(self) -> None:
        for chart in self._charts.values():
            chart.deleteLater()
        self._charts = {}
        self._rearrange()

    def _rearrange(self) -> None:
        """Show others; what is under way is about those that were shown."""
        self._asked.cancel()
        self._arrange()
