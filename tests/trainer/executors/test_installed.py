from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from daemons import daemon_with_environment
from executor_packages import MARKING, OWN_NAMES, PAIR, ExecutorSite

from gym_gui.logging_config.log_constants import LOG_DAEMON_EXECUTOR_BROKEN
from gym_gui.reading.details import read_details
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.trainer.executors.installed import executor_classes, installed_executors

MOSAIC = str(Path(sys.executable).with_name("mosaic"))
FINE = """
from gym_gui.trainer.executors import Executor

class Fine(Executor):
    name = {name!r}

    async def start(self, folder): ...

    async def alive(self, folder): return False

    async def kill(self, folder): ...

    async def cleanup(self, folder): ...
"""
BLOCKING = FINE.format(name="mine").replace("async def alive", "def alive")
LACKING = FINE.format(name="mine").replace("async def alive(self, folder): return False", "")
BARE = FINE.format(name="mine").replace("    name =", "    provisioner = {provisioner}\n    name =")
REFUSING = FINE.format(name="mine") + "\n    def __init__(self, home): raise OSError('no cluster here')\n"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExecutorSite:
    site = ExecutorSite(tmp_path / "site")
    site.path.mkdir()
    monkeypatch.syspath_prepend(str(site.path))
    return site


def unique(name: str) -> str:
    """Return the name of a module that no other test has imported."""
    unique.count = getattr(unique, "count", 0) + 1  # type: ignore[attr-defined]
    return f"{name}_{os.getpid()}_{unique.count}"  # type: ignore[attr-defined]


def test_the_own_executor_is_always_there(home: Path) -> None:
    assert installed_executors(home).ready["local"].home == home


def test_a_package_adds_an_executor(site: ExecutorSite, home: Path) -> None:
    site.add("mine", f"{unique('fine')}:Fine", FINE.format(name="mine"))
    found = installed_executors(home)
    assert sorted(found.ready) == sorted([*OWN_NAMES, "mine"])
    assert not found.broken


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("raise SystemError('on import')", "SystemError: on import"),
        ("Fine = 3", "is not a subclass of gym_gui.trainer.executors.Executor"),
        ("class Other: pass", "has no attribute 'Fine'"),
        (LACKING, "lacks alive"),
        (BLOCKING, "are not async: alive"),
        (FINE.format(name="another"), "calls itself 'another', not 'mine'"),
        (REFUSING, "OSError: no cluster here"),
        (BARE.format(provisioner="3"), "its provisioner is not the text 'module:Class': 3"),
        (
            BARE.format(provisioner="'no_such_place:Place'"),
            "its provisioner no_such_place:Place cannot be used: ModuleNotFoundError",
        ),
        (BARE.format(provisioner="'pathlib:Path'"), "pathlib:Path is not a subclass of"),
    ],
)
def test_a_broken_one_is_logged_and_left_out(
    site: ExecutorSite, home: Path, caplog: pytest.LogCaptureFixture, code: str, said: str
) -> None:
    module = unique("broken")
    site.add("mine", f"{module}:Fine", code)
    site.add("other", f"{unique('fine')}:Fine", FINE.format(name="other"))
    found = installed_executors(home)
    assert sorted(found.ready) == sorted([*OWN_NAMES, "other"])
    assert said in found.broken["mine"]
    assert f"(package {module.replace('_', '-')})" in found.broken["mine"]
    (record,) = [each for each in caplog.records if getattr(each, "log_code", "") == LOG_DAEMON_EXECUTOR_BROKEN.code]
    assert (record.executor, record.reason) == ("mine", found.broken["mine"])  # type: ignore[attr-defined]


def test_a_name_that_two_packages_have_is_refused_with_both(site: ExecutorSite, home: Path) -> None:
    for package in ("first-cluster", "second-cluster"):
        site.add("mine", f"{unique('fine')}:Fine", FINE.format(name="mine"), package)
    found = installed_executors(home)
    assert sorted(found.ready) == sorted(OWN_NAMES)
    assert "first-cluster and second-cluster" in found.broken["mine"]


def test_nobody_takes_the_place_of_the_own_executor(site: ExecutorSite, home: Path) -> None:
    site.add("local", f"{unique('fine')}:Fine", FINE.format(name="local"), "a-thief")
    classes = executor_classes()
    assert classes.ready["local"][0].package == "mosaic-rl"
    assert "a-thief and mosaic-rl" in classes.broken["local"]


