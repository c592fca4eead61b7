"""The worker's command line: ``python -m mctx_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .config import MctxWorkerConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Trains a network by self-play with tree search and prints its telemetry as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    # Named, not imported: a wrong config is reported before the runtime is loaded.
    runtime = "mctx_worker.runtime:MctxWorkerRuntime"
    return WorkerCLI.run(MctxWorkerConfig, runtime, argv, prog="mctx-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
