"""Stdout and stderr that no command fails on: a closed one, a full disk, a reader that left, a poor encoding."""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import select
import sys
from typing import Any

from gym_gui.core.descriptors import fill_standard_descriptors

#: What our own words hold beyond ASCII, for encodings that have none of it.
_ASCII = {"…": "...", "·": "-", "¹": "(1)", "²": "(2)", "≥": ">=", "≤": "<=", "━": "-", "╸": "-", "╺": "-", "—": "-"}
_ERRORS = "mosaic_escapes"


class Output(io.FileIO):
    """A descriptor whose failures are noted, not raised.

    Args:
        number: 1 or 2; it stays open when this is closed.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number, "w", closefd=False)
        self.fault: OSError | None = None
        """Why what is written is lost from some moment on."""

    def write(self, data: Any) -> int:
        """Write all, or note the failure and go on with ``/dev/null``; return how much was taken."""
        size = memoryview(data).nbytes
        while self.fault is None:
            try:
                written = super().write(data)
            except OSError as error:  # noqa: PERF203 - a write that is refused ends the loop
                self._lose(error)
            else:
                if written is not None:
                    return written
                # Another process made the terminal or pipe non-blocking, which we share.
                select.select([], [self], [])
        return size

    def _lose(self, error: OSError) -> None:
        self.fault = error
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)
        if self.fileno() == 1 and error.errno != errno.EPIPE:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(f"warning: stdout cannot be written ({error.strerror}): what is printed is lost\n")
                sys.stderr.flush()


def prepare_streams() -> None:
    """Make this process's standard streams such that no command fails on them."""
    fill_standard_descriptors()
    codecs.register_error(_ERRORS, _escapes)
    for number, name in ((1, "stdout"), (2, "stderr")):
        before = getattr(sys, name)
        encoding = before.encoding if before is not None else "utf-8"
        stream = io.TextIOWrapper(
            io.BufferedWriter(Output(number)), encoding, _ERRORS, line_buffering=number == 2 or os.isatty(number)
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115, PTH123 - for as long as the process lives


def fault_of(stream: Any) -> OSError | None:
    """Return why what is written into a stream is lost; ``None`` if it is not, as far as is known."""
    raw = getattr(getattr(stream, "buffer", None), "raw", None)
    return raw.fault if isinstance(raw, Output) else None


def _escapes(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write what an encoding has not as something like it, else as an escape."""
    assert isinstance(error, UnicodeEncodeError)
    shown = "".join(
        _ASCII.get(character) or character.encode("ascii", "backslashreplace").decode("ascii")
        for character in error.object[error.start : error.end]
    )
    return shown, error.end
