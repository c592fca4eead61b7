"""Tiny projects that pip builds without any package index, and what installs them."""

from __future__ import annotations

import json
import os
import sys
import textwrap
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.workers.environments.install import Options, install_worker
from gym_gui.workers.environments.interpreters import BasePython, ask_interpreter
from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.record import EnvironmentRecord
from gym_gui.workers.environments.source import find_source

ROOT = Path(__file__).parents[3]

BACKEND = '''
"""A build backend of the standard library alone."""
import json, os, zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "wheel.json")) as stream:
    ABOUT = json.load(stream)
INFO = "{package}-{version}.dist-info".format(**ABOUT)


def wheel(folder, files):
    metadata = "Metadata-Version: 2.1\\nName: {distribution}\\nVersion: {version}\\n".format(**ABOUT)
    metadata += "".join("Requires-Dist: %s\\n" % line for line in ABOUT["requires"])
    for extra, needed in ABOUT["extras"].items():
        metadata += "Provides-Extra: %s\\n" % extra
        metadata += "".join("Requires-Dist: %s; extra == '%s'\\n" % (line, extra) for line in needed)
    files = dict(files)
    files[INFO + "/METADATA"] = metadata
    files[INFO + "/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[INFO + "/entry_points.txt"] = ABOUT["entry_points"]
    files[INFO + "/RECORD"] = "".join(name + ",,\\n" for name in [*files, INFO + "/RECORD"])
    name = "{package}-{version}-py3-none-any.whl".format(**ABOUT)
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    package, files = os.path.join(HERE, ABOUT["package"]), {}
    for name in sorted(os.listdir(package)):
        if name.endswith(".py"):
            with open(os.path.join(package, name)) as stream:
                files[ABOUT["package"] + "/" + name] = stream.read()
    return wheel(wheel_directory, files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return wheel(wheel_directory, {ABOUT["package"] + ".pth": HERE + "\\n"})
'''

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "{distribution}"
version = "{version}"
requires-python = "{python}"

[project.entry-points."mosaic.workers"]
{name} = "{package}:get_worker_metadata"
"""

INIT = """
def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
    return WorkerMetadata(name="{name}", version="{version}"), WorkerCapabilities(worker_type="{name}")
"""

CLI = """
import argparse

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--config")
    parser.parse_args()

if __name__ == "__main__":
    main()
"""


class View:
    """Remembers what an install tells."""

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.notes: list[str] = []
        self.details: list[str] = []
        self.on_begin: Callable[[str], None] = lambda step: None

    def begin(self, step: str) -> None:
        self.steps.append(step)
        self.on_begin(step)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def done(self, detail: str, seconds: float) -> None:
        self.details.append(detail)


def write_project(
    folder: Path,
    name: str = "tiny",
    *,
    version: str = "1.0.0",
    init: str = INIT,
    requires: tuple[str, ...] = (),
    extras: dict[str, list[str]] | None = None,
    table: str = "",
    python: str = ">=3.8",
) -> Path:
    """Write the project of a worker; returns its folder."""
    package = f"{name}_worker"
    names = {"name": name, "package": package, "distribution": f"{name}-worker", "version": version, "python": python}
    entry_points = "[mosaic.workers]\n{name} = {package}:get_worker_metadata\n".format(**names)
    if extras:
        table += "\n[project.optional-dependencies]\n"
        table += "".join(f"{extra} = {json.dumps(needed)}\n" for extra, needed in extras.items())
    about = {**names, "requires": list(requires), "extras": extras or {}, "entry_points": entry_points}
    files = {
        "pyproject.toml": PYPROJECT.format(**names) + textwrap.dedent(table),
        "backend.py": BACKEND,
        "wheel.json": json.dumps(about),
        f"{package}/__init__.py": init.format(**names),
        f"{package}/cli.py": CLI,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def write_wheel(folder: Path, name: str, version: str, files: dict[str, str]) -> Path:
    """Write the wheel of a library, for ``--find-links``."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    files = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, text in files.items():
            archive.writestr(member, text)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Path]:
    return lambda folder="project", **more: write_project(tmp_path / folder, **more)


@pytest.fixture
def library() -> Callable[..., Path]:
    return write_wheel


@pytest.fixture
def view() -> View:
    return View()


@pytest.fixture
def install(home: Path, view: View, monkeypatch: pytest.MonkeyPatch) -> Callable[..., EnvironmentRecord]:
    """Install a worker from a folder, as the command does; nothing is fetched."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for name in ("PIP_FIND_LINKS", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)

    def run(folder: Path, name: str = "tiny", **options: object) -> EnvironmentRecord:
        return install_worker(home, find_source(name, str(folder)), Options(**options), view)

    return run


@pytest.fixture(scope="session")
def own_base() -> BasePython:
    return ask_interpreter(sys.executable)


@pytest.fixture
def left() -> Callable[[Path], list[str]]:
    """Return what a worker's folder of environments holds, logs aside."""

    def names(folder: Path) -> list[str]:
        return sorted(name for name in os.listdir(folder) if name != "logs") if folder.exists() else []

    return names


@pytest.fixture
def registered(home: Path) -> Callable[..., EnvironmentRecord]:
    """Register an environment without building one: the interpreter of the tests, and a folder of packages."""

    def make(name: str, number: int = 1, **more: object) -> EnvironmentRecord:
        folder = EnvironmentFolder(home, name)
        path = folder.version(number)
        package, info = f"{name}_worker", f"{name}_worker-1.0.0.dist-info"
        entry_points = f"[mosaic.workers]\n{name} = {package}:get_worker_metadata\n"
        site = path / "lib" / "site-packages"
        for file, text in {
            f"{package}/__init__.py": "def get_worker_metadata():\n    return {'name': 'x'}, {'worker_type': 'x'}\n",
            f"{package}/cli.py": CLI,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}-worker\nVersion: 1.0.0\nRequires-Dist: lib>=1\n",
            f"{info}/entry_points.txt": entry_points,
            f"{info}/RECORD": "",
        }.items():
            (site / file).parent.mkdir(parents=True, exist_ok=True)
            (site / file).write_text(text)
        (path / "bin").mkdir(parents=True)
        python = path / "bin" / "python"
        python.write_text(f'#!/bin/sh\nPYTHONPATH="{site}:{ROOT}" exec {sys.executable} "$@"\n')
        python.chmod(0o755)
        record = EnvironmentRecord(
            name=name, number=number, python=str(python), search_path=[str(site)], base_python=sys.executable,
            python_version="3.11.7", origin=str(path), metadata=[str(site / info)],
            install_stamp=site.stat().st_mtime_ns, **more,
        )  # fmt: skip
        record.save()
        folder.use(number)
        return record

    return make
