"""Run configs that their workers cannot run are refused before anything is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.runs.base_environment import with_base_environment
from gym_gui.runs.config import validate_train_run_config
from gym_gui.workers.planning import plan_run

pytest.importorskip("gymnasium")

METADATA = """
def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
    return WorkerMetadata(name="Tiny"), WorkerCapabilities(worker_type="tiny", env_families=("gymnasium",), {more})
"""
HAS_OWN = "import sys; sys.exit(0 if config.env_id == 'Mine-v0' else 'there is no such environment')"


def install(site: Any, more: str = "action_spaces=('discrete',)", body: str = HAS_OWN) -> None:
    site.install("tiny", {"__init__.py": METADATA.format(more=more)}, body=body)


def problems(site: Any, home: Path, settings: dict[str, Any], **more: Any) -> list[str]:
    payload = {"run_name": "a", **more, "metadata": {"worker": {"worker_id": "tiny", "config": settings}}}
    try:
        plan_run(validate_train_run_config(with_base_environment(payload, os.environ)), site.catalog(home), home)
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def test_what_the_worker_can_do(site: Any, home: Path) -> None:
    install(site)
    assert problems(site, home, {"env_id": "CartPole-v1"}) == []
    assert problems(site, home, {}) == []
    assert not (home / "runs").exists()


def test_a_missing_capability_is_named(site: Any, home: Path) -> None:
    install(site, "action_spaces=('discrete',), requires_gpu=True")
    none = {"gpus": {"requested": 0}}
    gpu, actions = problems(site, home, {"env_id": "Pendulum-v1"}, resources=none)
    assert "capability requires_gpu" in gpu
    assert actions.startswith("metadata.worker.config.env_id: has continuous actions, which tiny does not handle")
    assert "action_spaces: discrete" in actions


def test_an_unknown_environment_is_the_workers_word_against_the_registrys(site: Any, home: Path) -> None:
    install(site)
    (found,) = problems(site, home, {"env_id": "CartPol-v1"})
    assert "did you mean 'CartPole-v1'" in found
    assert problems(site, home, {"env_id": "Mine-v0"}) == []
    # It is believed from now on, without being asked.
    assert len(list((home / "workers" / "environments").iterdir())) == 1


def test_a_worker_of_other_families_is_not_judged_by_the_registry(site: Any, home: Path) -> None:
    site.install("tiny", {"__init__.py": METADATA.format(more="").replace("('gymnasium',)", "('my_own',)")})
    assert problems(site, home, {"env_id": "whatever"}) == []
