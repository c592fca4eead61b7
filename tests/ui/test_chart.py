"""Charts draw few points and keep every extreme; what is not finite breaks nothing."""

from __future__ import annotations

import math
from typing import Any


def test_a_band_of_many_points_keeps_every_extreme(application: Any) -> None:
    from gym_gui.ui.run.chart import Chart, Curve

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
    from gym_gui.ui.run.chart import Chart, Curve, csv_of

    chart = Chart("loss", small=True)
    gap = [math.nan, 1.0, math.inf]
    curves = [Curve("gap", [1, 2, 3], gap, gap, gap), Curve("one", [1], [2.0], number=1), Curve("none", [], [])]
    chart.show_curves(curves)
    assert not chart.grab().isNull()
    assert [curve.name for curve in chart.curves] == ["gap", "one"]
    assert csv_of(chart.curves).splitlines()[-1] == "one,1,2.0,,"
