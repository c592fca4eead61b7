"""Commands that messages suggest find the home that this command was given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.cli.next_steps import for_this_home, remember_commands
from gym_gui.cli.root import cli
from gym_gui.cli.where import remember_home


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    remember_commands(cli)
    yield
    remember_home(None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("list the runs: mosaic runs list", "list the runs: mosaic runs list --home '/a b'"),
        (
            "wait (mosaic runs watch X) or end it (mosaic runs cancel X --wait)",
            "wait (mosaic runs watch --home '/a b' X) or end it (mosaic runs cancel --home '/a b' X --wait)",
        ),
        ("mosaic train random --steps 5", "mosaic train --home '/a b' random --steps 5"),
        ("mosaic daemon stop, then try again", "mosaic daemon stop --home '/a b', then try again"),
        ("mosaic doctor tells more", "mosaic doctor --home '/a b' tells more"),
        ("mosaic runs list --home /c", "mosaic runs list --home /c"),
        ("in mosaic nothing is lost", "in mosaic nothing is lost"),
        ("mosaic runs", "mosaic runs"),
    ],
)
def test_the_home_is_named(text: str, expected: str) -> None:
    assert for_this_home(text) == text
    remember_home("/a b")
    assert for_this_home(text) == expected


def test_errors_name_the_home_that_was_given(script: Any, tmp_path: Path) -> None:
    other = tmp_path / "other home"
    other.mkdir()
    refused = script("runs", "show", "latest", "--home", str(other))
    assert f"mosaic train --home '{other}' WORKER" in refused.stderr
    refused = script("runs", "cancel", "01J00000000000000000000000", "--home", str(other), "--json")
    assert "--home" in refused.json["error"]["next"]
    assert "--home" in script("runs", "list", "--home", str(other)).stderr
    assert "--home" not in script("runs", "list").stderr
