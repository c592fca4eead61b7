"""All series of a run as small charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QGridLayout, QWidget

from gym_gui.app import X_AXES, curves_of_series
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import Series, SeriesName, SeriesRequest
from gym_gui.runs import RunSummary
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, beside, choice, entry, scroll_area, timer
from gym_gui.ui.run.chart import CHART_HEIGHT, Chart
from gym_gui.ui.run.part import RunPart

#: Charts at once, points of each curve, milliseconds between two looks while the run runs.
_MOST, _POINTS, _EVERY_MS = 12, 300, 2000
#: Milliseconds until the next chart is made or drawn; so often more is waited for this one to be painted: on a busy
#: machine several would be painted at once, and the window blocked so long.
_TURN_MS, _LONGER = 20, 5


class Metrics(RunPart):
    """The metrics of a run."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._number, self._active = 0, False
        self._asked: Asked | None = None
        self._names: list[SeriesName] = []
        self._shown: list[str] = []
        self._charts: dict[str, Chart] = {}
        self.filter = entry("Filter, e.g. loss", "Filter metrics")
        self.axis = choice("X axis", X_AXES)
        inner = QWidget()
        self._grid = QGridLayout(inner)
        self._grid.setContentsMargins(0, 0, 0, 0)
        for column in (0, 1):
            self._grid.setColumnStretch(column, 1)
        below(self, beside(self.filter, self.axis, wide=self.filter), self.message, scroll_area(inner, "Charts"))
        self._timer = timer(self, _EVERY_MS, self.refresh)
        self.filter.textChanged.connect(lambda _text: self._rearrange())
        self.axis.currentTextChanged.connect(self._change_axis)

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands: it is read again while it runs and this is visible."""
        self._number = run.sequence
        self._active = not run.state.terminal
        if self._active and self.isVisible() and not self._timer.isActive():  # another start puts it off
            self._timer.start()
        elif not self._active and self._timer.isActive():
            self._timer.stop()
            self._cancel()
            self.refresh()

    def appear(self) -> None:
        """Look at once when this comes into view."""
        self._paint_next(list(self._charts))
        self.refresh()
        if self._active:
            self._timer.start()

    def vanish(self) -> None:
        """Look no longer; when this comes into view again, the charts are painted one after the other."""
        self._timer.stop()
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
        if self.isVisible() and self._asked is None:
            self._asked = self.ask(lambda client: client.series_names(self._run_id), self._take_names)

    def offers(self, name: SeriesName) -> bool:
        """Return whether a series is among those to choose from."""
        return name.kind != "system"

    def about(self, found: list[str]) -> str:
        """Return what is said above the charts.

        Args:
            found: The series that the filter leaves.
        """
        if not any(map(self.offers, self._names)):
            return "no series yet"
        if len(found) > _MOST:
            return f"the first {_MOST} of {len(found)} series: filter for others"
        return f"{len(found)} series" if found else "no series has this in its name"

    def heading(self, name: str) -> tuple[str, float]:
        """Return the title of a series' chart, and how many of its values are 1 in it."""
        return name, 1.0

    def _take_names(self, names: list[SeriesName]) -> None:
        self._asked = None
        self._names = names
        self._arrange()

    def _arrange(self) -> None:
        word = self.filter.text().strip().casefold()
        found = [name.name for name in self._names if self.offers(name) and word in name.name.casefold()]
        shown = found[:_MOST]
        self.message.setText(self.about(found))
        if self._shown != shown:
            self._shown = shown
            for name in [name for name in self._charts if name not in shown]:
                self._charts.pop(name).deleteLater()
            for row in range(max(self._grid.rowCount(), _MOST // 2)):  # as high as they will be: no chart moves another
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
        self._charts[missing] = chart = Chart(self.heading(missing)[0], self.axis.currentText(), small=True)
        self._place()
        self._once_painted(chart, self._build_next)

    def _place(self) -> None:
        """Put charts where they belong that are elsewhere: each change has all of them laid out and painted."""
        for place, name in enumerate(self._shown):
            item = self._grid.itemAtPosition(*divmod(place, 2))
            if name in self._charts and (item is None or item.widget() is not self._charts[name]):
                self._grid.addWidget(self._charts[name], *divmod(place, 2))

    def _ask_series(self) -> None:
        if self._shown and self._asked is None:
            request = SeriesRequest(names=tuple(self._shown), x=X_AXES[self.axis.currentText()], points=_POINTS)
            self._asked = self._link.ask(
                self, lambda client: client.series([self._run_id], request), self._take_series, self.fail
            )

    def _take_series(self, series: Sequence[Series]) -> None:
        self._asked = None
        self._draw_next(list(series))

    def _draw_next(self, left: list[Series]) -> None:
        """Draw one of the charts, then let the window have a turn: all at once would block it."""
        if not left:
            return
        one = left.pop(0)
        chart = self._charts.get(one.name)
        if chart is not None:
            chart.show_curves(curves_of_series(one, self._number, self.heading(one.name)[1]))
        self._once_painted(chart, lambda: self._draw_next(left))

    def fail(self, error: MosaicError) -> None:
        self._asked = None
        self.message.setText(str(error))

    def _change_axis(self, _text: str) -> None:
        for chart in self._charts.values():
            chart.deleteLater()
        self._charts = {}
        self._rearrange()

    def _rearrange(self) -> None:
        """Show others; what is under way is about those that were shown."""
        self._cancel()
        self._arrange()

    def _cancel(self) -> None:
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
