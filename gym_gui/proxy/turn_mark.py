"""Which run has its turn in a process with the proxies of many, for the process that started it."""

from __future__ import annotations

import contextlib
import os
import tempfile

#: Bytes of a mark: a counter, a space, a run id.
_SIZE = 256
_DIGITS = 20


class TurnMark:
    """Says which run has its turn, and changes with every turn: it can be read while that hangs, and after a death.

    It is a file without a name, which the process that started the other one and that one have open both.

    Args:
        descriptor: The file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._count = 0

    @classmethod
    def create(cls) -> TurnMark:
        """Return a new one.

        Raises:
            OSError: The system refuses.
        """
        if hasattr(os, "memfd_create"):
            return cls(os.memfd_create("turn"))
        with tempfile.TemporaryFile() as file:
            return cls(os.dup(file.fileno()))

    def fileno(self) -> int:
        """Return the file descriptor, for the process that is to set it."""
        return self._descriptor

    def set(self, run_id: str) -> None:
        """Say that a run has its turn from now on; empty: none has."""
        self._count += 1
        data = b"%0*d %s" % (_DIGITS, self._count, run_id.encode())
        with contextlib.suppress(OSError):
            os.pwrite(self._descriptor, data.ljust(_SIZE), 0)

    def read(self) -> bytes:
        """Return what changes with every turn."""
        return os.pread(self._descriptor, _SIZE, 0)

    @property
    def run_id(self) -> str:
        """The run that has its turn, or had it when its process died; empty: none."""
        return self.read()[_DIGITS:].decode().strip()

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)
