"""The worker's command line: ``python -m cleanrl_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .config import CleanRLWorkerConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Trains an agent on a Gymnasium environment, or runs a CleanRL script; prints telemetry as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    # Named, not imported: a wrong config is told before the runtime is loaded.
    runtime = "cleanrl_worker.runtime:CleanRLWorkerRuntime"
    return WorkerCLI.run(CleanRLWorkerConfig, runtime, argv, prog="cleanrl-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
