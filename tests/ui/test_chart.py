"""Charts draw few points and keep every extreme; what is not finite breaks nothing."""

from __future__ import annotations

import math
from typing import Any


def test_a_band_of_many_points_keeps_every_extreme(application: Any) -> None:
    from gym_gui.app import Curve
    from gym_gui.ui.run.chart import Chart

    count = 10_000
    low, high = [0.0] * count, [1.0] * count
    low[1234], high[8765] = -50.0, 70.0
    chart = Chart("return")
    chart.show_curves([Curve("a", list(range(count)), [0.5] * count, low, high)])
    ((_line, band),) = chart._items
    assert (band.boundingRect().top(), band.boundingRect().bottom()) == (-50.0, 70.0)
    assert band._path.elementCount() < 1000
    chart.show_curves([Curve("a", [1.0], [2.0])])
    assert band.boundingRect().isEmpty()


def test_curves_without_finite_values_and_single_points_are_drawn(application: Any) -> None:
    from gym_gui.app import Curve, csv_of
    from gym_gui.ui.run.chart import Chart

    chart = Chart("loss", small=True)
    gap = [math.nan, 1.0, math.inf]
    curves = [Curve("gap", [1, 2, 3], gap, gap, gap), Curve("one", [1], [2.0], number=1), Curve("none", [], [])]
    chart.show_curves(curves)
    assert not chart.grab().isNull()
    assert [curve.name for curve in chart.curves] == ["gap", "one"]
    assert csv_of(chart.curves).splitlines()[-1] == "one,1,2.0,,"


def test_the_view_stays_where_the_user_has_moved_it_until_a_double_click(application: Any) -> None:
    from PySide6.QtCore import QPoint, QPointF, Qt
    from PySide6.QtGui import QWheelEvent
    from PySide6.QtTest import QTest

    from gym_gui.app import Curve
    from gym_gui.ui.run.chart import Chart

    chart = Chart("return")
    chart.resize(500, 300)
    chart.show()
    chart.show_curves([Curve("a", [0, 1, 2, 3], [0.0, 1.0, 2.0, 3.0])])
    application.processEvents()
    whole = chart.view.viewRange()
    middle = QPointF(chart.viewport().rect().center())
    keys, no_button = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton
    wheel = QWheelEvent(
        middle,
        chart.mapToGlobal(middle),
        QPoint(),
        QPoint(0, 120),
        no_button,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    application.sendEvent(chart.viewport(), wheel)
    moved = chart.view.viewRange()
    assert moved != whole
    chart.show_curves([Curve("a", [0, 1, 2, 300], [0.0, 1.0, 2.0, 300.0])])
    application.processEvents()
    assert chart.view.viewRange() == moved
    QTest.mouseDClick(chart.viewport(), Qt.MouseButton.LeftButton, keys, middle.toPoint())
    application.processEvents()
    assert chart.view.viewRange()[0][1] > 300
