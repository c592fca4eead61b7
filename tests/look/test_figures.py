"""Numbers with their units."""

from __future__ import annotations

import pytest

from gym_gui.look import figures


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (figures.short(950), "950"), (figures.short(50_000), "50k"), (figures.short(12_345), "12.3k"),
        (figures.short(1_200_000), "1.2M"), (figures.short(999_999), "1.0M"), (figures.short(None), "-"),
        (figures.short(0.44), "0.4"), (figures.short(float("inf")), "inf"),
        (figures.duration(0.44), "0.4 s"), (figures.duration(12), "12 s"), (figures.duration(185), "3 min 05 s"),
        (figures.duration(8040), "2 h 14 min"), (figures.duration(270_000), "3 d 3 h"), (figures.duration(None), "-"),
        (figures.clock(9.4), "0:09"), (figures.clock(750), "12:30"), (figures.clock(8045), "2:14:05"),
        (figures.size(512), "512 B"), (figures.size(1.5 * 2**20), "1.5 MiB"), (figures.count(50_000), "50,000"),
        (figures.decimal(float("nan")), "nan"), (figures.decimal(1234.56), "1,234.6"),
        (figures.decimal(0.031), "0.031"), (figures.decimal(-0.746), "-0.75"), (figures.decimal(0.0), "0.0"),
        (figures.decimal(1e308), "1e+308"),
        (figures.decimal(-1.2345e20, 3), "-1.23e+20"), (figures.short(4e15), "4e+15"),
        (figures.decimal(0.999), "1.0"), (figures.decimal(1.04), "1.0"),
    ],
)  # fmt: skip
def test_figures(shown: str, wanted: str) -> None:
    assert shown == wanted
