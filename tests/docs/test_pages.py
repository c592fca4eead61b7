"""The documentation stands: links resolve, every page is reachable, every command exists."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)#\s]+)(?:#[^)]*)?\)")
PICTURE = re.compile(r"!\[[^\]]*\]\(([^)#\s]+)\)")
COMMAND = re.compile(r"^\$ mosaic ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?", re.MULTILINE)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_resolve(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link and not link.startswith("mailto:")]
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_pictures_exist(page: Path) -> None:
    pictures = [name for name in PICTURE.findall(page.read_text()) if "://" not in name]
    assert not [name for name in pictures if not (page.parent / name).is_file()]


def test_every_worker_has_a_page_with_its_curve_that_can_be_drawn_again() -> None:
    drawn = (ROOT / "docs/learning_curves.py").read_text()
    for folder in (ROOT / "3rd_party").glob("*_worker"):
        name = folder.name[: -len("_worker")]
        assert f"../images/{name}-learning.png" in (ROOT / "docs/workers" / f"{name}.md").read_text(), name
        assert f'    "{name}": Picture(' in drawn, name


def _nav_pages(node: object) -> list[str]:
    if isinstance(node, str):
        return [node]
    if isinstance(node, dict):
        return [page for value in node.values() for page in _nav_pages(value)]
    assert isinstance(node, list)
    return [page for value in node for page in _nav_pages(value)]


def test_every_page_is_in_the_navigation_and_exists() -> None:
    nav = _nav_pages(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"])
    pages = {str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")}
    assert set(nav) == pages
    assert len(nav) == len(set(nav))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_shown_exist(page: Path) -> None:
    import click

    from gym_gui.cli.root import cli

    context = click.Context(cli)
    for name, sub in COMMAND.findall(page.read_text()):
        command = cli.get_command(context, name)
        assert command is not None, f"mosaic {name}"
        if isinstance(command, click.Group) and sub:
            assert command.get_command(context, sub) is not None, f"mosaic {name} {sub}"


def test_names_are_where_the_page_says() -> None:
    page = (ROOT / "docs/explanation/names.md").read_text().partition("## What is not here")[0]
    for row in re.findall(r"^\| (`[^|]+) \| ([^|]+) \|$", page, re.MULTILINE):
        homes = re.findall(r"`(gym_gui[\w.]*)`", row[1])
        for name in re.findall(r"`(\w+)`", row[0]):
            assert any(hasattr(importlib.import_module(home), name) for home in homes), name
