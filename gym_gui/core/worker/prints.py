"""Keeps what libraries print out of the telemetry: their stdout becomes stderr."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Iterator, TextIO

from gym_gui.core.worker import sink


@contextlib.contextmanager
def library_prints_to_stderr() -> Iterator[TextIO | None]:
    """Send everything that anybody prints to stderr; emitters still reach the real stdout.

    Where ``sys.stdout`` is descriptor 1, that descriptor is moved too, so that C code and child processes are caught.

    Yields:
        The stream that emitters write to in the meantime (``None`` if the process has no stdout).
    """
    stdout, before = sys.stdout, sink.default_stream
    kept: TextIO | None = None
    if _is_descriptor_1(stdout):
        stdout.flush()
        kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
    sink.default_stream = kept or stdout
    sys.stdout = sys.stderr
    try:
        yield sink.default_stream
    finally:
        sys.stdout, sink.default_stream = stdout, before
        if kept is not None:
            stdout.flush()  # what was printed into the original object still belongs to stderr
            os.dup2(kept.fileno(), 1)
            kept.close()


def _is_descriptor_1(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.fileno() == 1 and sys.stderr.fileno() == 2
    except (OSError, ValueError, AttributeError):
        return False
