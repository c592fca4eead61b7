"""Plots of learning curves (with matplotlib: the extra ``plot``)."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.look import series_look
from gym_gui.reading import Line, band_of

# They distinguish curves without colour.
_MARKERS = ("o", "s", "^", "D", "v", "P")
_DASHES = ((0, (1, 2)), (0, (6, 3)), (0, (6, 2, 1, 2)))


def check_matplotlib() -> None:
    """Make sure that matplotlib is installed.

    Raises:
        UsageError: It is missing; with the command that installs it.
    """
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise UsageError(
            "plots need matplotlib, which is not installed",
            where="this Python environment",
            why="MOSAIC was installed without its extra 'plot'",
            next_step=f"{shlex.quote(sys.executable)} -m pip install 'mosaic-rl[plot]'",
        )


def plot_learning_curve(
    lines: Sequence[Line],
    path: Path,
    *,
    title: str,
    best_possible: float | None = None,
    returns: str = "return (sum of rewards of an episode)",
    steps: str = "environment steps",
    levels: Mapping[str, float] | None = None,
    seeds: bool = True,
) -> Path:
    """Draw the curves of an experiment with their mean and their range.

    Args:
        lines: One curve per seed.
        path: The file to write; the suffix selects the format (``.png``, ``.svg``, ``.pdf``).
        title: The title.
        best_possible: Highest possible return of the environment, drawn as a line if known.
        returns: Label of the vertical axis, with its unit.
        steps: Label of the horizontal axis, with its unit.
        levels: Labels of further horizontal lines, such as a random policy's return, and where they are.
        seeds: The curves are seeds of one training, so that mean and range say something.

    Returns:
        The path.

    Raises:
        UsageError: matplotlib is missing.
        MosaicError: There is nothing to draw, or the file cannot be written.
    """
    check_matplotlib()
    band = band_of(lines)
    if not any(line.steps for line in lines):
        raise MosaicError(
            "there is nothing to draw",
            where=title,
            why="no training episode has ended in these runs",
            next_step="let them run longer",
        )
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, MaxNLocator

    figure = Figure(figsize=(8, 5), dpi=150, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot(facecolor="white")
    for number, line in enumerate(line for line in lines if line.steps):
        _draw_line(axes, line, number)
    if seeds:
        axes.fill_between(band.steps, band.low, band.high, color="0.5", alpha=0.22, linewidth=0,
                          label="lowest to highest seed")  # fmt: skip
        axes.plot(band.steps, band.mean, color="black", linewidth=2.4,
                  label=f"mean of {band.count} seed{'s' * (band.count != 1)}")  # fmt: skip
    best = {} if best_possible is None else {"highest possible return": best_possible}
    for (label, level), dash in zip({**best, **(levels or {})}.items(), cycle(_DASHES)):
        axes.axhline(level, color="0.35", linewidth=1, linestyle=dash, label=f"{label} ({level:g})")
    axes.set_title(title, fontsize=11)
    axes.set_xlabel(steps)
    axes.set_ylabel(returns)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(visible=True, color="0.88", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.01)
    axes.legend(loc="best", frameon=True, fontsize=9)
    try:
        figure.savefig(path)
    except OSError as error:
        raise MosaicError(
            "the plot cannot be written",
            where=str(path),
            why=error.strerror or str(error),
            next_step="choose another path",
        ) from None
    return path


def _draw_line(axes: Any, line: Line, number: int) -> None:
    every = max(len(line.steps) // 8, 1)
    look = series_look(number)
    axes.plot(
        line.steps, line.returns, label=line.label, linewidth=1.1, alpha=0.85,
        color=look.colour, linestyle=(0, look.dash) if look.dash else "-",
        marker=_MARKERS[number % len(_MARKERS)], markersize=4, markevery=(number % every, every),
    )  # fmt: skip
