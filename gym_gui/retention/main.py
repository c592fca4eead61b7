"""``python -m gym_gui.retention.main RUN_FOLDER``: log and checkpoint retention of an ended run.

It is a separate process because a recount of a long log would block other threads of its interpreter. It ends with its
parent process, when its stdin is closed; the next process does the rest.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from gym_gui.config.settings import get_setting
from gym_gui.core.terminal_text import escape, escape_lines
from gym_gui.core.worker.errors import MosaicError
from gym_gui.retention.checkpoints import drop_checkpoints
from gym_gui.retention.logs import retain_logs
from gym_gui.runs import RunFolder

_NICENESS = 10
_MB = 1 << 20


def compression_threshold() -> int:
    """Return the minimum size of a log to compress, bytes (setting ``compress_logs_mb``)."""
    return max(0, int(float(get_setting("compress_logs_mb")) * _MB))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run retention; return the exit code.

    Args:
        arguments: In place of the command line's: the run's folder.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if len(words) != 1:
        sys.stderr.write("usage: python -m gym_gui.retention.main RUN_FOLDER\n")
        return 2
    folder = RunFolder(Path(words[0]).absolute())
    os.nice(_NICENESS)
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    try:
        drop_checkpoints(folder)
        done = retain_logs(folder, compression_threshold())
    except (MosaicError, OSError) as error:
        if not folder.path.exists():  # the run was deleted meanwhile
            return 0
        sys.stderr.write(f"retention of run {folder.run_id} failed: {escape_lines(str(error))}\n")
        return 1
    if done.why_not_dropped:
        sys.stderr.write(f"the logs of run {folder.run_id} are kept: {escape(done.why_not_dropped)}\n")
    return 0


def _end_with_stdin() -> None:
    # Not through sys.stdin: the interpreter cannot end while a thread waits in there.
    while os.read(0, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
