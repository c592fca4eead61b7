"""What the daemon answers reaches the window while that is open."""

from __future__ import annotations

import time
from typing import Any


def test_nothing_is_delivered_once_the_link_is_closed(application: Any, link: Any) -> None:
    from PySide6.QtCore import QObject

    owner, got = QObject(), []

    def take(value: int) -> None:
        got.append(value)
        link.close()

    for number in range(3):
        link.run(owner, lambda number=number: number, take)
    time.sleep(0.3)  # all of them wait by then
    for _ in range(20):
        application.processEvents()
        time.sleep(0.005)
    assert len(got) == 1
