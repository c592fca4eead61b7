"""``python -m spade_bdi_rl.worker --config FILE --worker-id ID``, and the classes that were imported from here."""

from __future__ import annotations

import sys
from typing import Any

from spade_bdi_worker.cli import main
from spade_bdi_worker.config import RunConfig


def __getattr__(name: str) -> Any:
    # Imported when asked for: the config and the command line do without them.
    if name == "TelemetryEmitter":
        from gym_gui.core.worker.telemetry import TelemetryEmitter

        return TelemetryEmitter
    if name in ("EpisodeRollup", "StepRecord"):
        from spade_bdi_worker import telemetry

        return getattr(telemetry, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["RunConfig", "main"]

if __name__ == "__main__":
    sys.exit(main())
