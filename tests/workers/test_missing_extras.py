from __future__ import annotations

import pytest

from gym_gui.core.worker.errors import Problem
from gym_gui.workers.environments.project import read_project
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


@pytest.mark.parametrize("name", ["cleanrl", "random", "sb3"])
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


def test_other_findings_stay() -> None:
    problem = Problem("env_id", "is not registered", allowed="CartPole-v1")
    assert with_install_command(problem, worker("cleanrl")) is problem
