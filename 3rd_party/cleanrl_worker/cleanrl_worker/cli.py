"""The worker's command line: ``python -m cleanrl_worker.cli --config config.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .config import CleanRLWorkerConfig, load_worker_config
from .sdk import HAS_SDK

_DESCRIPTION = "Trains an agent on a Gymnasium environment, or runs a CleanRL script; tells of it as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    if HAS_SDK:
        from gym_gui.core.worker.cli_base import WorkerCLI

        # Named, not imported: a wrong config is told before the runtime is loaded.
        runtime = "cleanrl_worker.runtime:CleanRLWorkerRuntime"
        return WorkerCLI.run(CleanRLWorkerConfig, runtime, argv, prog="cleanrl-worker", description=_DESCRIPTION)
    parser = argparse.ArgumentParser(prog="cleanrl-worker", description=_DESCRIPTION)
    parser.add_argument("--config", required=True, help="JSON file with the run's config")
    parser.add_argument("--dry-run", action="store_true", help="check everything and train nothing")
    arguments = parser.parse_args(argv)
    from .runtime import CleanRLWorkerRuntime

    CleanRLWorkerRuntime(load_worker_config(arguments.config), dry_run=arguments.dry_run).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
