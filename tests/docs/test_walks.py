"""The walks through the code name files that exist, and stay short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/walks.md").read_text("utf-8")
WALKS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}


def files_of(walk: str) -> list[str]:
    """Return the files of a walk, in order."""
    steps = re.findall(r"^\d+\. (.*)$", walk, re.MULTILINE)
    return [name for step in steps for name in re.findall(r"`(\S+\.py)`", step)]


def also_named(walk: str) -> list[str]:
    """Return the paths that the text around the steps of a walk names."""
    text = re.sub(r"^\d+\. .*$", "", walk, flags=re.MULTILINE)
    return re.findall(r"`(\S+/\S+\.(?:py|js))`", text)


@pytest.mark.parametrize("title", WALKS)
def test_every_file_exists_and_is_passed_once(title: str) -> None:
    files = files_of(WALKS[title])
    assert len(files) > 5
    assert len(set(files)) == len(files)
    for name in files + also_named(WALKS[title]):
        assert (ROOT / name).exists() or (ROOT / "gym_gui" / name).exists(), name


@pytest.mark.parametrize(
    ("title", "most"), [("A config value", 14), ("A printed line", 10), ("A row on the screen", 10), ("A figure", 10)]
)
def test_what_everybody_follows_first_is_a_short_way(title: str, most: int) -> None:
    assert len(files_of(WALKS[title])) <= most
