"""The SDK a worker imports: one public face over small modules that are loaded when first used.

Standard library alone; Python 3.8 and later.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.core.worker.analytics import (
        ArtifactsMetadata,
        CheckpointMetadata,
        TensorBoardMetadata,
        WandBMetadata,
        WorkerAnalyticsManifest,
    )
    from gym_gui.core.worker.cli_base import Cancelled, WorkerCLI
    from gym_gui.core.worker.config_loader import extract_worker_config, load_worker_config_from_file
    from gym_gui.core.worker.differences import differing_settings
    from gym_gui.core.worker.discovery import (
        WORKER_ENTRY_POINT_GROUP,
        DiscoveredWorker,
        WorkerDiscovery,
        discover_workers,
    )
    from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
    from gym_gui.core.worker.events import LifecycleEvent, LifecycleEventType
    from gym_gui.core.worker.heartbeat import HeartbeatThread
    from gym_gui.core.worker.held_signals import HeldSignals
    from gym_gui.core.worker.lifecycle import RunLifecycle
    from gym_gui.core.worker.protocol import WorkerCapabilities, WorkerConfig, WorkerMetadata, WorkerRuntime
    from gym_gui.core.worker.schema import check_config, config_schema
    from gym_gui.core.worker.telemetry import TelemetryEmitter

#: Public name -> the module that holds it.
_HOMES = {
    "ArtifactsMetadata": "analytics",
    "Cancelled": "cli_base",
    "CheckpointMetadata": "analytics",
    "ConfigError": "errors",
    "DiscoveredWorker": "discovery",
    "HeartbeatThread": "heartbeat",
    "HeldSignals": "held_signals",
    "LifecycleEvent": "events",
    "LifecycleEventType": "events",
    "MosaicError": "errors",
    "Problem": "errors",
    "RunLifecycle": "lifecycle",
    "TelemetryEmitter": "telemetry",
    "TensorBoardMetadata": "analytics",
    "UsageError": "errors",
    "WORKER_ENTRY_POINT_GROUP": "discovery",
    "WandBMetadata": "analytics",
    "WorkerAnalyticsManifest": "analytics",
    "WorkerCLI": "cli_base",
    "WorkerCapabilities": "protocol",
    "WorkerConfig": "protocol",
    "WorkerDiscovery": "discovery",
    "WorkerMetadata": "protocol",
    "WorkerRuntime": "protocol",
    "check_config": "schema",
    "config_schema": "schema",
    "differing_settings": "differences",
    "discover_workers": "discovery",
    "extract_worker_config": "config_loader",
    "load_worker_config_from_file": "config_loader",
}

__all__ = [
    "WORKER_ENTRY_POINT_GROUP",
    "ArtifactsMetadata",
    "Cancelled",
    "CheckpointMetadata",
    "ConfigError",
    "DiscoveredWorker",
    "HeartbeatThread",
    "HeldSignals",
    "LifecycleEvent",
    "LifecycleEventType",
    "MosaicError",
    "Problem",
    "RunLifecycle",
    "TelemetryEmitter",
    "TensorBoardMetadata",
    "UsageError",
    "WandBMetadata",
    "WorkerAnalyticsManifest",
    "WorkerCLI",
    "WorkerCapabilities",
    "WorkerConfig",
    "WorkerDiscovery",
    "WorkerMetadata",
    "WorkerRuntime",
    "check_config",
    "config_schema",
    "differing_settings",
    "discover_workers",
    "extract_worker_config",
    "load_worker_config_from_file",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
