from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import Problem
from gym_gui.workers.environments.project import read_project
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.environments.source import known_projects
from gym_gui.workers.missing_extras import with_install_command
from gym_gui.workers.record import WorkerRecord

BOX2D = (
    "the environment cannot be made: Box2D is not installed, you can install it by run `pip install swig` followed by"
    ' `pip install "gymnasium[box2d]"`'
)
MUJOCO = 'the environment cannot be made: MuJoCo is not installed, run `pip install "gymnasium[mujoco]"`'


def worker(name: str) -> WorkerRecord:
    return WorkerRecord(name=name, entry_point="", distribution="", version="", python="/env/bin/python")


@pytest.mark.parametrize("name", ["cleanrl", "random", "ray", "sb3"])
@pytest.mark.parametrize(("text", "extra", "lacks"), [(BOX2D, "box2d", "Box2D"), (MUJOCO, "mujoco", "MuJoCo")])
def test_the_command_is_mosaics_and_the_extra_exists(name: str, text: str, extra: str, lacks: str) -> None:
    told = with_install_command(Problem("env_id", text), worker(name))
    assert told.message == f"the environment cannot be made: {lacks} is not installed"
    assert told.allowed == f"after: mosaic workers install '{name}[{extra}]'"
    assert extra in (read_project(known_projects()[name]).extras or ())


def test_a_workers_own_advice_is_read_too() -> None:
    told = with_install_command(
        Problem("env_id", "no", allowed='after: pip install "cleanrl-worker[atari]"'), worker("cleanrl")
    )
    assert told.allowed == "after: mosaic workers install 'cleanrl[atari]'"


def test_another_worker_gets_it_into_its_own_interpreter() -> None:
    told = with_install_command(Problem("env_id", BOX2D), worker("mine"))
    assert told.allowed == "after: /env/bin/python -m pip install 'gymnasium[box2d]'"


@pytest.fixture
def environment(tmp_path: Path) -> Callable[..., WorkerRecord]:
    """Return a worker with an environment of its own, as far as its record goes."""

    def make(name: str, **installed: Any) -> WorkerRecord:
        python = tmp_path / "1" / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        record = WorkerEnvironment(
            name=name, number=1, python=str(python), search_path=[], base_python="", python_version="3.12",
            **{"origin": "", **installed},
        )  # fmt: skip
        record.save()
        return WorkerRecord(
            name=name, entry_point="", distribution=f"{name}-worker", version="", python=str(python), environment=name
        )

    return make


def test_the_command_names_what_the_environment_has(environment: Callable[..., WorkerRecord]) -> None:
    record = environment(
        "cleanrl", extras="[atari,wandb]", with_packages=["my-envs>=1", "minigrid"], python_option="3.12"
    )
    told = with_install_command(Problem("env_id", BOX2D), record)
    assert told.allowed == (
        "after: mosaic workers install 'cleanrl[atari,wandb,box2d]' --python 3.12 --with 'my-envs>=1' --with minigrid"
    )


def test_a_worker_of_ones_own_gets_it_beside_its_package(
    environment: Callable[..., WorkerRecord], tmp_path: Path
) -> None:
    folder = tmp_path / "my worker"
    folder.mkdir()
    (folder / "pyproject.toml").write_text('[project]\nname = "mine"\n[project.optional-dependencies]\nbox2d = []\n')
    record = environment("mine", origin=str(folder), from_option=f"{folder}[test]", extras="[test]", editable=True)
    told = with_install_command(Problem("env_id", BOX2D), record)
    assert told.allowed == f"after: mosaic workers install 'mine[test,box2d]' --from '{folder}' --editable"
    told = with_install_command(Problem("env_id", MUJOCO), record)
    assert told.allowed == (
        f"after: mosaic workers install 'mine[test]' --from '{folder}' --with 'gymnasium[mujoco]' --editable"
    )


def test_the_setting_that_does_without_it_stays_allowed(environment: Callable[..., WorkerRecord]) -> None:
    problem = Problem("wandb", "is not installed", allowed='off, or after: pip install "ray-worker[wandb]"')
    told = with_install_command(problem, environment("ray", extras="[atari]"))
    assert told.allowed == "off, or after: mosaic workers install 'ray[atari,wandb]'"


@pytest.mark.parametrize("name", ["cleanrl", "random", "ray", "sb3"])
def test_atari_games_are_an_extra(name: str) -> None:
    problem = Problem(
        "env_id", "Gymnasium does not know it (Namespace ALE not found)", allowed="an id, or another", nearest="x"
    )
    told = with_install_command(problem, worker(name))
    assert told.allowed == f"after: mosaic workers install '{name}[atari]'"
    assert told.nearest is None


def test_other_findings_stay() -> None:
    problem = Problem("env_id", "is not registered", allowed="CartPole-v1")
    assert with_install_command(problem, worker("cleanrl")) is problem
