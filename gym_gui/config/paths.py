"""Paths of MOSAIC's files; only :func:`ensure_var_directories` writes to the disk."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from gym_gui.core.errors import UsageError

VAR_ROOT: Path
"""Folder for files of external workers: in a worker's process its own folder in the run, else the home."""

VAR_TRAINER_DIR: Path
"""The home, under the name that older workers import: ``VAR_TRAINER_DIR / "runs" / run_id`` is the run's folder."""

VAR_TENSORBOARD_DIR: Path
"""Folder for TensorBoard files: in a worker's process its own one in the run, else the folder of all runs."""

VAR_WANDB_DIR: Path
"""Folder for files of Weights & Biases: in a worker's process its own one in the run, else the folder of all runs."""

VAR_OPERATORS_TELEMETRY_DIR: Path
"""Folder for workers' own telemetry files: in a worker's process within its own folder in the run."""


def mosaic_home() -> Path:
    """Return the folder of all runs: ``$MOSAIC_HOME``, or ``mosaic`` in the user's data folder.

    Raises:
        UsageError: There is neither: the user has no home folder.
    """
    home = os.environ.get("MOSAIC_HOME")
    if home:
        return expand_user(home).absolute()
    data = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_DATA_HOME")
    if data and sys.platform != "darwin":
        return Path(data) / "mosaic"
    user = user_home()
    if user is None:
        raise UsageError(
            "there is no folder for runs",
            where="environment",
            why="neither MOSAIC_HOME nor HOME is set, and the system has no home folder for this user",
            next_step="set MOSAIC_HOME to a folder, or use --home DIR",
        )
    if sys.platform == "darwin":
        return user / "Library" / "Application Support" / "mosaic"
    if sys.platform == "win32":
        return user / "AppData" / "Local" / "mosaic"
    return user / ".local" / "share" / "mosaic"


def user_config_dir() -> Path:
    """Return the user's configuration folder, ``mosaic`` in ``$XDG_CONFIG_HOME`` or the platform's.

    Raises:
        UsageError: The user has no home folder.
    """
    config = os.environ.get("APPDATA" if sys.platform == "win32" else "XDG_CONFIG_HOME")
    if config and sys.platform != "darwin":
        return Path(config) / "mosaic"
    user = user_home()
    if user is None:
        raise UsageError(
            "there is no folder for the user's configuration", where="environment", next_step="set XDG_CONFIG_HOME"
        )
    if sys.platform == "darwin":
        return user / "Library" / "Preferences" / "mosaic"
    return user / ("AppData/Roaming" if sys.platform == "win32" else ".config") / "mosaic"


def user_home() -> Path | None:
    """Return the user's home folder, ``None`` without ``HOME`` and a system entry."""
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if home:
        return Path(home)
    try:
        import pwd

        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except (ImportError, KeyError):  # Windows; a user without a system entry
        return None


def expand_user(path: str | Path) -> Path:
    """Return a path with a leading ``~`` or ``~name`` expanded.

    Raises:
        UsageError: There is no such folder.
    """
    text = str(path)
    if not text.startswith("~"):
        return Path(text)
    first, _, rest = text.partition("/")
    try:
        home = user_home() if first == "~" else Path(first).expanduser()
    except RuntimeError:
        home = None
    if home is None:
        raise UsageError(
            f"{text} cannot be found",
            where="path",
            why=f"the system has no home folder for {first}",
            next_step="give the whole path, or set HOME",
        )
    return home / rest if rest else home


def get_run_dir(run_id: str) -> Path:
    """Return a run's folder: ``$MOSAIC_RUN_DIR`` for the own run, else below the home.

    Raises:
        ValueError: ``run_id`` is not the name of a folder (it is empty, or leads elsewhere).
    """
    if os.environ.get("MOSAIC_RUN_ID") == run_id and os.environ.get("MOSAIC_RUN_DIR"):
        return Path(os.environ["MOSAIC_RUN_DIR"])
    return mosaic_home() / "runs" / _name(run_id, "run_id")


