"""The worker's command line: ``python -m balrog_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .config import BalrogWorkerConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Lets a language model act in a text environment and prints its telemetry as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    # Named, not imported: a wrong config is reported before the runtime is loaded.
    runtime = "balrog_worker.runtime:BalrogWorkerRuntime"
    return WorkerCLI.run(BalrogWorkerConfig, runtime, argv, prog="balrog-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
