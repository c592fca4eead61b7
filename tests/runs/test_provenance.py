from __future__ import annotations

import importlib.metadata
import json
import subprocess
from pathlib import Path

import pytest

from gym_gui.runs.provenance import collect_provenance, installed_packages, packages_digest, packages_of


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.mark.process
def test_it_tells_the_machine_and_is_json(tmp_path: Path) -> None:
    told = json.loads(json.dumps(collect_provenance(tmp_path)))
    assert told["git"] is None
    assert told["cpus"] >= 1
    assert told["memory_mb"] > 100
    assert told["packages"]["pydantic"] == importlib.metadata.version("pydantic")
    assert len(told["packages_digest"]) == 64


@pytest.mark.process
def test_it_tells_the_checkout(tmp_path: Path) -> None:
    git(tmp_path, "init", "-b", "trunk")
    (tmp_path / "a.txt").write_text("1")
    git(tmp_path, "add", ".")
    assert collect_provenance(tmp_path)["git"] == {"commit": None, "branch": "trunk", "dirty": True}
    git(tmp_path, "commit", "-m", "one")
    clean = collect_provenance(tmp_path)["git"]
    assert len(clean["commit"]) == 40
    assert clean["dirty"] is False
    (tmp_path / "a.txt").write_text("2")
    git(tmp_path, "checkout", "--detach")
    assert collect_provenance(tmp_path)["git"] == {"commit": clean["commit"], "branch": None, "dirty": True}


@pytest.mark.process
def test_it_never_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert collect_provenance()["git"] is None
    assert collect_provenance(tmp_path / "missing")["git"] is None
    monkeypatch.setattr("sys.path", ["", str(tmp_path / "missing"), __file__])
    assert installed_packages() == ()


def test_a_new_package_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert installed_packages() == ()
    (tmp_path / "Some_Package-1.2.dist-info").mkdir()
    assert installed_packages() == (("some-package", "1.2"),)


def test_the_packages_of_another_environment_are_told_alike_wherever_it_lies(tmp_path: Path) -> None:
    for place in ("one", "two"):
        site = tmp_path / place / "lib" / "python3.9" / "site-packages"
        for name in ("Lib_Two-2.0.dist-info", "lib-1.0.dist-info"):
            (site / name).mkdir(parents=True)
        (tmp_path / place / "pyvenv.cfg").touch()
    one, two = (packages_of(str(tmp_path / place / "bin" / "python")) for place in ("one", "two"))
    assert one == (("lib", "1.0"), ("lib-two", "2.0"))
    assert packages_digest(one) == packages_digest(two)
    assert packages_of("/usr/bin/python3") == ()
