"""How long a worker may take for what the kit asks of it."""

from __future__ import annotations

from dataclasses import dataclass

from gym_gui.constants import WORKER_HEARTBEAT_INTERVAL_S, WORKER_SHUTDOWN_TIMEOUT_S, WORKER_STARTUP_TIMEOUT_S


@dataclass(frozen=True)
class KitLimits:
    """Times in seconds, and how far a short run goes.

    Args:
        answer_s: For ``--help``, ``--schema`` and imports.
        dry_run_s: For a dry run.
        startup_s: Until the first event of a run.
        run_s: For a short run.
        unbounded_s: For a short run of a worker whose length cannot be set.
        grace_s: Between SIGTERM and the end.
        block_s: For how long at most the main thread is held to see whether heartbeats go on.
        beat_s: For how long, where the worker's interval cannot be made as short as that asks for.
        steps: Of a short run.
    """

    answer_s: float = 60.0
    dry_run_s: float = 120.0
    startup_s: float = WORKER_STARTUP_TIMEOUT_S
    run_s: float = 900.0
    unbounded_s: float = 120.0
    grace_s: float = WORKER_SHUTDOWN_TIMEOUT_S
    block_s: float = 20.0  # on a busy machine a thread may wait for seconds; who beats is not held for so long
    beat_s: float = 1.3 * WORKER_HEARTBEAT_INTERVAL_S
    steps: int = 2048
