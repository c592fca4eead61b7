"""What the parts of a run's page have in common."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gym_gui.runs import RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.part import Part


class RunPart(Part):
    """A part of a run's page, which reads only while it is seen.

    Args:
        link: The way to the daemon.
        run_id: The run.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, parent)
        self._run_id = run_id

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands."""
        ended = self._active and run.state.terminal
        self._active = not run.state.terminal
        if ended and self.isVisible():
            self.pause()
            self.run_ended()

    def run_ended(self) -> None:
        """Read once more: the run has ended while this is seen."""
