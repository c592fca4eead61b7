"""Descriptors 0, 1 and 2 of this process. Standard library alone (Python 3.8+)."""

from __future__ import annotations

import os


def fill_standard_descriptors() -> None:
    """Open ``/dev/null`` as each of stdin, stdout and stderr that is closed.

    Otherwise the next file that is opened, a database perhaps, takes its number, and what is printed goes into it; and
    children get it as a stream of theirs.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203 - three descriptors
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)


__all__ = ["fill_standard_descriptors"]
