"""Where events go: each as one write, complete when the call returns."""

from __future__ import annotations

import functools
import io
import os
import select
import stat
import sys
import weakref
from typing import Any, Callable, TextIO

#: How long a full pipe may hold an event back before it counts as dropped, in seconds.
PIPE_PATIENCE_S = 5.0

#: What stands in for ``sys.stdout`` while library prints are sent to stderr (see :mod:`.prints`).
default_stream: TextIO | None = None

Write = Callable[[bytes], int]
"""Writes bytes, returns how many were taken; raises OSError or ValueError where none were."""


def open_log(path: str, owner: Any) -> Write:
    """Open a log for appending; the descriptor is closed with ``owner`` and never handed to a child process.

    Raises:
        OSError: The file cannot be opened.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    # Not at interpreter exit: events of exit handlers would then meet a closed, perhaps reused descriptor.
    weakref.finalize(owner, os.close, descriptor).atexit = False
    return functools.partial(os.write, descriptor)


def stream_write(stream: TextIO) -> Write:
    """Return a writer to a text stream: straight to its descriptor where nothing but a file stands behind it."""
    raw = _raw_file(stream)
    if raw is None:
        return _TextWrite(stream)

    return functools.partial(_flush_and_write, raw.fileno(), stream)


def _flush_and_write(descriptor: int, stream: TextIO, data: bytes) -> int:
    stream.flush()  # what the program printed before comes before; raises ValueError if the stream is closed
    return os.write(descriptor, data)


def _raw_file(stream: TextIO) -> io.FileIO | None:
    if type(stream) is not io.TextIOWrapper or stream.encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
        return None
    buffer = stream.buffer
    raw = getattr(buffer, "raw", None)
    return raw if type(buffer) is io.BufferedWriter and type(raw) is io.FileIO else None


class _TextWrite:
    """Writes to any text stream: a capture, a StringIO, a pipe of another encoding."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, data: bytes) -> int:
        text = data.decode("utf-8")
        try:
            self._stream.write(text)
        except UnicodeEncodeError as error:
            self._stream.write(text.encode(error.encoding, "backslashreplace").decode(error.encoding))
        self._stream.flush()
        return len(data)


def open_sink(sink: TextIO | None, owner: Any) -> Write:
    """Return the writer of a new emitter: the stream it was given, else ``MOSAIC_LOG``, else stdout as it is now."""
    if sink is not None:
        return stream_write(sink)
    path = os.environ.get("MOSAIC_LOG")
    if path:
        try:
            return open_log(path, owner)
        except OSError as error:
            say(f"MOSAIC_LOG={path} cannot be opened ({error.strerror}); telemetry goes to stdout.")
    return stream_write(default_stream or sys.stdout)


def is_atomic(write: Write) -> bool:
    """Return whether each write arrives whole though threads write at the same time: so it is with regular files."""
    arguments: Any = getattr(write, "args", ())
    try:
        return bool(arguments) and stat.S_ISREG(os.fstat(arguments[0]).st_mode)
    except OSError:
        return False


def write_some(write: Write, data: bytes) -> int:
    """Write what the kernel takes, waiting a while for room in a pipe that another process made non-blocking.

    Returns:
        How many bytes it took.

    Raises:
        OSError: It took none.
    """
    try:
        return write(data)
    except BlockingIOError:
        poll = select.poll()
        poll.register((getattr(write, "args", None) or (1,))[0], select.POLLOUT)
        if not poll.poll(PIPE_PATIENCE_S * 1000):
            raise
        return 0


def say(message: str) -> None:
    """Tell a person on stderr, if there is still one."""
    try:
        sys.stderr.write(f"mosaic telemetry: {message}\n")
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        pass
