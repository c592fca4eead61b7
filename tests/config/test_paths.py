from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gym_gui.config import paths


def test_home_is_what_the_environment_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert paths.mosaic_home() == home
    monkeypatch.setenv("MOSAIC_HOME", "~/somewhere")
    assert paths.mosaic_home() == Path.home() / "somewhere"
    monkeypatch.setenv("MOSAIC_HOME", "relative")
    assert paths.mosaic_home() == Path.cwd() / "relative"


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", "XDG_DATA_HOME", "data/mosaic"),
        ("linux", None, "home/.local/share/mosaic"),
        ("darwin", None, "home/Library/Application Support/mosaic"),
        ("win32", "LOCALAPPDATA", "data/mosaic"),
        ("win32", None, "home/AppData/Local/mosaic"),
    ],
)
def test_home_of_each_platform(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, variable: str | None, expected: str
) -> None:
    for name in ("MOSAIC_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.platform", platform)
    assert paths.mosaic_home() == tmp_path / expected


def test_folders_of_a_run(home: Path) -> None:
    run = home / "runs" / "r"
    assert paths.get_run_dir("r") == run
    assert paths.get_checkpoints_dir("r") == run / "checkpoints"
    assert paths.get_checkpoints_dir("r", "000001") == run / "checkpoints" / "000001"
    assert paths.get_tensorboard_dir("r", worker_id="w") == run / "tensorboard" / "w"
    assert paths.get_videos_dir("r") == run / "videos"
    assert paths.get_frames_dir("r", "w") == run / "frames" / "w"
    assert not home.exists()


def test_own_run_lies_where_the_launcher_says(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOSAIC_RUN_ID", "own")
    monkeypatch.setenv("MOSAIC_RUN_DIR", str(tmp_path / "elsewhere"))
    assert paths.get_run_dir("own") == tmp_path / "elsewhere"
    assert paths.get_run_dir("other") == home / "runs" / "other"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\\b", "a\0b"])
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(ValueError, match="must be the name of a folder"):
        paths.get_run_dir(name)
    with pytest.raises(ValueError, match="must be the name of a folder"):
        paths.get_checkpoints_dir("r", name)


def test_names_of_older_workers(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from gym_gui.config.paths import VAR_OPERATORS_TELEMETRY_DIR, VAR_TRAINER_DIR, ensure_var_directories

    assert home / "runs" / "r" == VAR_TRAINER_DIR / "runs" / "r"
    ensure_var_directories()
    ensure_var_directories()
    assert VAR_OPERATORS_TELEMETRY_DIR.is_dir()
    assert home.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "other"))
    assert tmp_path / "other" == paths.VAR_TRAINER_DIR


VARS = [name for name in paths.__all__ if name.startswith("VAR_")]


def test_files_of_workers_written_elsewhere_land_in_their_run(
    home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run = tmp_path / "runs" / "r"
    for name, value in (("MOSAIC_RUN_ID", "r"), ("MOSAIC_RUN_DIR", str(run)), ("WORKER_ID", "000002")):
        monkeypatch.setenv(name, value)
    own = run / "work" / "000002"
    assert {name: getattr(paths, name) for name in VARS if name != "VAR_TRAINER_DIR"} == {
        "VAR_ROOT": own,
        "VAR_OPERATORS_TELEMETRY_DIR": own / "operators" / "telemetry",
        "VAR_WANDB_DIR": own / "wandb",
        "VAR_TENSORBOARD_DIR": run / "tensorboard" / "000002",
    }
    paths.ensure_var_directories()
    assert all(getattr(paths, name).is_dir() for name in VARS if name != "VAR_TRAINER_DIR")
    assert not home.exists()
    monkeypatch.delenv("WORKER_ID")
    assert all(getattr(paths, name).is_relative_to(run) for name in VARS if name != "VAR_TRAINER_DIR")
    assert home == paths.VAR_TRAINER_DIR
    monkeypatch.setenv("WORKER_ID", "../up")
    with pytest.raises(ValueError, match="WORKER_ID"):
        _ = paths.VAR_ROOT


def test_tensorboard_folders_under_their_other_names(home: Path) -> None:
    from gym_gui.constants.constants_tensorboard import build_tensorboard_log_dir, build_tensorboard_relative_path

    assert build_tensorboard_log_dir("r", "w") == paths.get_tensorboard_dir("r", "w")
    assert home / build_tensorboard_relative_path("r") == build_tensorboard_log_dir("r")
    assert build_tensorboard_relative_path("r", "w") == "runs/r/tensorboard/w"


def test_unknown_names() -> None:
    module: Any = paths
    with pytest.raises(AttributeError, match="VAR_NONE"):
        _ = module.VAR_NONE


def test_all_names_exist() -> None:
    assert all(hasattr(paths, name) for name in paths.__all__)
