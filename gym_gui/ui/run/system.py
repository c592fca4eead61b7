"""What the processes of a run use over time."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gym_gui.app import USAGE, usage_text
from gym_gui.reading import SeriesName
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.run.metrics import Metrics


class System(Metrics):
    """CPU, memory and memory on GPUs of a run's workers, with all processes that these have started."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self.axis.setCurrentText("time since the start")
        self.axis.hide()
        self.filter.hide()

    def offers(self, name: SeriesName) -> bool:
        """Return whether a series tells what was used."""
        return name.name in USAGE

    def heading(self, name: str) -> tuple[str, float]:
        """Return the title of a chart, and how many of its values are 1 in it."""
        return USAGE[name].title, USAGE[name].unit_size

    def about(self, _found: list[str]) -> str:
        """Return the last and the highest values in words."""
        return usage_text(self._names)
