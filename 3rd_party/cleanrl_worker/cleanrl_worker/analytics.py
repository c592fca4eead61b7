"""The manifest of what a run left behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import CleanRLWorkerConfig


def write_analytics_manifest(
    config: CleanRLWorkerConfig,
    *,
    checkpoints_dir: Path,
    tensorboard_dir: Path,
    worker_id: str | None = None,
    wandb: dict[str, Any] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Path:
    """Write ``<run_id>_analytics.json`` into the working directory: what exists, and nothing else.

    It needs MOSAIC, whose manifest it is.

    Args:
        config: The run's config.
        checkpoints_dir: Where checkpoints would be.
        tensorboard_dir: Where TensorBoard files would be.
        worker_id: The instance of the worker.
        wandb: The run of Weights & Biases.
        metadata: What else explains the artifacts.

    Returns:
        The file.
    """
    from gym_gui.core.worker.analytics import (
        ArtifactsMetadata,
        CheckpointMetadata,
        WandBMetadata,
        WorkerAnalyticsManifest,
    )

    saved = sorted(path.name for path in checkpoints_dir.glob("step_*.pt"))
    checkpoints = CheckpointMetadata(
        directory=str(checkpoints_dir),
        format="pytorch",
        files=saved,
        final_checkpoint=saved[-1] if saved else None,
        frequency=config.checkpoint_interval or None,
    )
    artifacts = ArtifactsMetadata(
        tensorboard=str(tensorboard_dir) if any(tensorboard_dir.rglob("events.out.tfevents.*")) else None,
        wandb=WandBMetadata(**wandb) if wandb else None,
        checkpoints=checkpoints if saved else None,
    )
    manifest = WorkerAnalyticsManifest(
        run_id=config.run_id,
        worker_type="cleanrl",
        worker_id=worker_id,
        artifacts=artifacts,
        metadata={"algo": config.name, "env_id": config.stages()[-1].env_id, "mode": config.mode, **(metadata or {})},
    )
    return manifest.save(Path.cwd() / f"{config.run_id}_analytics.json")
