"""The manifest of a run, which leaves no artifacts behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .config import RandomWorkerConfig


def write_analytics_manifest(
    config: RandomWorkerConfig, *, worker_id: str | None = None, metadata: dict[str, Any] | None = None
) -> Path:
    """Write ``<run_id>_analytics.json`` into the working directory. Needs MOSAIC, whose manifest it is.

    Args:
        config: The run's config.
        worker_id: The instance of the worker.
        metadata: What the run came to.

    Returns:
        The file.
    """
    from gym_gui.core.worker.analytics import ArtifactsMetadata, WorkerAnalyticsManifest

    manifest = WorkerAnalyticsManifest(
        run_id=config.run_id,
        worker_type="random",
        worker_id=worker_id,
        artifacts=ArtifactsMetadata(),
        metadata={"env_id": config.env_id, "mode": config.mode, **(metadata or {})},
    )
    return manifest.save(Path.cwd() / f"{config.run_id}_analytics.json")
