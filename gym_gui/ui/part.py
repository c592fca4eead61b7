"""What reads from the daemon only while it is seen."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import label, timer

T = TypeVar("T")


class Part(QWidget):
    """A part of the window.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._asked = Asked()
        """What is being read."""
        self._followed: list[Asked] = []
        self._repeated: list[tuple[QTimer, Callable[[], object]]] = []
        self._active = True
        """Something can still change."""
        self.message = label(tone="muted", wrap=True)

    def appear(self) -> None:
        """Begin to read: this came into view."""

    def vanish(self) -> None:
        """Read no longer: this is not seen any more."""

    def fail(self, error: MosaicError) -> None:
        """Tell an error."""
        self.message.setText(str(error))

    def ask(self, make: Callable[[AsyncTrainerClient], Awaitable[T]], then: Callable[[T], object]) -> Asked:
        """Make one call; an error is told."""
        return self._link.ask(self, make, then, self.fail)

    def watch(
        self,
        make: Callable[[AsyncTrainerClient], AsyncIterator[T]],
        take: Callable[[T], object],
        merge: Callable[[T, T], T] | None = None,
    ) -> None:
        """Follow something until this is not seen any more; arguments as of :meth:`DaemonLink.watch`."""
        self._followed.append(self._link.watch(self, make, take, merge=merge, failed=self.fail))

    def every(self, interval_ms: int, call: Callable[[], object]) -> QTimer:
        """Have something called whenever this comes into view, and again and again while it is seen.

        Args:
            interval_ms: Milliseconds.
            call: What is called.
        """
        made = timer(self, interval_ms, call)
        self._repeated.append((made, call))
        return made

    def pause(self) -> None:
        """Have nothing called again until this is shown again."""
        for each, _ in self._repeated:
            each.stop()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Begin to read."""
        super().showEvent(event)
        self.appear()
        for each, call in self._repeated:
            call()
            if self._active:
                each.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - as Qt names it
        """Read no longer."""
        super().hideEvent(event)
        while self._followed:
            self._followed.pop().cancel()
        self.pause()
        self.vanish()
