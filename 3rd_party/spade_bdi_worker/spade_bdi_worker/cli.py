"""The worker's command line: ``python -m spade_bdi_worker.cli --config config.json``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from .config import RunConfig
from .sdk import HAS_SDK

_DESCRIPTION = "Lets AgentSpeak agents learn by Q-learning over an XMPP server; prints telemetry as JSON lines."


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
        runtime = "spade_bdi_worker.runtime:SpadeBdiWorkerRuntime"
        return WorkerCLI.run(RunConfig, runtime, argv, prog="spade-bdi-worker", description=_DESCRIPTION)
    parser = argparse.ArgumentParser(prog="spade-bdi-worker", description=_DESCRIPTION)
    parser.add_argument("--config", metavar="PATH", help="JSON file with the worker's config")
    parser.parse_args(argv)
    sys.stderr.write("spade-bdi-worker: a run needs MOSAIC's SDK: pip install mosaic-rl-sdk\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
