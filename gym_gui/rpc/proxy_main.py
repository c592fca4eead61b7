"""``python -m gym_gui.rpc.proxy_main RUN_FOLDER``: the telemetry proxy of one run, reporting to the daemon.

With ``--spare`` instead of a folder it imports everything, waits until the daemon writes a folder to its stdin, and
ends if the daemon ends before.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from gym_gui.core.regular_files import NotRegularFile, append_or_discard
from gym_gui.core.worker.errors import MosaicError
from gym_gui.proxy import Proxy
from gym_gui.rpc.reporter import DaemonReporter
from gym_gui.runs import RunFolder

#: What is imported after the workers were launched, by the reporter's thread too; a spare has time to do it before.
_LATER = (
    "gym_gui.proxy.indexer",
    "gym_gui.supervision.usage",
    "gym_gui.proxy.summary",
    "gym_gui.rpc.proxy_log",
    "gym_gui.rpc.channel",
    "gym_gui.rpc.messages",
    "gym_gui.rpc.proto.mosaic_pb2_grpc",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a proxy until its run has ended; return the exit code.

    Args:
        arguments: Instead of the command line's: the run's folder.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    if len(words) != 1:
        sys.stderr.write("usage: python -m gym_gui.rpc.proxy_main RUN_FOLDER\n")
        return 2
    folder = _wait_for_run() if words == ["--spare"] else RunFolder(Path(words[0]).absolute())
    if folder is None:
        return 0
    try:
        code = Proxy(folder, DaemonReporter(folder), on_launched=lambda: _log().begin(folder.run_id)).run()
    except NotRegularFile as error:
        unusable = MosaicError(str(error), where=folder.run_id, why="something else has its name")
        _log().tell_failure(folder.run_id, unusable)
        return unusable.exit_code
    except MosaicError as error:
        _log().tell_failure(folder.run_id, error)
        return error.exit_code
    _log().tell_end(folder.run_id, code)
    return code


def _log() -> ModuleType:
    """Return the module that logs; imported after the workers were launched, unless a spare did it before."""
    return importlib.import_module("gym_gui.rpc.proxy_log")


def _wait_for_run() -> RunFolder | None:
    """Return the run that the daemon gives to this process, ``None`` if the daemon ended instead."""
    for name in _LATER:
        importlib.import_module(name)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        return None
    folder = RunFolder(Path(os.fsdecode(line[:-1])))
    log = append_or_discard(folder.proxy_log)
    nothing = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    for old, new in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(old, new)
    os.close(nothing)
    os.close(log)
    return folder


if __name__ == "__main__":
    sys.exit(main())
