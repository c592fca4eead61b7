"""What the processes of a run use over time."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from gym_gui.look import figures
from gym_gui.reading import SeriesName
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.run.metrics import Metrics

_MIB = float(1 << 20)
#: By series: its name in words, the unit of its chart, how many of its values are 1 there, and a value in words.
_SHOWN: dict[str, tuple[str, str, float, Callable[[float | None], str]]] = {
    "system/cpu": ("CPU", "% of one core", 1.0, lambda value: f"{figures.decimal(value)} %"),
    "system/memory": ("Memory", "MiB", _MIB, figures.size),
    "system/gpu_memory": ("Memory on GPUs", "MiB", _MIB, figures.size),
}


class System(Metrics):
    """CPU, memory and memory on GPUs of a run's workers, with all processes that these have started."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self.axis.setCurrentText("time since the start")
        self.axis.hide()
        self.filter.hide()

    def offers(self, name: SeriesName) -> bool:
        """Return whether a series tells what was used."""
        return name.name in _SHOWN

    def heading(self, name: str) -> tuple[str, float]:
        """Return the title of a chart, and how many of its values are 1 in it."""
        words, unit, size, _ = _SHOWN[name]
        return f"{words}, {unit}", size

    def about(self, found: list[str]) -> str:
        """Return the last and the highest values in words."""
        if not found:
            return "nothing is measured yet: a sample is taken every few seconds while the run runs"
        parts = []
        for name in filter(self.offers, self._names):
            words, _, _, text = _SHOWN[name.name]
            parts.append(f"{words}: {text(name.last)} last, {text(name.high)} at most")
        return f"{'; '.join(parts)}; over seconds since the start"
