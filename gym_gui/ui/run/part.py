"""What the parts of a run's page have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import RunSummary
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import label

T = TypeVar("T")


class RunPart(QWidget):
    """A part of a run's page, which reads only while it is seen.

    Args:
        link: The way to the daemon.
        run_id: The run.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link, self._run_id = link, run_id
        self.message = label(tone="muted", wrap=True)

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands."""

    def appear(self) -> None:
        """Begin to read: this came into view."""

    def vanish(self) -> None:
        """Read no longer: this is not seen any more."""

    def fail(self, error: MosaicError) -> None:
        """Tell an error."""
        self.message.setText(str(error))

    def ask(self, make: Callable[[AsyncTrainerClient], Awaitable[T]], then: Callable[[T], None]) -> Asked:
        """Make one call; an error is told."""
        return self._link.ask(self, make, then, self.fail)

    def timer(self, interval_ms: int, call: Callable[[], None], *, single: bool = False) -> QTimer:
        """Return a timer that is not started yet.

        Args:
            interval_ms: Milliseconds.
            call: What is called.
            single: It is called once.
        """
        made = QTimer(self)
        made.setInterval(interval_ms)
        made.setSingleShot(single)
        made.timeout.connect(call)
        return made

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Begin to read."""
        super().showEvent(event)
        self.appear()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - as Qt names it
        """Read no longer."""
        super().hideEvent(event)
        self.vanish()