@pytest.mark.parametrize("name", ["Mine", "my executor", "9", "x" * 33])
def test_a_name_that_nobody_could_type_is_refused(site: ExecutorSite, home: Path, name: str) -> None:
    site.add(name, f"{unique('fine')}:Fine", FINE.format(name=name))
    assert "its name is not" in executor_classes().broken[name]


def mosaic(environment: dict[str, str], *words: str, code: int = 0) -> str:
    told = subprocess.run([MOSAIC, *words], env=environment, capture_output=True, text=True, check=False, timeout=100)
    assert told.returncode == code, told.stdout + told.stderr
    return told.stdout + (told.stderr if code else "")


TRAIN = ["train", "random", "--env", "CartPole-v1", "--no-check", "--json"]


def test_a_run_is_executed_through_a_package_that_the_core_does_not_know(tmp_path: Path, daemon_home: Path) -> None:
    site = ExecutorSite(tmp_path / "site")
    site.add("marking", "marking_executor:MarkingExecutor", MARKING)
    site.add("torn", "torn_executor:Torn", "import no_such_library")
    environment = {**os.environ, "PYTHONPATH": str(site.path)}
    with daemon_with_environment(daemon_home, environment):
        told = mosaic(environment, *TRAIN, "--steps", "50", "--executor", "marking")
        run = json.loads(told)["runs"][0]
        assert (run["state"], run["executor"]) == ("completed", "marking")
        assert (daemon_home / "marked").read_text() == run["run_id"]
        doctor = subprocess.run([MOSAIC, "doctor", "--json"], env=environment, capture_output=True, check=False)
        by_name = {finding["name"]: finding for finding in json.loads(doctor.stdout)["findings"]}
        there = sorted([*OWN_NAMES, "marking (package marking-executor)"])
        assert by_name["executors"]["detail"] == ", ".join(there)
        assert "no_such_library" in by_name["executor torn"]["detail"]
        assert "Did you mean 'marking'?" in mosaic(environment, *TRAIN, "--executor", "markin", code=2)
        with TrainerClient.connect(daemon_home) as client:
            problems = client.validate({"run_name": "r", "entry_point": "true", "executor": "torn"})
        assert [problem.path for problem in problems] == ["executor"]


def test_a_package_adds_machines_on_which_runs_are_placed(
    tmp_path: Path, daemon_home: Path, wait_until: Callable[..., Any], endless: dict[str, Any]
) -> None:
    site = ExecutorSite(tmp_path / "site")
    site.add("pair", "pair_executor:PairExecutor", PAIR)
    environment = {**os.environ, "PYTHONPATH": str(site.path)}

    def with_gpus(count: int) -> dict[str, Any]:
        return {**endless, "executor": "pair", "resources": {"gpus": {"requested": count, "mandatory": True}}}

    def started(run_id: str) -> bool:
        return RunFolder.of(daemon_home, run_id).started_record("000001", 1).exists()

    def visible(run_id: str) -> str:
        spec = json.loads(RunFolder.of(daemon_home, run_id).launch_spec("000001", 1).read_bytes())
        return str(spec["env"]["CUDA_VISIBLE_DEVICES"])

    with daemon_with_environment(daemon_home, environment), TrainerClient.connect(daemon_home) as client:
        first, second, third = (client.submit(with_gpus(1)) for _ in range(3))
        wait_until(lambda: started(first) and started(second), "two of them run")
        assert (visible(first), visible(second)) == ("3", "5")
        assert [read_details(RunFolder.of(daemon_home, run_id)).machine for run_id in (first, second, third)] == [
            "left",
            "right",
            "",
        ]
        assert client.get(third).cause == "waits for 1 of 1 GPUs on machine left, 0 free, 0 queued before it"
        (shortage,) = client.why(third).waits_for
        assert (shortage.machine, shortage.holders) == ("left", {first: 1})
        assert "It needs 1 of 1 GPUs on machine left: 0 are free" in shortage.sentence
        (problem,) = client.validate(with_gpus(2))
        assert "is more than machine left will ever have free: 2 GPUs asked for, 1 there" in problem.message
    with daemon_with_environment(daemon_home, environment), TrainerClient.connect(daemon_home) as client:
        assert "on machine left" in client.get(third).cause  # another daemon knows what is allocated where
        client.cancel(second, wait=True)
        wait_until(lambda: started(third), "it runs where there is room")
        assert visible(third) == "5"
        for run_id in (first, third):
            client.cancel(run_id, wait=True)
