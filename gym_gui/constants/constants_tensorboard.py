"""Folder of a run's TensorBoard files, under the names that external workers import."""

from __future__ import annotations

from pathlib import Path

from gym_gui.config.paths import get_run_dir, get_tensorboard_dir


def build_tensorboard_log_dir(run_id: str, worker_id: str | None = None) -> Path:
    """Return the folder of a run's TensorBoard files, or of one worker's."""
    return get_tensorboard_dir(run_id, worker_id)


def build_tensorboard_relative_path(run_id: str, worker_id: str | None = None) -> str:
    """Return the same folder relative to the home: ``runs/<run_id>/tensorboard``."""
    folder = get_tensorboard_dir(run_id, worker_id).relative_to(get_run_dir(run_id))
    return (Path("runs") / run_id / folder).as_posix()


__all__ = ["build_tensorboard_log_dir", "build_tensorboard_relative_path"]
