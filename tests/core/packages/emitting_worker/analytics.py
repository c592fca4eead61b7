from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

try:
    from gym_gui.core.worker import ArtifactsMetadata, CheckpointMetadata, WorkerAnalyticsManifest

    _HAS_GYM_GUI = True
except ImportError:
    _HAS_GYM_GUI = False
    WorkerAnalyticsManifest = ArtifactsMetadata = CheckpointMetadata = None

if TYPE_CHECKING:
    from emitting_worker.config import EmittingWorkerConfig


def write_analytics_manifest(
    config: EmittingWorkerConfig,
    *,
    notes: str | None = None,
    tensorboard_dir: str | None = None,
    checkpoints_dir: str | None = None,
) -> Path:
    if not _HAS_GYM_GUI:
        raise ImportError("gym_gui.core.worker is not available")
    artifacts = ArtifactsMetadata(
        tensorboard=tensorboard_dir,
        wandb=None,
        checkpoints=CheckpointMetadata(directory=checkpoints_dir or "checkpoints", format="pytorch"),
        logs_dir="logs",
        videos_dir=None,
    )
    metadata = {"worker_type": "emitting", "env_id": config.env_id, "seed": config.seed}
    if notes:
        metadata["notes"] = notes
    path = Path.cwd() / f"{config.run_id}_analytics.json"
    WorkerAnalyticsManifest(run_id=config.run_id, worker_type="emitting", artifacts=artifacts, metadata=metadata).save(
        path
    )
    return path