def get_checkpoints_dir(run_id: str, worker_id: str | None = None) -> Path:
    """Return the folder of a run's checkpoints, or of one worker's."""
    return _of_worker(get_run_dir(run_id) / "checkpoints", worker_id)


def get_tensorboard_dir(run_id: str, worker_id: str | None = None) -> Path:
    """Return the folder of a run's TensorBoard files, or of one worker's."""
    return _of_worker(get_run_dir(run_id) / "tensorboard", worker_id)


def get_videos_dir(run_id: str, worker_id: str | None = None) -> Path:
    """Return the folder of a run's videos, or of one worker's."""
    return _of_worker(get_run_dir(run_id) / "videos", worker_id)


def get_frames_dir(run_id: str, worker_id: str | None = None) -> Path:
    """Return the folder of a run's rendered frames, or of one worker's."""
    return _of_worker(get_run_dir(run_id) / "frames", worker_id)


def ensure_var_directories() -> None:
    """Create the folders that workers expect, in the home or in the own run.

    Raises:
        OSError: They cannot be created.
    """
    if _own_run() is None:
        mosaic_home().mkdir(mode=0o700, parents=True, exist_ok=True)
        (mosaic_home() / "runs").mkdir(mode=0o700, exist_ok=True)
    for name in ("VAR_ROOT", "VAR_TENSORBOARD_DIR", "VAR_WANDB_DIR", "VAR_OPERATORS_TELEMETRY_DIR"):
        _var_dir(name).mkdir(parents=True, exist_ok=True)


def _of_worker(folder: Path, worker_id: str | None) -> Path:
    return folder if worker_id is None else folder / _name(worker_id, "worker_id")


def _name(text: str, what: str) -> str:
    if not text or text in (".", "..") or "/" in text or "\\" in text or "\0" in text:
        raise ValueError(f"{what} must be the name of a folder, without separators, not {text!r}")
    return text


def _own_run() -> Path | None:
    """Return the folder of this process's run, if it has one."""
    folder = os.environ.get("MOSAIC_RUN_DIR")
    return Path(folder) if folder and os.environ.get("MOSAIC_RUN_ID") else None


def _var_dir(name: str) -> Path:
    run, home = _own_run(), mosaic_home()
    if name == "VAR_TRAINER_DIR":
        return home
    if run is None:
        folders = {"VAR_ROOT": home, "VAR_OPERATORS_TELEMETRY_DIR": home / "operators" / "telemetry"}
        return folders.get(name, home / "runs")
    worker = os.environ.get("WORKER_ID") or None
    own = run if worker is None else run / "work" / _name(worker, "WORKER_ID")
    if name == "VAR_TENSORBOARD_DIR":
        return _of_worker(run / "tensorboard", worker)
    return {"VAR_ROOT": own, "VAR_WANDB_DIR": own / "wandb"}.get(name, own / "operators" / "telemetry")


def __getattr__(name: str) -> Path:
    # Computed on each look-up, so that they follow the environment.
    if name in _VARS:
        return _var_dir(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


_VARS = ("VAR_OPERATORS_TELEMETRY_DIR", "VAR_ROOT", "VAR_TENSORBOARD_DIR", "VAR_TRAINER_DIR", "VAR_WANDB_DIR")

__all__ = [
    "VAR_OPERATORS_TELEMETRY_DIR",
    "VAR_ROOT",
    "VAR_TENSORBOARD_DIR",
    "VAR_TRAINER_DIR",
    "VAR_WANDB_DIR",
    "ensure_var_directories",
    "expand_user",
    "get_checkpoints_dir",
    "get_frames_dir",
    "get_run_dir",
    "get_tensorboard_dir",
    "get_videos_dir",
    "mosaic_home",
    "user_home",
]
