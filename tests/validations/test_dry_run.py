from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.workers import run_dry_run

CHECKS = """
    import os, pathlib
    assert os.environ["WORKER_ID"] == "000001" and "MOSAIC_LOG" not in os.environ
    pathlib.Path("scratch").write_text("x")
"""
FAILS = """
    problems = [{"path": "env_id", "message": "is not registered", "value": config.env_id, "nearest": "CartPole-v1"},
                {"path": "algo", "message": "is unknown"}]
    print(json.dumps({"event": "run_failed", "run_id": "x", "payload": {"error": "two", "problems": problems}}))
    sys.exit(2)
"""


@pytest.fixture
def dry_run(site: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Installs a worker that does something on a dry run, and runs it dry."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")

    def run(body: str, config: dict[str, Any] | None = None, timeout_s: float = 60) -> Any:
        site.install("tiny", body=body)
        return run_dry_run(site.catalog(home).get("tiny"), config or {}, timeout_s)

    return run


def test_a_worker_that_is_content(dry_run: Callable[..., Any], tmp_path: Path) -> None:
    assert dry_run(CHECKS) == []
    assert list((tmp_path / "here").iterdir()) == []


def test_the_workers_own_findings(dry_run: Callable[..., Any]) -> None:
    one, other = dry_run(FAILS, {"env_id": "CartPol-v1"})
    assert (one.path, one.message, one.value, one.nearest) == (
        "env_id", "is not registered", "CartPol-v1", "CartPole-v1",
    )  # fmt: skip
    assert (other.path, other.message) == ("algo", "is unknown")


def test_a_failure_that_is_only_told_in_words(dry_run: Callable[..., Any]) -> None:
    body = 'print(json.dumps({"event": "run_failed", "run_id": "x", "payload": {"error": "no GPU"}})); sys.exit(1)'
    (problem,) = dry_run(body)
    assert (problem.path, problem.message) == ("", "no GPU")


def test_an_exception_names_the_field_that_it_names(dry_run: Callable[..., Any]) -> None:
    (problem,) = dry_run('raise ValueError("total_steps must be >= 1")')
    assert problem.path == "total_steps"
    assert "ValueError: total_steps must be >= 1" in problem.message


def test_the_end_of_stderr_where_nothing_else_is_said(dry_run: Callable[..., Any]) -> None:
    (problem,) = dry_run('sys.stderr.write("library says no\\n"); sys.exit(5)')
    assert problem.message == "library says no"
    assert "exit code 5" in dry_run("sys.stdout.close(); import os; os._exit(5)")[0].message


def test_a_dry_run_that_hangs(
    dry_run: Callable[..., Any], leftovers: Callable[[str], list[int]], tmp_path: Path
) -> None:
    mark = f"hang-{tmp_path.name}"
    body = f"""
    import subprocess, time
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)  # {mark}"], start_new_session=True)
    time.sleep(600)
"""
    (problem,) = dry_run(body, timeout_s=3)
    assert "did not end within 3 s" in problem.message
    deadline = time.monotonic() + 5
    while leftovers(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert leftovers(mark) == []


def test_it_is_given_the_variables_of_the_run(site: Any, home: Path) -> None:
    site.install("tiny", body="import os\n    assert os.environ.get('API_KEY') == 'sk-1', 'note: there is no key'")
    record = site.catalog(home).get("tiny")
    assert len(run_dry_run(record, {})) == 1
    assert run_dry_run(record, {}, environment={"API_KEY": "sk-1"}) == []


def test_a_worker_that_has_no_dry_run(site: Any, home: Path) -> None:
    cli = "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--config')\n"
    cli += "parser.parse_args()\nraise RuntimeError('started')\n"
    site.install("tiny", {"cli.py": cli})
    assert run_dry_run(site.catalog(home).get("tiny"), {}) == []


def test_a_broken_worker(site: Any, home: Path) -> None:
    site.install("tiny", {"__init__.py": "1/0\n"})
    (problem,) = run_dry_run(site.catalog(home).get("tiny"), {})
    assert "ZeroDivisionError" in problem.message


def test_every_worker_has_a_dry_run_by_name(site: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import gym_gui.validations

    site.install("tiny", body="raise ValueError('algo is too old')")
    monkeypatch.syspath_prepend(str(site.folder))
    (problem,) = gym_gui.validations.run_tiny_dry_run({"algo": "ppo"})
    assert problem.path == "algo"
    with pytest.raises(AttributeError):
        gym_gui.validations.something_else  # noqa: B018


def test_its_environment_is_that_of_a_run(
    site: Any, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOO", "shell")
    monkeypatch.setenv("MUJOCO_GL", "shell")
    seen = tmp_path / "seen"
    site.install("tiny", body=f"import os\n    json.dump(dict(os.environ), open({str(seen)!r}, 'w'))")
    record = site.catalog(home).get("tiny")
    assert run_dry_run(record, {}) == []
    values = json.loads(seen.read_text())
    assert (values.get("FOO"), values["MUJOCO_GL"], values["OMP_NUM_THREADS"]) == (None, "shell", "1")
    base = {"MUJOCO_GL": "egl", "PYTHONPATH": str(site.folder)}
    assert run_dry_run(record, {}, environment={"A": "1"}, base=base, cpus=3) == []
    values = json.loads(seen.read_text())
    assert (values["A"], values["MUJOCO_GL"], values["OMP_NUM_THREADS"], "HOME" in values) == ("1", "egl", "3", False)
