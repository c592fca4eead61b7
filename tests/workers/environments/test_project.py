from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.workers.environments.project import read_project
from gym_gui.workers.environments.source import find_source

PROJECT = """
[project]
name = "my-worker"
requires-python = ">=3.9"
[project.entry-points."mosaic.workers"]
mine = "my_worker:get_worker_metadata"
"""


def write(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_all_that_an_install_needs(tmp_path: Path) -> None:
    table = """
    [tool.mosaic.install]
    python = ">=3.8,<3.12"
    steps = [["pip==24.0"], ["--no-deps", "lib==1.0"]]
    constraints = "constraints.txt"
    """
    (tmp_path / "constraints.txt").write_text("numpy<2\n")
    project = read_project(write(tmp_path, PROJECT + table))
    assert (project.distribution, project.workers) == ("my-worker", ("mine",))
    assert project.specifiers == {"requires-python": ">=3.9", "[tool.mosaic.install].python": ">=3.8,<3.12"}
    assert project.steps == (("pip==24.0",), ("--no-deps", "lib==1.0"))
    assert project.constraints == tmp_path / "constraints.txt"


def test_the_table_may_be_left_out(tmp_path: Path) -> None:
    project = read_project(write(tmp_path, PROJECT))
    assert (project.steps, project.constraints) == ((), None)


def test_every_fault_of_the_table_is_named(tmp_path: Path) -> None:
    table = '[tool.mosaic.install]\npython = 3.8\nstep = []\nsteps = [["a"], "b"]\nconstraints = "gone.txt"\n'
    with pytest.raises(ConfigError) as error:
        read_project(write(tmp_path, PROJECT + table))
    assert sorted(problem.path for problem in error.value.problems) == ["constraints", "python", "step", "steps"]
    assert "did you mean 'steps'" in str(error.value)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("setup.py", "from setuptools import setup\nsetup()\n"),
        ("setup.cfg", "[metadata]\nname = x\n"),
        ("pyproject.toml", "[tool.poetry]\nname = 'x'\n"),
        ("pyproject.toml", "[project]\nname = 'x'\ndynamic = ['entry-points', 'optional-dependencies']\n"),
    ],
)
def test_a_project_whose_workers_only_a_build_can_tell(tmp_path: Path, file: str, text: str) -> None:
    (tmp_path / file).write_text(text)
    project = read_project(tmp_path)
    assert (project.workers, project.static, project.extras) == ((), False, None)
    assert find_source("Mine[games]", str(tmp_path)).name == "mine"


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no pyproject\.toml"):
        read_project(tmp_path)
    with pytest.raises(UsageError, match="is not valid"):
        read_project(write(tmp_path, "[project\n"))
