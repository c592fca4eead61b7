"""The series of a run that a page offers as charts: its metrics, or what its processes use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gym_gui.look import figures
from gym_gui.reading import SeriesName

#: Charts at once.
MOST_CHARTS = 12
_MIB = float(1 << 20)


class Usage(NamedTuple):
    """A series about what processes use.

    Args:
        words: What it is.
        unit: Of its chart.
        unit_size: How many of its values are 1 there.
        text: Returns a value in words.
    """

    words: str
    unit: str
    unit_size: float
    text: Callable[[float | None], str]

    @property
    def title(self) -> str:
        """The title of its chart."""
        return f"{self.words}, {self.unit}"


USAGE = {
    "system/cpu": Usage("CPU", "% of one core", 1.0, lambda value: f"{figures.decimal(value)} %"),
    "system/memory": Usage("Memory", "MiB", _MIB, figures.size),
    "system/gpu_memory": Usage("Memory on GPUs", "MiB", _MIB, figures.size),
}
"""By series."""


class MetricSeries:
    """The series of a run that are none of its processes' usage."""

    def __init__(self) -> None:
        self.names: list[SeriesName] = []
        """All series of the run."""

    def offered(self) -> list[SeriesName]:
        """Return those to choose from."""
        return [name for name in self.names if name.kind != "system"]

    def found(self, word: str) -> list[str]:
        """Return the names of those to choose from that have a word in them."""
        word = word.strip().casefold()
        return [name.name for name in self.offered() if word in name.name.casefold()]

    def text(self, found: Sequence[str]) -> str:
        """Return what is said above the charts.

        Args:
            found: The series that a filter leaves.
        """
        if not self.offered():
            return "no series yet"
        if len(found) > MOST_CHARTS:
            return f"the first {MOST_CHARTS} of {len(found)} series: filter for others"
        return f"{len(found)} series" if found else "no series has this in its name"

    def heading(self, name: str) -> tuple[str, float]:
        """Return the title of a series' chart, and how many of its values are 1 in it."""
        return name, 1.0


class UsageSeries(MetricSeries):
    """CPU, memory and memory on GPUs of a run's workers, with all processes that these have started."""

    def offered(self) -> list[SeriesName]:
        """Return those that tell what was used."""
        return [name for name in self.names if name.name in USAGE]

    def text(self, _found: Sequence[str]) -> str:
        """Return the last and the highest values in words."""
        return usage_text(self.names)

    def heading(self, name: str) -> tuple[str, float]:
        """Return the title of a series' chart, and how many of its values are 1 in it."""
        return USAGE[name].title, USAGE[name].unit_size


def usage_text(names: Iterable[SeriesName]) -> str:
    """Return the last and the highest values of what a run's processes use.

    Args:
        names: The series of the run.
    """
    parts = []
    for name in names:
        if name.name in USAGE:
            usage = USAGE[name.name]
            parts.append(f"{usage.words}: {usage.text(name.last)} last, {usage.text(name.high)} at most")
    nothing = "nothing is measured yet: a sample is taken every few seconds while the run runs"
    return f"{'; '.join(parts)}; over seconds since the start" if parts else nothing
