"""The manifest of what a run left behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .config import MarllibWorkerConfig


def write_analytics_manifest(
    config: MarllibWorkerConfig,
    *,
    checkpoints: Path,
    tensorboard: Path,
    worker_id: str | None = None,
    metadata: dict[str, Any] | None = None,
) -> Path:
    """Write ``<run_id>_analytics.json`` into the working directory: what exists, and nothing else.

    Args:
        config: The run's config.
        checkpoints: Where checkpoints would be.
        tensorboard: Where TensorBoard files would be.
        worker_id: The instance of the worker.
        metadata: What else explains the artifacts.
    """
    from gym_gui.core.worker import ArtifactsMetadata, CheckpointMetadata, WorkerAnalyticsManifest

    saved = sorted(path.name for path in checkpoints.glob("step_*.zip"))
    found = CheckpointMetadata(
        directory=str(checkpoints),
        format="marllib",
        files=saved,
        final_checkpoint=saved[-1] if saved else None,
        frequency=config.checkpoint_interval or None,
    )
    artifacts = ArtifactsMetadata(
        tensorboard=str(tensorboard) if any(tensorboard.glob("events.out.tfevents.*")) else None,
        checkpoints=found if saved else None,
    )
    manifest = WorkerAnalyticsManifest(
        run_id=config.run_id,
        worker_type="marllib",
        worker_id=worker_id,
        artifacts=artifacts,
        metadata={"algo": config.algo, "env_id": config.env_id, "mode": config.mode, **(metadata or {})},
    )
    return Path(manifest.save(Path.cwd() / f"{config.run_id}_analytics.json"))
