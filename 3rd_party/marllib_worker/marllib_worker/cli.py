"""The worker's command line: ``python -m marllib_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from typing import Sequence

from .config import MarllibWorkerConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Trains several agents with an algorithm of MARLlib and prints its telemetry as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    # Named, not imported: a wrong config is reported before the runtime is loaded.
    runtime = "marllib_worker.runtime:MarllibWorkerRuntime"
    return WorkerCLI.run(MarllibWorkerConfig, runtime, argv, prog="marllib-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
