from __future__ import annotations

from pathlib import Path

import pytest
from executor_packages import OWN_NAMES, ExecutorSite

try:
    import tomllib
except ImportError:  # Python 3.10
    import tomli as tomllib

from gym_gui.runs.config import run_config_problems
from gym_gui.runs.executors import EXECUTOR_ENTRY_POINT_GROUP, OWN_EXECUTORS, executor_entries, executor_names

ROOT = Path(__file__).parents[2]


def test_the_own_executors_are_those_that_the_package_registers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {entry.package for entry in OWN_EXECUTORS} == {project["name"]}
    assert project["entry-points"][EXECUTOR_ENTRY_POINT_GROUP] == {each.name: each.target for each in OWN_EXECUTORS}


def test_the_own_executor_comes_first() -> None:
    assert executor_names()[0] == "local"
    for entry in OWN_EXECUTORS:
        assert executor_entries().count(entry) == 1


def test_a_package_adds_a_name_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ExecutorSite(tmp_path / "site").add("cluster", "my_cluster:Cluster", "raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert executor_names() == ["local", *sorted({*OWN_NAMES, "cluster"} - {"local"})]
    found = next(entry for entry in executor_entries() if entry.name == "cluster")
    assert (found.target, found.package) == ("my_cluster:Cluster", "my-cluster")
    config = {"run_name": "x", "entry_point": "true", "executor": "cluster"}
    assert not run_config_problems(config)


def test_a_name_that_nobody_has_is_refused_with_the_nearest() -> None:
    (problem,) = run_config_problems({"run_name": "x", "entry_point": "true", "executor": "locall"})
    assert (problem.path, problem.nearest) == ("executor", "local")
    assert "'local'" in problem.allowed
    assert run_config_problems({"run_name": "x", "entry_point": "true", "executor": 3})
