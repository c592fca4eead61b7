"""The same names as :mod:`gym_gui.core.worker.protocol`, which some workers import from here."""

from __future__ import annotations

from gym_gui.core.worker.protocol import (
    DETERMINISM,
    WorkerCapabilities,
    WorkerConfig,
    WorkerMetadata,
    WorkerRuntime,
)

__all__ = ["DETERMINISM", "WorkerCapabilities", "WorkerConfig", "WorkerMetadata", "WorkerRuntime"]
