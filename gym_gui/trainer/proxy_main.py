"""``python -m gym_gui.trainer.proxy_main RUN_FOLDER``: the telemetry proxy of one run, reporting to the daemon."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.folder import RunFolder
from gym_gui.telemetry.proxy import Proxy
from gym_gui.trainer.reporter import DaemonReporter


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a proxy until its run has ended; return the exit code.

    Args:
        arguments: Instead of the command line's: the run's folder.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if len(words) != 1:
        sys.stderr.write("usage: python -m gym_gui.trainer.proxy_main RUN_FOLDER\n")
        return 2
    folder = RunFolder(Path(words[0]).absolute())
    try:
        return Proxy(folder, DaemonReporter(folder)).run()
    except MosaicError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
