from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id


def test_a_folder_is_made_private_and_once(tmp_path: Path) -> None:
    folder = RunFolder.of(tmp_path / "home", new_run_id())
    folder.create()
    assert folder.path.stat().st_mode & 0o777 == 0o700
    assert {item.name for item in folder.path.iterdir()} >= {"logs", "control"}
    with pytest.raises(FileExistsError):
        folder.create()


def test_every_path_lies_inside(tmp_path: Path) -> None:
    folder = RunFolder.of(tmp_path, new_run_id())
    of_workers = [folder.worker_config("a"), folder.work("a"), folder.checkpoints("a"), folder.tensorboard("a")]
    of_attempts = [
        make("a", 2)
        for make in (folder.stdout_log, folder.stderr_log, folder.launch_spec, folder.launch_lock, folder.exit_record)
    ]
    paths = [folder.run_json, folder.database, folder.proxy_lock, folder.cancel_intent, *of_workers, *of_attempts]
    assert len(set(paths)) == len(paths)
    assert all(path.is_relative_to(folder.path) for path in paths)
    assert all("a2" in path.name for path in of_attempts)
