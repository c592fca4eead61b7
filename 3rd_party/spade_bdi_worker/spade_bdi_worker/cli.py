"""The worker's command line: ``python -m spade_bdi_worker.cli --config config.json``."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from .config import RunConfig
from .sdk import WorkerCLI

_DESCRIPTION = "Lets AgentSpeak agents learn by Q-learning over an XMPP server; prints telemetry as JSON lines."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the worker.

    Args:
        argv: Arguments; default: those of the process.

    Returns:
        Exit code: 0 completed, 1 failed, 2 wrong usage, 143 cancelled.
    """
    # Named, not imported: a wrong config is told before the runtime is loaded.
    runtime = "spade_bdi_worker.runtime:SpadeBdiWorkerRuntime"
    return WorkerCLI.run(RunConfig, runtime, argv, prog="spade-bdi-worker", description=_DESCRIPTION)


if __name__ == "__main__":
    sys.exit(main())
