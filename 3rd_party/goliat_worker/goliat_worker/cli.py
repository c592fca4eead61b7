"""The worker's command line: ``python -m goliat_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .config import GoliatWorkerConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Runs a study of GOLIAT and prints its progress as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 42 out of memory, 143 cancelled.
    """
    # Named, not imported: a wrong config is reported before the runtime is loaded.
    runtime = "goliat_worker.runtime:GoliatWorkerRuntime"
    return WorkerCLI.run(GoliatWorkerConfig, runtime, argv, prog="goliat-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
