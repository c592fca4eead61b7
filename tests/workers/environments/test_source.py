from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.environments import source
from gym_gui.workers.environments.extras import with_extras
from gym_gui.workers.environments.source import find_source, installable_projects, known_projects, split_reference


def test_a_worker_that_mosaic_brings() -> None:
    found = find_source("Random-Worker[test]")
    assert (found.name, found.extras, found.from_option) == ("random", "[test]", None)
    assert found.project is not None
    assert found.project.folder == known_projects()["random"]
    with pytest.raises(UsageError, match="did you mean random") as error:
        find_source("randm")
    assert "--from FOLDER" in error.value.next_step


def test_another_spelling_of_a_worker_has_the_same_environment() -> None:
    found = find_source("BARLOG[test]")
    assert (found.name, found.extras, found.project) == ("balrog", "[test]", find_source("balrog").project)


def test_workers_come_with_the_wheel_where_there_is_no_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, project: Callable[..., Path]
) -> None:
    monkeypatch.setattr(source, "_CHECKOUT", tmp_path / "nothing")
    monkeypatch.setattr(source, "_PACKAGE_ROOT", tmp_path / "installed")
    with pytest.raises(UsageError, match="includes none"):
        find_source("tiny")
    folder = project("installed/_workers/tiny_worker")
    assert find_source("tiny").origin == str(folder)
    assert source.checkout() is None


def test_a_folder(project: Callable[..., Path]) -> None:
    folder = project(table="[project.optional-dependencies]\nextra = []\n")
    found = find_source("Tiny", f"{folder}[extra]")
    assert (found.name, found.origin, found.extras) == ("tiny", str(folder), "[extra]")
    assert found.from_option == f"{folder}[extra]"
    with pytest.raises(UsageError, match="registers no worker 'other'") as error:
        find_source("other", str(folder))
    assert error.value.next_step == f"mosaic workers install tiny --from {folder}"
    with pytest.raises(UsageError, match="there is no such folder"):
        find_source("tiny", str(folder / "gone"))


def test_a_folder_in_the_place_of_the_name(project: Callable[..., Path], tmp_path: Path) -> None:
    folder = project()
    with pytest.raises(UsageError, match="is a folder") as error:
        find_source(f"{folder}/")
    assert error.value.next_step == f"mosaic workers install tiny --from {folder}/"
    with pytest.raises(UsageError, match="is a folder") as error:
        find_source(str(tmp_path))
    assert error.value.next_step == f"mosaic workers install NAME --from {tmp_path}"


def test_extras_that_the_project_does_not_have(project: Callable[..., Path]) -> None:
    table = "[project.optional-dependencies]\nall_games = []\ntest = []\n"
    folder = project(table=table)
    assert find_source("tiny", f"{folder}[Test,all-games]").extras == "[Test,all-games]"
    with pytest.raises(UsageError, match=r"no optional dependencies 'tets'; did you mean test\?") as error:
        find_source("tiny[tets]", str(folder))
    assert error.value.why == "it has all_games, test"
    folder = project("other")
    with pytest.raises(UsageError, match="no optional dependencies 'test'") as error:
        find_source("tiny[test]", str(folder))
    assert error.value.why == "it has none"


def test_extras_that_only_the_build_can_tell(tmp_path: Path) -> None:
    project = '[project]\nname = "x"\ndynamic = ["optional-dependencies"]\n'
    (tmp_path / "pyproject.toml").write_text(project + '[project.entry-points."mosaic.workers"]\nx = "x:y"\n')
    assert find_source("x[any]", str(tmp_path)).extras == "[any]"


def test_a_project_without_workers(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n')
    with pytest.raises(UsageError, match="registers no worker"):
        find_source("x", str(tmp_path))


@pytest.mark.parametrize(
    ("given", "git"),
    [
        ("my-worker==1.0", ""),
        ("my-worker[extra]>=1,<2", ""),
        ("git+https://example.org/a/worker.git@v1", "https://example.org/a/worker.git@v1"),
        ("https://example.org/a/worker.git", "https://example.org/a/worker.git"),
        ("git@example.org:a/worker.git", "git@example.org:a/worker.git"),
    ],
)
def test_requirements_and_addresses(given: str, git: str) -> None:
    found = find_source("mine", given)
    assert (found.name, found.origin, found.git, found.project) == ("mine", given, git, None)


def test_a_wheel(tmp_path: Path, library: Callable[..., Path]) -> None:
    wheel = library(tmp_path, "mine", "1.0", {})
    assert find_source("mine", str(wheel)).origin == str(wheel)


@pytest.mark.parametrize(
    ("wanted", "extras", "expected"),
    [
        ("lib-worker==1.0", "[test]", "lib-worker[test]==1.0"),
        ("lib-worker", "[b,a]", "lib-worker[a,b]"),
        ("lib-worker[x]==1.0", "[test]", "lib-worker[test,x]==1.0"),
        ("dist/lib.whl[x]", "[test]", "dist/lib.whl[x]"),
        ("lib @ https://example.org/lib.whl", "[test]", "lib[test]@ https://example.org/lib.whl"),
        ("lib>=1", "", "lib>=1"),
    ],
)
def test_optional_dependencies_follow_a_requirements_name(wanted: str, extras: str, expected: str) -> None:
    assert with_extras(wanted, extras).replace(" @", "@") == expected.replace(" @", "@")


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("https://example.org/a/b.git", ("https://example.org/a/b.git", "")),
        ("https://example.org/a/b.git@v1.2", ("https://example.org/a/b.git", "v1.2")),
        ("https://me@example.org/a/b.git", ("https://me@example.org/a/b.git", "")),
        ("git@example.org:a/b.git", ("git@example.org:a/b.git", "")),
        ("ssh://git@example.org/a/b.git@main", ("ssh://git@example.org/a/b.git", "main")),
        ("file:///a/b.git@0123abc", ("file:///a/b.git", "0123abc")),
    ],
)
def test_addresses_with_and_without_a_reference(address: str, parts: tuple[str, str]) -> None:
    assert split_reference(address) == parts


def test_what_can_be_installed_is_what_is_not() -> None:
    offered = installable_projects(["Random", "mine"])
    assert {project.name for project in offered} == set(known_projects()) - {"random"}
    assert all(project.description for project in offered)
