"""Starts programs that do not outlive whoever started them: not even where that is killed with SIGKILL."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_MAIN = Path(__file__).with_name("leash_main.py")


class Leash:
    """The hold on a program that was started.

    Args:
        process: What sees to the program: it ends as the program does, and leads the group of both.
        descriptor: Open for as long as the program may run.
    """

    def __init__(self, process: subprocess.Popen[Any], descriptor: int) -> None:
        self.process = process
        self._descriptor = descriptor

    def release(self) -> None:
        """Have the program end, with all that it started, whatever session or group that is in."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextlib.contextmanager
def leashed(argv: Sequence[str], *, lock: int | None = None, **options: Any) -> Iterator[Leash]:
    """Give a program that has been started; all of it is ended with the block, or with this process.

    Args:
        argv: The program.
        lock: Descriptor of a lock that is held until nothing of the program lives; the program itself does not get it.
        options: As :class:`subprocess.Popen` takes them.

    Raises:
        OSError: The program cannot be started.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    status, report = os.pipe2(os.O_CLOEXEC)
    words = [str(descriptor) for descriptor in (reader, report, -1 if lock is None else lock)]
    handed = [reader, report] if lock is None else [reader, report, lock]
    leash: Leash | None = None
    try:
        try:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_MAIN), *words, *argv],
                pass_fds=handed,
                start_new_session=True,
                **options,
            )
        finally:
            os.close(reader)
            os.close(report)
        leash, writer = Leash(process, writer), -1
        refused = os.read(status, 16)
        if refused:
            process.wait()
            raise OSError(int(refused), os.strerror(int(refused)), argv[0])
        yield leash
    finally:
        os.close(status)
        if leash is not None:
            leash.release()
        elif writer >= 0:
            os.close(writer)
