"""The guides for writing workers, typed word for word in a fresh environment."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "workers"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with MOSAIC installed from its wheel; of its dependencies those of this one."""
    folder = tmp_path_factory.mktemp("fresh") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    (site,) = folder.glob("lib/python*/site-packages")
    here = sysconfig.get_path("purelib")
    (site / "dependencies.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    pip = [python, "-m", "pip", "-q", "install", "--no-deps", "--no-build-isolation", "--no-index", "--force-reinstall"]
    subprocess.run([*pip, ROOT], check=True, capture_output=True)
    told = subprocess.run(
        [python, "-c", "import gym_gui; print(gym_gui.__file__)"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    assert Path(told.stdout.strip()).is_relative_to(folder)
    return folder


class Shell:
    """A person at a terminal who types what a guide says."""

    def __init__(self, folder: Path, venv: Path, home: Path) -> None:
        self.folder = folder
        path = os.pathsep.join([str(venv / "bin"), os.environ["PATH"]])
        self.environment = {**os.environ, "PATH": path, "MOSAIC_HOME": str(home), "VIRTUAL_ENV": str(venv)}

    def __call__(self, commands: str) -> str:
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert ended.returncode == 0, f"{commands}\n{ended.stdout}\n{ended.stderr}"
        return ended.stdout

    def follow(self, guide: str) -> list[str]:
        """Do all that a guide says, in order; return what each command block printed."""
        said = []
        for language, title, text in BLOCK.findall((GUIDES / guide).read_text()):
            if title:
                path = self.folder / title
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            elif language == "bash":
                said.append(self(text))
            else:
                compile(text, guide, "exec")
        return said


@pytest.fixture
def shell(tmp_path: Path, fresh: Path, home: Path) -> Iterator[Shell]:
    folder = tmp_path / "project"
    folder.mkdir()
    shell = Shell(folder, fresh, home)
    yield shell
    shell("mosaic daemon stop")


def test_a_worker_made_by_the_guide_to_the_letter(shell: Shell) -> None:
    said = "\n".join(shell.follow("WORKER_DEVELOPMENT_GUIDE.md"))
    assert "bandit 0.1.0 is certified: 0 errors, 0 warnings" in said
    assert re.search(r"\d+ passed", said)
    runs = json.loads(shell("mosaic runs list --json"))["runs"]
    assert {run["state"] for run in runs} == {"completed"}
    assert len(runs) == 5
    learned = json.loads(shell(f"mosaic runs show {runs[-2]['run_id']} --json"))
    assert learned["mean_return_100"] > 6.0  # of 10 pulls; 5.0 at random, 8.0 at best


def test_a_script_migrated_by_the_guide_computes_what_it_did(shell: Shell) -> None:
    said = shell.follow("MIGRATION_GUIDE.md")
    assert "arms 1.0.0 is certified: 0 errors" in said[-1]
    printed = [float(number) for number in re.findall(r"return ([\d.]+)", said[0])]
    assert len(printed) == 20
    assert re.findall(r"return ([\d.]+)", said[1]) == re.findall(r"return ([\d.]+)", said[0])
    shown = json.loads(shell("mosaic runs show latest --json"))
    assert (shown["state"], shown["steps"], shown["episodes"]) == ("completed", 2000, 20)
    assert shown["mean_return_100"] == pytest.approx(sum(printed) / 20)
    assert shown["ledger"]["quarantined"] == 0
