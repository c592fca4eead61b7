"""Entry points, read without importing the packages that register them."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

import pytest

from gym_gui.core.worker.entry_points import EntryPoint, find_entry_points, load_entry_point

GROUP = "mosaic.workers"


def register(folder: Path, info: str, entry_points: str, headers: str = "Name: Some-Lib\nVersion: 1.0\n") -> Path:
    location = folder / info
    location.mkdir(parents=True)
    (location / "entry_points.txt").write_text(entry_points)
    (location / "METADATA").write_text(f"Metadata-Version: 2.1\n{headers}\nName: of the description\n")
    return location


@pytest.mark.parametrize("group", [GROUP, "console_scripts"])
def test_python_finds_the_same(group: str) -> None:
    found = {(each.name, each.value) for each in find_entry_points(sys.path, group)}
    assert found == {(each.name, each.value) for each in metadata.entry_points(group=group)}


def test_entry_points_of_one_group_are_found(tmp_path: Path) -> None:
    text = f"[console_scripts]\nx = x:main\n\n[{GROUP}]\n# a comment = no:entry\n b = lib.info:get [extra]\na=lib:get\n"
    location = register(tmp_path, "some_lib-1.0.dist-info", text)
    register(tmp_path, "other-1.0.dist-info", "[console_scripts]\ny = y:main\n")
    assert find_entry_points([str(tmp_path), str(tmp_path / "missing")], GROUP) == [
        EntryPoint("b", "lib.info:get [extra]", "Some-Lib", "1.0", str(location)),
        EntryPoint("a", "lib:get", "Some-Lib", "1.0", str(location)),
    ]


def test_an_older_copy_further_down_the_path_is_left_out(tmp_path: Path) -> None:
    text = f"[{GROUP}]\na = lib:get\n"
    register(tmp_path / "first", "some_lib-2.0.dist-info", text, "Name: some_lib\nVersion: 2.0\n")
    register(tmp_path / "second", "Some_Lib.egg-info", text)
    found = find_entry_points([str(tmp_path / "first"), str(tmp_path / "second")], GROUP)
    assert [each.version for each in found] == ["2.0"]


def test_a_package_without_headers_is_named_by_its_folder(tmp_path: Path) -> None:
    location = register(tmp_path, "lib-3.1.egg-info", f"[{GROUP}]\na = lib:get\n")
    (location / "METADATA").unlink()
    (found,) = find_entry_points([str(tmp_path)], GROUP)
    assert (found.distribution, found.version) == ("lib", "")


def test_what_an_entry_point_names_is_imported() -> None:
    assert load_entry_point("pathlib : Path.home [extra]") == Path.home
    with pytest.raises(AttributeError, match="nothing"):
        load_entry_point("pathlib:nothing")
    with pytest.raises(ModuleNotFoundError):
        load_entry_point("no_such_module:get")
