"""Handlers of signals that stay while something is imported."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import Iterator


@contextlib.contextmanager
def kept_handlers() -> Iterator[None]:
    """Keep the handlers of SIGTERM and SIGINT while something is imported: Ray puts one of its own in their place."""
    main = threading.current_thread() is threading.main_thread()
    former = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)} if main else {}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
