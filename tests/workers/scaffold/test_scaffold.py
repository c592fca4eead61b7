"""A new worker's package is whole, builds, passes the kit and its own tests, and does without MOSAIC."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.conformance import check_worker
from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.scaffold import name_worker, write_worker


@pytest.mark.parametrize(
    ("text", "name", "package", "prefix"),
    [
        ("tabular", "tabular", "tabular_worker", "TabularWorker"),
        ("my_lib", "my_lib", "my_lib_worker", "MyLibWorker"),
        ("my-worker", "my", "my_worker", "MyWorker"),
        ("myworker", "myworker", "my_worker", "MyWorker"),
        ("Q2", "q2", "q2_worker", "Q2Worker"),
    ],
)
def test_names(text: str, name: str, package: str, prefix: str) -> None:
    worker = name_worker(text)
    assert (worker.name, worker.package, worker.class_prefix) == (name, package, prefix)
    assert worker.distribution == package.replace("_", "-")


@pytest.mark.parametrize(
    "text", ["", "worker", "_worker", "9lives", "a b", "a/b", "../up", "ä", "a__b", "x" * 40, "class"]
)
def test_names_that_cannot_be(text: str) -> None:
    with pytest.raises(UsageError, match="cannot name a worker"):
        name_worker(text)


@pytest.mark.parametrize("text", ["random", "Random_Worker", "cleanrl", "spade-bdi"])
def test_a_name_that_is_taken(text: str) -> None:
    with pytest.raises(UsageError, match="already"):
        name_worker(text)


def test_a_name_that_an_environment_has(tmp_path: Path) -> None:
    folder = EnvironmentFolder(tmp_path, "tabular")
    folder.version(1).mkdir(parents=True)
    assert name_worker("tabular", tmp_path).name == "tabular"
    folder.use(1)
    with pytest.raises(UsageError, match="there is a worker 'tabular' already") as error:
        name_worker("Tabular", tmp_path)
    assert error.value.where == str(folder.path)


def test_the_package_is_whole(tmp_path: Path) -> None:
    files = write_worker(name_worker("tabular"), tmp_path / "deep" / "folder")
    root = tmp_path / "deep" / "folder" / "tabular_worker"
    names = {str(path.relative_to(root)) for path in files}
    modules = {"__init__", "agent", "analytics", "cli", "config", "environment", "runtime", "sdk"}
    assert names == {
        "README.md", "pyproject.toml", "tests/test_conformance.py", "tests/test_standardization.py",
        *(f"tabular_worker/{module}.py" for module in modules),
    }  # fmt: skip
    for path in files:
        text = path.read_text()
        assert not re.search(r"\{\{|\}\}[a-z]|TODO", text), path
        if path.suffix == ".py":
            compile(text, str(path), "exec")
            assert max(map(len, text.splitlines())) <= 120, path
    assert [path.name for path in root.parent.iterdir()] == ["tabular_worker"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "tabular_worker").mkdir()
    with pytest.raises(UsageError, match="already"):
        write_worker(name_worker("tabular"), tmp_path)
    assert list((tmp_path / "tabular_worker").iterdir()) == []


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_worker(name_worker("tabular"), tmp_path / "file")


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sources of a new worker, which pip has built and installed."""
    write_worker(name_worker("tabular"), tmp_path)
    root, site = tmp_path / "tabular_worker", tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "-q", "install", "--no-deps", "--no-build-isolation", "--target", site, root],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.setenv("PYTHONPATH", str(site))
    return root


def test_it_builds_and_keeps_every_quick_rule(built: Path, home: Path) -> None:
    site = built.parent / "site"
    record = WorkerCatalog(home, [WorkerEnvironment(python=sys.executable, search_path=[str(site)])]).get("tabular")
    report = check_worker(record, quick=True)
    assert [result for result in report.results if result.outcome == "broken"] == []
    assert (site / "bin" / "tabular-worker").exists()


def test_it_trains_resumes_and_is_cancelled_where_mosaic_is_not_installed(
    built: Path, tmp_path: Path, leftovers: Callable[[str], list[int]]
) -> None:
    folder = tmp_path / "alone"
    folder.mkdir()
    program = "import sys; sys.modules['gym_gui'] = None; from tabular_worker.cli import main; sys.exit(main())"

    def run(**settings: object) -> tuple[int, list[dict[str, object]]]:
        (folder / "config.json").write_text(json.dumps({"run_id": "alone", **settings}))
        ended = subprocess.run(
            [sys.executable, "-c", program, "--config", str(folder / "config.json")],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return ended.returncode, [json.loads(line) for line in ended.stdout.splitlines()]

    code, events = run(total_steps=500)
    assert code == 0
    saved = [event["payload"]["path"] for event in events if event.get("event") == "checkpoint_saved"]  # type: ignore[index]
    assert [event["event"] for event in events if "event" in event] == [
        "run_started",
        "heartbeat",  # what it is about to do
        "checkpoint_saved",
        "run_completed",
    ]
    code, events = run(total_steps=900, mode="resume", checkpoint_path=saved[-1])
    assert code == 0
    assert "checkpoint_loaded" in [event.get("event") for event in events]
    code, events = run(total_steps=0)
    assert (code, [event["event"] for event in events]) == (2, ["run_failed"])
    code, events = run(env_id="NoSuchEnvironment-v9")
    assert code == 1
    assert events[-1]["event"] == "run_failed"
    assert leftovers(str(folder)) == []


def test_its_own_tests_do_without_an_install(tmp_path: Path) -> None:
    """As where it is installed into an environment of its own, and its tests are run by MOSAIC's Python."""
    write_worker(name_worker("tabular"), tmp_path)
    tests = "tests/test_standardization.py"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", tests],
        cwd=tmp_path / "tabular_worker", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout


@pytest.mark.slow
def test_its_own_tests_pass_with_the_whole_kit_among_them(built: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider"],
        cwd=built, capture_output=True, text=True, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout
    assert "skipped" not in ended.stdout
