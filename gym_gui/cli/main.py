"""Entry point of the ``mosaic`` command. Imports next to nothing, so that it sees to signals and streams first."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from gym_gui.cli import exits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Command line without the program's name; default: that of this process, whose streams are then made
            fit for whatever comes.

    Returns:
        The exit code.
    """
    try:
        if arguments is None:
            from gym_gui.cli.signals import end_at_once, end_in_good_order

            end_in_good_order()
            os.environ.setdefault("GRPC_VERBOSITY", "ERROR")  # failed handshakes are told once, in MOSAIC's words
            from gym_gui.cli.streams import prepare_streams

            prepare_streams()
        from gym_gui.cli.root import run

        code = run(sys.argv[1:] if arguments is None else list(arguments))
        if arguments is None:
            end_at_once()
            _flush()
    except KeyboardInterrupt:  # while something was imported
        os.write(2, b"interrupted\n")
        return exits.INTERRUPTED
    return code


def _flush() -> None:
    """Write what is buffered while failures are noted: later the interpreter would exit with a code of its own."""
    sys.stdout.flush()
    sys.stderr.flush()
