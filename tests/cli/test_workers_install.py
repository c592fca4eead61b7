"""``mosaic workers install``, ``remove`` and ``describe``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

BACKEND = """
import os, zipfile
INFO = "plain_worker-1.0.dist-info"

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    here = os.path.dirname(os.path.abspath(__file__))
    files = {
        INFO + "/METADATA": "Metadata-Version: 2.1\\nName: plain-worker\\nVersion: 1.0\\n",
        INFO + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        INFO + "/entry_points.txt": "[mosaic.workers]\\nplain = plain_worker:get_worker_metadata\\n"
        "[console_scripts]\\nplain-child = plain_worker.child:main\\n",
        INFO + "/RECORD": INFO + "/RECORD,,\\n",
    }
    for name in ("__init__", "config", "cli", "child"):
        with open(os.path.join(here, "plain_worker", name + ".py")) as stream:
            files["plain_worker/%s.py" % name] = stream.read()
    name = "plain_worker-1.0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "plain-worker"
version = "1.0"
[project.entry-points."mosaic.workers"]
plain = "plain_worker:get_worker_metadata"
"""
INIT = """
def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
    return WorkerMetadata(name="Plain", version="1.0"), WorkerCapabilities(worker_type="plain")
"""
CONFIG = """
from dataclasses import dataclass

@dataclass
class PlainWorkerConfig:
    run_id: str
    seed: int = 0
    total_steps: int = 10

    def to_dict(self): return dict(self.__dict__)
    @classmethod
    def from_dict(cls, data): return cls(**data)
"""
CHILD = """
import json, os, sys

def main():
    print(json.dumps({"prefix": sys.prefix, "environment": os.environ.get("VIRTUAL_ENV")}))

if __name__ == "__main__":
    main()
"""
CLI = """
import json, subprocess
from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.cli_base import WorkerCLI
from plain_worker.config import PlainWorkerConfig

class Runtime:
    def __init__(self, config): self.config = config
    def run(self):
        emitter = TelemetryEmitter(self.config.run_id)
        emitter.run_started({})
        commands = (["python", "-m", "plain_worker.child"], ["plain-child"])
        emitter.run_completed({"children": [json.loads(subprocess.check_output(command)) for command in commands]})

def main():
    return WorkerCLI.run(PlainWorkerConfig, Runtime)

if __name__ == "__main__":
    raise SystemExit(main())
"""


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """The project of a worker that pip builds without any package index."""
    folder = tmp_path / "plain"
    for name, text in {
        "backend.py": BACKEND, "pyproject.toml": PYPROJECT, "plain_worker/__init__.py": INIT,
        "plain_worker/config.py": CONFIG, "plain_worker/cli.py": CLI, "plain_worker/child.py": CHILD,
    }.items():  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_install_train_describe_remove(mosaic: Any, plain: Path, home: Path) -> None:
    installed = mosaic("workers", "install", "plain", "--from", str(plain), "--json", PIP_NO_INDEX="1")
    assert installed.code == 0, installed.stderr
    record = installed.json
    assert (record["name"], record["number"], record["origin"]) == ("plain", 1, str(plain))
    assert record["size_bytes"] > 0
    assert f"pip install {plain} …" in installed.stderr.splitlines()

    described = mosaic("workers", "describe", "plain")
    assert str(home / "envs" / "plain" / "1") in described.stdout
    assert mosaic("workers", "describe", "plain", "--json").json["environment"]["python"] == record["python"]

    ended = mosaic("train", "plain", "--steps", "5")
    assert ended.code == 0, ended.stderr
    assert "completed" in ended.stdout + ended.stderr

    # What it started by name alone ran in the worker's environment, not in MOSAIC's.
    (log,) = (home / "runs").glob("*/logs/*.stdout.jsonl")
    told = json.loads(log.read_text().splitlines()[-1])
    environment = str(home / "envs" / "plain" / "1")
    assert told["payload"] == {"children": [{"prefix": environment, "environment": environment}] * 2}

    # Its sources stand for it, a copy of them does not: that one is not installed.
    assert mosaic("workers", "check", f"{plain}/", "--only", "package-installed").code == 0
    copy = shutil.copytree(plain, plain.parent / "copy")
    checked = mosaic("workers", "check", f"{copy}/", "--only", "package-installed")
    assert (checked.code, f"it is not installed: mosaic workers install plain --from {copy}" in checked.stdout) == (
        1,
        True,
    )

    removed = mosaic("workers", "remove", "plain", "--json")
    assert removed.json["freed_bytes"] > 0
    assert mosaic("workers", "remove", "plain").code == 2
    assert "plain" not in mosaic("workers", "list").stdout
    assert mosaic("runs", "show", "latest").code == 0


def test_what_cannot_be_installed(mosaic: Any, plain: Path, untouched: None) -> None:
    for arguments, told in (
        (("randm",), "did you mean random"),
        (("other", "--from", str(plain)), "it registers plain"),
        (("plain", "--from", str(plain / "gone")), "there is no such folder"),
        (("plain", "--from", "plain-worker==1.0", "--editable"), "only a folder"),
        (("plain", "--from", str(plain), "--python", "/nowhere/python"), "there is no interpreter /nowhere/python"),
    ):
        ended = mosaic("workers", "install", *arguments)
        assert (ended.code, told in ended.stderr) == (2, True), ended.stderr


@pytest.mark.parametrize(
    "address", ["git+https://{}@127.0.0.1:1/plain.git", "plain @ https://{}@127.0.0.1:1/plain.whl"]
)
def test_passwords_of_addresses_are_not_told(mosaic: Any, home: Path, address: str) -> None:
    address = address.format("me:pa55word")
    ended = mosaic("workers", "install", "plain", "--from", address, PIP_NO_INDEX="1", PIP_RETRIES="0")
    assert ended.code == 1
    assert "127.0.0.1:1" in ended.stderr
    assert "pa55word" not in ended.stderr + ended.stdout
    assert not [path for path in home.rglob("*") if path.is_file() and b"pa55word" in path.read_bytes()]


def test_pip_is_quoted_and_its_log_kept(mosaic: Any, plain: Path, home: Path) -> None:
    (plain / "backend.py").write_text("raise RuntimeError('this cannot be built')\n")
    ended = mosaic("workers", "install", "plain", "--from", str(plain), PIP_NO_INDEX="1")
    assert ended.code == 1
    assert "ERROR" in ended.stderr.upper()
    (log,) = (home / "envs" / "plain" / "logs").iterdir()
    assert str(log) in ended.stderr
    assert "this cannot be built" in log.read_text()


def test_a_worker_that_is_not_installed_says_how_it_is(mosaic: Any, untouched: None) -> None:
    ended = mosaic("workers", "describe", "ray_worker")
    assert ended.code == 2
    assert "mosaic workers install ray" in ended.stderr
