from __future__ import annotations

import logging
from typing import Any

from .config import EmittingWorkerConfig

try:
    from gym_gui.core.worker import TelemetryEmitter

    _HAS_GYM_GUI = True
except ImportError:
    _HAS_GYM_GUI = False
    TelemetryEmitter = None

try:
    from .analytics import write_analytics_manifest

    _HAS_ANALYTICS = True
except ImportError:
    _HAS_ANALYTICS = False
    write_analytics_manifest = None

LOGGER = logging.getLogger(__name__)


class EmittingWorkerRuntime:
    def __init__(self, config: EmittingWorkerConfig, *, dry_run: bool = False):
        self.config = config
        self._dry_run = dry_run
        self._emitter = TelemetryEmitter(run_id=config.run_id) if _HAS_GYM_GUI else None

    def run(self) -> dict[str, Any]:
        if self._emitter:
            self._emitter.run_started({"env_id": self.config.env_id, "algorithm": self.config.algorithm})
        if self._dry_run:
            summary = {"status": "dry-run", "env_id": self.config.env_id, "config": self.config.to_dict()}
            if self._emitter:
                self._emitter.run_completed(summary)
            return summary
        try:
            result = self._train()
            manifest_path = None
            if _HAS_ANALYTICS:
                try:
                    manifest_path = write_analytics_manifest(self.config, notes="trained")
                except Exception as error:  # noqa: BLE001 - as workers write it
                    LOGGER.warning("Failed to write analytics manifest: %s", error)
            summary = {
                "status": "completed",
                "env_id": self.config.env_id,
                "result": result,
                "analytics_manifest": str(manifest_path) if manifest_path else None,
            }
            if self._emitter:
                self._emitter.run_completed(summary)
            return summary
        except Exception as error:
            if self._emitter:
                self._emitter.run_failed({"status": "failed", "error": str(error)})
            raise

    def _train(self) -> dict[str, Any]:
        if self.config.algorithm == "broken":
            raise RuntimeError("the algorithm is broken")
        if self._emitter:
            self._emitter.heartbeat({"step": 1000, "episode_reward": 42.0})
        return {"final_reward": 100.0, "episodes": 50}
