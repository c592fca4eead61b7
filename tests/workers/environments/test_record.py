"""Records of environments, and what the catalog makes of them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.record import WorkerEnvironment, load_environment, registered_environments

Registered = Callable[..., WorkerEnvironment]


def test_an_environment_of_its_own_wins(registered: Registered, home: Path) -> None:
    assert WorkerCatalog(home).get("random").environment == ""
    record = registered("random")
    worker = WorkerCatalog(home).get("random")
    assert (worker.environment, worker.python, worker.broken) == ("random", record.python, None)
    assert [known.name for known in WorkerCatalog(home).list()].count("random") == 1


def test_a_catalog_sees_an_environment_that_comes_later(registered: Registered, home: Path) -> None:
    catalog = WorkerCatalog(home)
    assert "mine" not in [worker.name for worker in catalog.list()]
    registered("mine")
    assert catalog.get("mine").version == "1.0.0"
    assert catalog.find_package("mine_worker.cli") == "mine"


def test_listing_starts_and_imports_nothing(
    registered: Registered, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        registered(f"worker{number}")
    first = WorkerCatalog(home).list()

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a process was started: {arguments}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    before = set(sys.modules)
    assert WorkerCatalog(home).list() == first
    assert not [name for name in set(sys.modules) - before if name.startswith("worker")]


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda path: (path / "bin" / "python").unlink(), "its interpreter is gone"),
        (lambda path: shutil.rmtree(path / "lib"), "its package is gone"),
        (lambda path: (path / "environment.json").write_text("{"), "cannot be read"),
        (shutil.rmtree, "cannot be read"),
        (
            lambda path: (path / "lib/site-packages/mine_worker/__init__.py").write_text("import a_missing_one\n"),
            "No module named 'a_missing_one'",
        ),
    ],
)
def test_broken_ones_are_listed_with_what_mends_them(
    registered: Registered, home: Path, harm: Callable[[Path], None], told: str
) -> None:
    record = registered("mine")
    harm(record.folder)
    (worker,) = [known for known in WorkerCatalog(home).list() if known.name == "mine"]
    assert worker.broken is not None
    assert told in worker.broken
    assert worker.mend == "mosaic workers install mine"
    assert worker.environment == "mine"


def test_the_mending_command_repeats_how_it_was_installed(registered: Registered, home: Path) -> None:
    registered("mine", from_option="/a folder", python_option="3.8", editable=True, extras="[test]")
    (environment,) = registered_environments(home)
    fix = shlex.join(environment.command())
    assert fix == "mosaic workers install 'mine[test]' --python 3.8 --from '/a folder' --editable"


def test_a_pointer_that_is_none(home: Path) -> None:
    folder = EnvironmentFolder(home, "mine")
    folder.path.mkdir(parents=True)
    folder.pointer.write_text("")
    (environment,) = registered_environments(home)
    assert "is not a link to an environment" in environment.broken


def test_packages_that_are_added_later_are_seen(registered: Registered, home: Path) -> None:
    record = registered("mine")
    other = Path(record.search_path[0], "other-1.0.dist-info")
    other.mkdir()
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (other / "entry_points.txt").write_text("[mosaic.workers]\nother = mine_worker:get_worker_metadata\n")
    found = {worker.name: worker.environment for worker in WorkerCatalog(home).list()}
    assert (found["mine"], found["other"]) == ("mine", "mine")


@pytest.mark.parametrize("copied", [False, True])
def test_one_that_was_moved_or_copied_is_to_be_installed_anew(
    registered: Registered, home: Path, tmp_path: Path, copied: bool
) -> None:
    made = registered("mine").folder
    other = tmp_path / "other"
    if copied:
        shutil.copytree(home, other, symlinks=True)
    else:
        home.rename(other)
    (environment,) = registered_environments(other)
    assert str(made) in environment.broken
    assert "cannot be moved" in environment.broken
    assert environment.command() == ["mosaic", "workers", "install", "mine"]
    assert environment.entry_points() == []
    if not copied:
        home.symlink_to(other)  # the same home by its old name
        assert registered_environments(home)[0].broken == ""


def test_an_environment_of_another_user_is_never_started(
    registered: Registered, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = registered("mine")
    me = os.geteuid()
    if not me:
        os.chown(record.folder, 4343, -1)
    monkeypatch.setattr(os, "geteuid", lambda: me + 4242)

    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError(f"a process was started: {arguments}")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    (found,) = registered_environments(home)
    assert "belongs to another user" in found.broken
    assert found.entry_points() == []


def test_only_what_lasts_is_written_down(registered: Registered, home: Path) -> None:
    record = registered("mine")
    written = json.loads((record.folder / "environment.json").read_text())
    assert {"name", "python", "search_path", "install_stamp", "log"} <= written.keys()
    assert not {"broken", "python_path"} & written.keys()
    written["broken"] = "says the file"
    (record.folder / "environment.json").write_text(json.dumps(written))
    assert registered_environments(home)[0].broken == ""


@pytest.mark.parametrize("text", ["{}", '{"name": "mine"}', '{"python": "/x"}', '{"name": 5, "python": "/x"}', "[]"])
def test_a_record_that_names_no_worker_or_no_interpreter_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "environment.json").write_text(text)
    with pytest.raises(ValueError, match="cannot be read"):
        load_environment(tmp_path)
