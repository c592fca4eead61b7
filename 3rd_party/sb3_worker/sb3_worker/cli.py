"""The worker's command line: ``python -m sb3_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .config import Sb3WorkerConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Trains any algorithm of Stable-Baselines3 or SB3-Contrib and prints its telemetry as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    # Named, not imported: a wrong config is told before the runtime is loaded.
    runtime = "sb3_worker.runtime:Sb3WorkerRuntime"
    return WorkerCLI.run(Sb3WorkerConfig, runtime, argv, prog="sb3-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
