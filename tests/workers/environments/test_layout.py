from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.environments.layout import EnvironmentFolder, environment_names, locked


def test_versions_and_the_one_in_use(home: Path) -> None:
    folder = EnvironmentFolder(home, "mine")
    assert (folder.versions(), folder.current(), environment_names(home)) == ([], None, [])
    for number in (1, 2, 10):
        folder.version(number).mkdir(parents=True)
    (folder.version(2) / "environment.json").write_text("{}")
    assert folder.versions() == [1, 2, 10]
    assert folder.unfinished() == [1, 10]
    assert environment_names(home) == []
    folder.use(2)
    assert (folder.current(), environment_names(home)) == (2, ["mine"])
    folder.use(10)
    assert folder.current() == 10
    assert folder.pointer.resolve() == folder.version(10)


@pytest.mark.parametrize("name", ["", "..", "a/b", "Ab", "-x", "a b", ".locks", "x" * 65])
def test_names_that_cannot_name_a_folder(home: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not the name of a worker"):
        EnvironmentFolder(home, name)


def test_one_at_a_time(home: Path) -> None:
    folder = EnvironmentFolder(home, "mine")
    with locked(folder), pytest.raises(UsageError, match="being installed or removed already"), locked(folder):
        pass
    with locked(folder), locked(EnvironmentFolder(home, "other")):
        pass


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(UsageError, match="cannot be written"), locked(EnvironmentFolder(tmp_path / "home", "mine")):
        pass
