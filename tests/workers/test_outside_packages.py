"""Worker packages built and installed by their own tools, which know of no SDK but the two descriptions."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from gym_gui.runs.config import validate_train_run_config
from gym_gui.runs.folder import RunFolder
from gym_gui.workers import run_dry_run
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.config import parse_settings, read_flags
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.planning import plan_run, write_run

PACKAGE = {
    "pyproject.toml": """
        [project]
        name = "my-worker"
        version = "1.0.0"
        requires-python = ">=3.10"

        [project.entry-points."mosaic.workers"]
        myworker = "my_worker:get_worker_metadata"

        [build-system]
        requires = ["setuptools>=64"]
        build-backend = "setuptools.build_meta"

        [tool.setuptools]
        packages = ["my_worker"]
        """,
    "my_worker/__init__.py": """
        def get_worker_metadata() -> tuple:
            from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata

            metadata = WorkerMetadata(name="My Worker", version="1.0.0", description="Mine", author="Me", license="MIT")
            return metadata, WorkerCapabilities(worker_type="myworker", env_families=("gymnasium",))
        """,
    "my_worker/config.py": """
        from __future__ import annotations
        from dataclasses import dataclass
        from typing import Any, Dict


        @dataclass
        class MyWorkerConfig:
            run_id: str
            seed: int | None = None
            env_id: str = "CartPole-v1"
            algorithm: str = "dqn"
            total_steps: int = 100_000
            learning_rate: float = 1e-4

            def __post_init__(self) -> None:
                if not self.run_id:
                    raise ValueError("run_id is required")

            def to_dict(self) -> Dict[str, Any]:
                return dict(vars(self))

            @classmethod
            def from_dict(cls, data: Dict[str, Any]) -> "MyWorkerConfig":
                return cls(**{name: value for name, value in data.items() if name in cls.__dataclass_fields__})
        """,
    "my_worker/cli.py": """
        import argparse
        import json
        import time

        from my_worker.config import MyWorkerConfig


        def emit(event):
            print(json.dumps(event), flush=True)


        def main(argv=None):
            parser = argparse.ArgumentParser()
            parser.add_argument("--config", required=True)
            parser.add_argument("--grpc", action="store_true")
            parser.add_argument("--grpc-target", default="127.0.0.1:50055")
            args = parser.parse_args(argv)
            with open(args.config) as stream:
                config = MyWorkerConfig.from_dict(json.load(stream))
            emit({"event": "run_started", "run_id": config.run_id, "timestamp": time.time(), "payload": {}})
            for step in range(0, config.total_steps, 100):
                emit({"event_type": "step", "run_id": config.run_id, "step_index": step, "reward": 1.0})
            emit({"event": "run_completed", "run_id": config.run_id, "timestamp": time.time(), "payload": {}})


        if __name__ == "__main__":
            main()
        """,
}


def unpack(folder: Path) -> Path:
    for name, text in PACKAGE.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip())
    return folder


def pip(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--quiet", "install", "--no-deps", "--no-build-isolation", *arguments],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture
def catalog(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> WorkerCatalog:
    """A catalog of one package that pip has built and installed."""
    site = tmp_path / "site"
    pip("--target", str(site), str(unpack(tmp_path / "source")))
    monkeypatch.setenv("PYTHONPATH", str(site))
    return WorkerCatalog(home, [WorkerEnvironment(python=sys.executable, search_path=[str(site)])])


def test_a_worker_that_speaks_the_protocol_itself(catalog: WorkerCatalog, home: Path) -> None:
    record = catalog.get("my_worker")
    assert (record.name, record.broken, record.module) == ("myworker", None, "my_worker.cli")
    assert record.flags == ["--config", "--grpc", "--grpc-target", "--help"]
    assert list(record.properties) == ["run_id", "seed", "env_id", "algorithm", "total_steps", "learning_rate"]

    flags, _ = read_flags(record, env="CartPole-v1", algo="dqn", steps=1000)
    settings = {field: value for field, (_, value) in flags.items()} | parse_settings(["seed=3"], record)
    assert settings == {"env_id": "CartPole-v1", "algorithm": "dqn", "total_steps": 1000, "seed": 3}
    assert run_dry_run(record, settings) == []

    submitted = {"run_name": "a", "metadata": {"worker": {"worker_id": "my_worker", "config": settings}}}
    planned = plan_run(validate_train_run_config(submitted), catalog, home)
    plan = planned.plan
    folder = RunFolder.of(home, plan.run_id)
    write_run(folder, planned)
    (worker,) = plan.workers
    assert "--worker-id" not in worker.argv
    assert worker.config == {**settings, "run_id": plan.run_id}

    work = folder.work(worker.worker_id)
    work.mkdir(parents=True)
    ended = subprocess.run(
        worker.argv, cwd=work, env={**os.environ, **worker.env}, capture_output=True, text=True, check=True
    )
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [line.get("event") or line["event_type"] for line in lines] == [
        "run_started",
        *["step"] * 10,
        "run_completed",
    ]
    assert {line["run_id"] for line in lines} == {plan.run_id}


@pytest.mark.interpreters
def test_a_worker_of_another_python(site: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [*Path.home().glob(".pyenv/versions/3.8.*/bin/python3.8"), shutil.which("python3.8") or ""]
    python = next((str(path) for path in found if path and _runs(str(path))), None)
    if python is None:
        pytest.skip("no Python 3.8 on this machine")
    site.install("old")
    root = Path(__file__).parents[2]
    monkeypatch.setenv("PYTHONPATH", f"{site.folder}{os.pathsep}{root}")
    record = WorkerCatalog(home, [WorkerEnvironment(python=python, search_path=[str(site.folder)])]).get("old")
    assert record.broken is None
    assert record.python == python
    assert record.properties["target_kl"]["type"] == ["number", "null"]
    assert record.flags == ["--config", "--dry-run", "--help", "--worker-id"]
    assert run_dry_run(record, {"total_steps": 5}) == []


def _runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0
