"""The worker's command line: ``python -m benchmarl_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .config import BenchmarlWorkerConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Trains any algorithm of BenchMARL and prints its telemetry as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    # Named, not imported: a wrong config is refused before the runtime is loaded.
    runtime = "benchmarl_worker.runtime:BenchmarlWorkerRuntime"
    return WorkerCLI.run(BenchmarlWorkerConfig, runtime, argv, prog="benchmarl-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
