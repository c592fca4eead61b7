"""Worker packages for the tests, installed for real into a folder of their own."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from worker_projects import install, left, library, own_base, project, registered, view

from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.environments.record import WorkerEnvironment

CONFIG = '''
from __future__ import annotations
from dataclasses import dataclass, field
from typing import Any, Dict

@dataclass
class TinyWorkerConfig:
    """Settings of the tiny worker.

    Attributes:
        env_id: Environment to train on.
    """
    run_id: str
    seed: int | None = None
    env_id: str = "CartPole-v1"
    algo: str = field(default="ppo", metadata={"help": "Algorithm.", "choices": ["ppo", "dqn"]})
    total_steps: int = field(default=1000, metadata={"help": "Steps.", "minimum": 1, "unit": "steps"})
    learning_rate: float = field(default=1e-3, metadata={"exclusive_minimum": 0})
    hidden: list[int] = field(default_factory=lambda: [64, 64])
    target_kl: float | None = None
    env_kwargs: dict[str, Any] = field(default_factory=dict)
    normalize: bool = False
    note: str | None = None

    def to_dict(self) -> Dict[str, Any]:
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, data: Dict[str, Any]) -> "TinyWorkerConfig":
        return cls(**{k: v for k, v in data.items() if k in cls.__dataclass_fields__})
'''

METADATA = """
def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
    return (WorkerMetadata(name="Tiny", version="1.0.0"), WorkerCapabilities(worker_type="tiny", max_agents=1))
"""

CLI = """
import argparse, json, sys
from {package}.config import TinyWorkerConfig

def main(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--worker-id")
    parser.add_argument("--dry-run", action="store_true")
    args = parser.parse_args(argv)
    with open(args.config) as stream:
        config = TinyWorkerConfig.from_dict(json.load(stream))
    print(json.dumps({{"event": "run_started", "run_id": config.run_id, "payload": {{}}}}), flush=True)
    {body}
    print(json.dumps({{"event": "run_completed", "run_id": config.run_id, "payload": {{}}}}), flush=True)

if __name__ == "__main__":
    main()
"""


class Site:
    """A folder of installed packages that the interpreter of the tests finds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = WorkerEnvironment(python=sys.executable, search_path=[str(folder)])

    def write(self, path: str, text: str) -> Path:
        """Write a file of a package."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text).lstrip())
        return target

    def install(
        self,
        name: str,
        files: dict[str, str] | None = None,
        *,
        body: str = "pass",
        entry_point: str | None = None,
        version: str = "1.0.0",
    ) -> str:
        """Install a worker called ``name`` as the package ``<name>_worker``; returns the package's name.

        Args:
            name: The entry point.
            files: Files of the package that replace the usual ones; ``None`` leaves a file out.
            body: What the usual ``cli.py`` does between its first and its last event.
            entry_point: In place of the usual.
            version: Of the distribution.
        """
        package = f"{name}_worker"
        usual = {
            "__init__.py": METADATA,
            "config.py": CONFIG,
            "cli.py": CLI.format(package=package, body=body),
        }
        for file, text in {**usual, **(files or {})}.items():
            if text is not None:
                self.write(f"{package}/{file}", text)
        info = f"{package}-{version}.dist-info"
        value = entry_point or f"{package}:get_worker_metadata"
        self.write(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}-worker\nVersion: {version}\n")
        self.write(f"{info}/entry_points.txt", f"[mosaic.workers]\n{name} = {value}\n")
        self.write(f"{info}/RECORD", "")
        return package

    def catalog(self, home: Path) -> WorkerCatalog:
        """Return a catalog that sees this folder alone."""
        return WorkerCatalog(home, [self.environment])


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]))
    return Site(folder)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("MOSAIC_HOME", str(folder))
    return folder


@pytest.fixture
def leftovers() -> Callable[[str], list[int]]:
    """Return pids of the processes whose command line holds a text."""

    def find(text: str) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if text.encode() in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found

    return find
