"""Starts programs that never outlive their owner, even if the owner is killed with SIGKILL."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_MAIN = Path(__file__).with_name("guard_main.py")


class GuardedProcess:
    """A program and the guard that ends it.

    Args:
        process: The guard: it leads the process group of both, and ends with the program's exit code.
        descriptor: Write end of a pipe; the guard ends the program when it is closed.
    """

    def __init__(self, process: subprocess.Popen[Any], descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor

    def end(self) -> None:
        """End the program and all its descendants, whatever session or group they are in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextlib.contextmanager
def guarded(argv: Sequence[str], *, lock: int | None = None, **options: Any) -> Iterator[GuardedProcess]:
    """Start a program; it and its descendants are ended with the block, or with this process.

    Args:
        argv: The program.
        lock: Descriptor of a lock that is held until no descendant is left; the program itself does not inherit it.
        options: As :class:`subprocess.Popen` takes them.

    Raises:
        OSError: The program cannot be started.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    status, report = os.pipe2(os.O_CLOEXEC)
    words = [str(descriptor) for descriptor in (reader, report, -1 if lock is None else lock)]
    inherited = [reader, report] if lock is None else [reader, report, lock]
    program: GuardedProcess | None = None
    try:
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_MAIN), *words, *argv],
                pass_fds=inherited,
                start_new_session=True,
                **options,
            )
        finally:
            os.close(reader)
            os.close(report)
        program, writer = GuardedProcess(process, writer), -1
        refused = os.read(status, 16)
        if refused:
            process.wait()
            raise OSError(int(refused), os.strerror(int(refused)), argv[0])
        yield program
    finally:
        os.close(status)
        if program is not None:
            program.end()
        elif writer >= 0:
            os.close(writer)
