"""The worker's command line: ``python -m xuance_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .config import XuanceWorkerConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Trains any algorithm of XuanCe and prints its telemetry as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    # Named, not imported: a wrong config is told before the runtime is loaded.
    runtime = "xuance_worker.runtime:XuanceWorkerRuntime"
    return WorkerCLI.run(XuanceWorkerConfig, runtime, argv, prog="xuance-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
