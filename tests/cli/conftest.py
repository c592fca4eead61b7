"""The real ``mosaic`` command in processes of its own, with homes of their own; nothing may be left running."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually, processes_of

MOSAIC = str(Path(sys.executable).parent / "mosaic")


def everything_in(home: Path) -> list[str]:
    """Return the paths of all that a home holds."""
    return sorted(str(path.relative_to(home)) for path in home.rglob("*")) if home.exists() else []


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def runs(self) -> Any:
        return self.json["runs"]


class Command:
    """Runs ``mosaic``."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def __call__(self, *arguments: str, **more: str) -> Ended:
        ended = subprocess.run(
            [MOSAIC, *arguments], env={**self.environment, **more}, capture_output=True, text=True, timeout=100,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *arguments: str, **more: str) -> subprocess.Popen[str]:
        """Start the command and return at once."""
        return subprocess.Popen(
            [MOSAIC, *arguments], env={**self.environment, **more}, text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip


@pytest.fixture
def mosaic(home: Path) -> Iterator[Command]:
    """The command; after the test the home's daemon is stopped and every process must end by itself."""
    command = Command(dict(os.environ))
    yield command
    try:
        if (home / "daemon.json").exists():
            command("daemon", "stop")
        eventually(lambda: not processes_of(home), f"processes are left: {processes_of(home)}", 10.0)
    finally:
        for pid in processes_of(home):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def living(home: Path) -> Callable[[], dict[int, str]]:
    """Find the home's processes."""
    return lambda: processes_of(home)


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Poll a condition until it is true."""
    return eventually


@pytest.fixture
def untouched(home: Path) -> Iterator[None]:
    """The test must leave the home as empty as it was."""
    yield
    assert everything_in(home) == []


PACKAGE = """
def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
    capabilities = WorkerCapabilities(worker_type={name!r}, supports_checkpointing={name!r} != 'script')
    return WorkerMetadata(name={name!r}, version='1.2.3'), capabilities
"""
CONFIG = """
from __future__ import annotations
from dataclasses import dataclass, field

@dataclass
class {title}WorkerConfig:
    run_id: str
    seed: int | None = None
    code: str = ''
    total_steps: int = 10
{fields}
    def to_dict(self): return dict(self.__dict__)
    @classmethod
    def from_dict(cls, data): return cls(**data)
"""
CLI = """
import argparse, json, os, sys, time

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--config')
    config = json.load(open(parser.parse_args().config))
    def say(**event):
        print(json.dumps({'run_id': config['run_id'], **event}), flush=True)
    say(event='run_started', payload={})
    exec(config.get('code', ''), {'say': say, 'config': config})
    say(event='run_completed', payload={})

if __name__ == '__main__':
    main()
"""
MODES = "    mode: str = 'train'\n    checkpoint_path: str = ''\n    eval_episodes: int = 3\n    algo: str = 'q'\n"
SECRET = "    hf_pin: str = field(default='', metadata={'secret': True})\n"
FIELDS = {"script": SECRET, "saver": MODES, "hoarder": MODES + "    cuda: bool = True\n"}


@pytest.fixture(scope="session")
def worker_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed workers: ``script`` runs its ``code``, ``saver`` and ``hoarder`` have modes, ``broken`` has a fault."""
    site = tmp_path_factory.mktemp("site")
    for name in ("script", "saver", "hoarder", "broken"):
        package = site / f"{name}_worker"
        package.mkdir()
        info = site / f"{name}_worker-1.2.3.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-worker\nVersion: 1.2.3\n")
        (info / "entry_points.txt").write_text(f"[mosaic.workers]\n{name} = {name}_worker:get_worker_metadata\n")
        if name == "broken":
            (package / "__init__.py").write_text("import a_package_that_is_not_installed\n")
            continue
        (package / "__init__.py").write_text(PACKAGE.format(name=name))
        (package / "config.py").write_text(CONFIG.format(title=name.title(), fields=FIELDS[name]))
        (package / "cli.py").write_text(CLI)
    return site


@pytest.fixture
def script(mosaic: Command, worker_site: Path) -> Command:
    """The command in an environment in which the workers of ``worker_site`` are installed."""
    return Command({**mosaic.environment, "PYTHONPATH": str(worker_site)})
