"""Ends what a job runs once the job's own process is gone.

Run as ``python -m gym_gui.fleet.slurm.guard SPEC`` with a pipe as stdin: a byte says that there is nothing to do, the
end of the pipe that the process was killed. Where Slurm tracks processes by cgroups, it ends all of a job by itself.
"""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path

from gym_gui.fleet.agent.processes import Processes


def main() -> int:
    """Wait for the end of the job's process, then end what it started."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # Slurm signals all processes of a job
    if sys.stdin.buffer.read(1):
        return 0
    spec_path = Path(sys.argv[1])
    Processes(json.loads(spec_path.read_text("utf-8")), spec_path, spec_path).end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
