"""Looks of curves: colours that colour-blind people can tell apart, then the same with dashes."""

from __future__ import annotations

from dataclasses import dataclass

#: Okabe and Ito's palette (https://jfly.uni-koeln.de/color/), without black and the yellow that is pale on white.
SERIES_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
#: Lengths of line and gap in pixels; the first is an unbroken line.
DASHES: tuple[tuple[int, ...], ...] = ((), (8, 4), (2, 3), (8, 3, 2, 3))


@dataclass(frozen=True)
class SeriesLook:
    """Look of a curve.

    Args:
        colour: As ``#rrggbb``.
        dash: Lengths of line and gap in pixels; empty: unbroken.
    """

    colour: str
    dash: tuple[int, ...]


LOOKS = tuple(SeriesLook(colour, dash) for dash in DASHES for colour in SERIES_COLOURS)


def series_look(number: int) -> SeriesLook:
    """Return the look of a curve.

    A run has the look of its :attr:`~gym_gui.runs.summary.RunSummary.sequence`: the same everywhere and for ever, and
    runs of one submission differ.

    Args:
        number: The curve's number; looks repeat after ``len(LOOKS)``.
    """
    return LOOKS[number % len(LOOKS)]
