"""Ends what a job runs once the job's own process is gone.

Run as ``python -m gym_gui.fleet.slurm.guard SPEC`` with a pipe as stdin: a byte says that there is nothing to do, the
end of the pipe that the process was killed. Where Slurm tracks processes by cgroups, it ends all of a job by itself.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

from gym_gui.fleet.agent.processes import Processes

#: Seconds beyond the run's own limit that a launcher has to end its worker and what that left behind.
_MARGIN_S = 5.0
_POLL_S = 0.05


def main() -> int:
    """Wait for the end of the job's process, then end what it started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Slurm signals all processes of a job
    if sys.stdin.buffer.read(1):
        return 0
    end_attempt(Path(sys.argv[1]))
    return 0


def end_attempt(spec_path: Path) -> None:
    """End every process of an attempt.

    Args:
        spec_path: What its launcher was to do.
    """
    spec = json.loads(spec_path.read_text("utf-8"))
    processes = Processes(spec, spec_path, spec_path)
    processes.signal("stop")
    deadline = time.monotonic() + float(spec.get("shutdown_timeout_s") or 0.0) + _MARGIN_S
    while processes.alive():
        if time.monotonic() > deadline:
            processes.signal("kill_all")
        time.sleep(_POLL_S)


if __name__ == "__main__":
    sys.exit(main())
