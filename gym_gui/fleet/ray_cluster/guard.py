"""Ends what an attempt runs on a node once the attempt's actor is gone, and removes its files.

Run as ``python -I -S guard.py FOLDER SOURCES`` with a pipe as stdin: a byte says that there is nothing to do, the end
of the pipe that the actor died. A process of its own whose parent has ended: Ray may end the children of an actor with
it. Standard library alone.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path


def main() -> int:
    """Wait for the actor's end, then end what it started."""
    folder, sources = Path(sys.argv[1]), sys.argv[2]
    if os.fork():
        return 0
    os.setsid()
    sys.path.insert(0, sources)
    import gym_gui.fleet.agent.processes  # noqa: F401 - Ray removes what it sent to a node before the node has ended

    if sys.stdin.buffer.read(1):
        return 0
    end_attempts(folder)
    return 0


def end_attempts(folder: Path) -> None:
    """End every process of the attempts below a folder, then remove it.

    Args:
        folder: That of an actor.
    """
    from gym_gui.fleet.agent.processes import Processes

    for path in sorted(folder.glob("runs/*/control/*.launch.json")):
        try:
            spec = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        Processes(spec, path, path).end()
    shutil.rmtree(str(folder), ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
