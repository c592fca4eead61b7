"""A chart of curves with bands, in the colours of the palette."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy, QWidget

from gym_gui.app import Curve
from gym_gui.look import series_look
from gym_gui.ui.theme import colour

#: Pixels at least.
CHART_HEIGHT = 160
#: Pixels of a small chart's axes: as wide as its numbers, and as high.
_WIDTH, _HEIGHT = 48, 22
#: Opacity of a band, of 255; points of its edges.
_BAND, _BAND_POINTS = 45, 200


class Band(pg.GraphicsObject):  # type: ignore[misc]
    """The range around a curve.

    FillBetweenItem makes three times as many items, and a polygon of all points: it takes ten times as long to draw.

    Args:
        shade: Its colour.
    """

    def __init__(self, shade: QColor) -> None:
        super().__init__()
        shade.setAlpha(_BAND)
        self._shade = shade
        self._path = QPainterPath()
        self.setZValue(-1)

    def show_range(self, x: np.ndarray, low: np.ndarray, high: np.ndarray) -> None:
        """Show another range: of many points the extremes of neighbours, and nothing where one is not finite."""
        self.prepareGeometryChange()
        if len(low):
            starts = np.unique(np.linspace(0, len(low) - 1, min(len(low), _BAND_POINTS)).astype(int))
            lower, upper = np.fmin.reduceat(low, starts), np.fmax.reduceat(high, starts)
            places = x[starts]
            kept = np.isfinite(places) & np.isfinite(lower) & np.isfinite(upper)
            outline = [
                np.concatenate([part[kept], other[kept][::-1]]) for part, other in ((places,) * 2, (lower, upper))
            ]
            self._path = pg.functions.arrayToQPath(*outline)
        else:
            self._path = QPainterPath()
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: N802 - as Qt names it
        """Return where it is."""
        return self._path.boundingRect()

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw it."""
        painter.fillPath(self._path, self._shade)


class Chart(pg.GraphicsView):  # type: ignore[misc]
    """A chart; curves are replaced as a whole, the view stays where the user has moved it.

    It has the parts of a PlotWidget that it shows: to make all the others takes three times as long.

    Args:
        title: What the y axis shows.
        x_title: What the x axis shows.
        small: One of many, with its title above.
        parent: As of any widget.
    """

    def __init__(
        self, title: str, x_title: str = "environment steps", *, small: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent=parent, background=colour("background"))
        self.setMinimumHeight(CHART_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.view = pg.ViewBox(enableMenu=False)
        self._axes = {side: pg.AxisItem(side, linkView=self.view) for side in ("left", "bottom")}
        layout = pg.GraphicsLayout()
        layout.setSpacing(0)
        layout.setContentsMargins(0, 0, 0, 0)
        for item, row, column in ((self.view, 1, 1), (self._axes["left"], 1, 0), (self._axes["bottom"], 2, 1)):
            layout.addItem(item, row, column)
        for axis in self._axes.values():
            axis.setPen(pg.mkPen(colour("line")))
            axis.setTextPen(pg.mkPen(colour("muted")))
            axis.enableAutoSIPrefix(False)
            if small:  # an axis that grows with its numbers has everything laid out and painted again, several times
                axis.setStyle(autoExpandTextSpace=False)
        if small:
            self._axes["left"].setWidth(_WIDTH)
            self._axes["bottom"].setHeight(_HEIGHT)
            layout.addLabel(html.escape(title), 0, 1, color=colour("text").name(), size="9pt")
            self.setAccessibleName(f"Chart of {title}")
        else:
            self.name_axes(title, x_title)
        self._legend = pg.LegendItem(offset=(8, 8), labelTextColor=colour("text"))
        self._legend.setParentItem(self.view)
        self.setCentralItem(layout)
        self._items: list[tuple[pg.PlotDataItem, Band]] = []
        self.curves: list[Curve] = []
        self.paints = 0
        """How often it was painted."""

    def show_curves(self, curves: Sequence[Curve]) -> None:
        """Draw curves in place of those that are drawn."""
        curves = [curve for curve in curves if len(curve.x)]
        same = [curve.name for curve in curves] == [curve.name for curve in self.curves]
        self.curves = list(curves)
        if not same:
            self._clear()
            for curve in curves:
                self._add(curve)
        for curve, (line, band) in zip(curves, self._items, strict=True):
            x, y = np.asarray(curve.x, float), np.asarray(curve.y, float)
            # Without a neighbour a point is no line.
            line.setData(x, y, connect="finite", symbol="o" if len(x) == 1 else None, symbolSize=5)
            band.show_range(x, np.asarray(curve.low, float), np.asarray(curve.high, float))
        self._legend.setVisible(len(curves) > 1)

    def name_axes(self, title: str, x_title: str) -> None:
        """Give the axes other titles.

        Args:
            title: What the y axis shows.
            x_title: What the x axis shows.
        """
        self.setAccessibleName(f"Chart of {title}")
        for side, text in (("left", title), ("bottom", x_title)):
            self._axes[side].setLabel(html.escape(text), color=colour("muted").name())

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - as Qt names it
        """Count it."""
        super().paintEvent(event)
        self.paints += 1

    def mouseDoubleClickEvent(self, _event: object) -> None:  # noqa: N802 - as Qt names it
        """Show everything again."""
        self.view.enableAutoRange()

    def _clear(self) -> None:
        for items in self._items:
            for item in items:
                self.view.removeItem(item)
        self._legend.clear()
        self._items = []

    def _add(self, curve: Curve) -> None:
        look = series_look(curve.number)
        pen = pg.mkPen(QColor(look.colour), width=1.8)
        if look.dash:
            pen.setStyle(Qt.PenStyle.CustomDashLine)
            pen.setDashPattern([length / 1.8 for length in look.dash])
        mark = QColor(look.colour)
        line, band = pg.PlotDataItem([], [], pen=pen, symbolPen=mark, symbolBrush=mark), Band(QColor(look.colour))
        for item in (band, line):
            self.view.addItem(item)
        self._legend.addItem(line, html.escape(curve.name))
        self._items.append((line, band))
