from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.environments.remove import find_environment, remove_worker
from gym_gui.workers.environments.usage import remove_unused, size_on_disk, versions_in_use

Registered = Callable[..., WorkerEnvironment]


def test_all_goes_records_too(registered: Registered, home: Path) -> None:
    record = registered("mine")
    WorkerCatalog(home).get("mine")
    folder = find_environment(home, "Mine-Worker")
    (folder.path.parent / ".removed-mine-1").mkdir()
    size = size_on_disk(folder.path)
    assert remove_worker(folder) == size > 0
    assert [path.name for path in folder.path.parent.iterdir()] == [".locks"]
    assert not Path(record.python).exists()
    assert not list((home / "workers" / "records").glob("mine-*"))


def test_none_of_that_name(registered: Registered, home: Path) -> None:
    with pytest.raises(UsageError, match="has no environment") as error:
        find_environment(home, "mine")
    assert error.value.why == "there are none"
    registered("mine")
    with pytest.raises(UsageError, match="did you mean mine"):
        find_environment(home, "mime")


def test_one_in_use_stays(registered: Registered, home: Path) -> None:
    record = registered("mine")
    folder = find_environment(home, "mine")
    with pytest.raises(UsageError, match="is in use"):
        remove_worker(folder, lambda: [record.python])
    running = subprocess.Popen(["/bin/sh", "-c", "read line", record.python], stdin=subprocess.PIPE)
    try:
        with pytest.raises(UsageError, match="is in use") as error:
            remove_worker(folder)
        assert "mosaic runs list --worker mine" in error.value.next_step
    finally:
        running.communicate(b"\n")
    assert Path(record.python).exists()


def test_versions_that_nothing_needs_go(registered: Registered, home: Path) -> None:
    pythons = [registered("mine", number).python for number in (1, 2, 3)]
    registered("mine2")
    folder = EnvironmentFolder(home, "mine")
    assert versions_in_use(folder, [pythons[0], "/usr/bin/python", str(folder.path) + "2/1/bin/python"]) == {1}
    assert remove_unused(folder, [pythons[0]]) == [2]
    assert remove_unused(folder) == [1]
    assert folder.versions() == [3]
