"""Standard descriptors of this process. Standard library alone (Python 3.8+)."""

from __future__ import annotations

import os


def fill_standard_descriptors() -> None:
    """Open ``/dev/null`` in place of a closed stdin, stdout or stderr.

    Otherwise the next opened file, perhaps a database, gets its number: output would be written to it, and child
    processes would inherit it as a stream.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # noqa: PERF203 - three descriptors
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            os.set_inheritable(number, True)


__all__ = ["fill_standard_descriptors"]
