"""The manifest of a run's artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .config import MctxWorkerConfig


def write_analytics_manifest(
    config: MctxWorkerConfig,
    *,
    checkpoints_dir: Path,
    tensorboard_dir: Path,
    worker_id: str | None = None,
    wandb_run: Any = None,
    metadata: dict[str, Any] | None = None,
) -> Path:
    """Write ``<run_id>_analytics.json`` into the working directory; it lists what exists. Needs MOSAIC's SDK.

    Args:
        config: The run's config.
        checkpoints_dir: Folder of checkpoints.
        tensorboard_dir: Folder of TensorBoard files, if there are any.
        worker_id: The instance of the worker.
        wandb_run: The run at Weights & Biases.
        metadata: Further entries.

    Returns:
        The file.
    """
    from gym_gui.core.worker.analytics import (
        ArtifactsMetadata,
        CheckpointMetadata,
        WandBMetadata,
        WorkerAnalyticsManifest,
    )

    saved = sorted(path.name for path in checkpoints_dir.glob("step_*.npz"))
    checkpoints = CheckpointMetadata(
        directory=str(checkpoints_dir),
        format="npz",
        files=saved,
        final_checkpoint=saved[-1] if saved else None,
        frequency=config.checkpoint_interval or None,
    )
    wandb = None
    if wandb_run is not None:
        offline = str(Path(wandb_run.dir).parent) if config.wandb == "offline" else None
        wandb = WandBMetadata(
            project=config.wandb_project,
            run_id=str(wandb_run.id),
            run_name=str(wandb_run.name),
            url=None if offline else str(wandb_run.url),
            offline_dir=offline,
        )
    manifest = WorkerAnalyticsManifest(
        run_id=config.run_id,
        worker_type="mctx",
        worker_id=worker_id,
        artifacts=ArtifactsMetadata(
            tensorboard=str(tensorboard_dir) if any(tensorboard_dir.glob("events.out.tfevents.*")) else None,
            wandb=wandb,
            checkpoints=checkpoints if saved else None,
        ),
        metadata={"algo": config.algo, "env_id": config.env_id, "mode": config.mode, **(metadata or {})},
    )
    return Path(manifest.save(Path.cwd() / f"{config.run_id}_analytics.json"))
