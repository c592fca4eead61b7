"""What checks the pages is pinned, and checks the libraries that the pages are served with."""

from __future__ import annotations

import json
from pathlib import Path

from gym_gui.web import pages

STATIC = Path(pages.__file__).parent / "static"
TOOLS = Path(__file__).parent / "npm"


def test_types_are_those_of_the_vendored_versions() -> None:
    wanted = json.loads((TOOLS / "package.json").read_text())["devDependencies"]
    vendored = json.loads((STATIC / "vendor" / "packages.json").read_text())
    assert {name: package["version"] for name, package in vendored.items()}.items() <= wanted.items()
    for script in (STATIC / "vendor").glob("*.js"):
        assert script.with_suffix(".d.ts").is_file(), f"{script.name} has no types: write {script.stem}.d.ts"


def test_every_package_has_one_version_and_a_hash() -> None:
    wanted = json.loads((TOOLS / "package.json").read_text())["devDependencies"]
    locked = json.loads((TOOLS / "package-lock.json").read_text())["packages"]
    assert locked[""]["devDependencies"] == wanted
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert all(each["integrity"].startswith("sha512-") for path, each in locked.items() if path)


def test_declarations_are_not_served() -> None:
    assert pages.asset("vendor/preact.js") is not None
    assert pages.asset("vendor/preact.d.ts") is None
