"""A program of a virtual environment gets what activating it would set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gym_gui.runs.activation import activated_environment


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\n")
    return tmp_path


def test_its_programs_are_found_first(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"/usr/bin:{venv}/bin:/bin")
    monkeypatch.setenv("VIRTUAL_ENV", "/another/one")
    found = activated_environment(f"{venv}/bin/python", {})
    assert found == {"VIRTUAL_ENV": str(venv), "PATH": f"{venv}/bin:/usr/bin:/bin"}


def test_without_any_path_there_is_the_systems(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PATH")
    assert activated_environment(f"{venv}/bin/python", {})["PATH"] == f"{venv}/bin:{os.defpath}"


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/opt/bin:/bin", "{bin}:/opt/bin:/bin"),
        ("/opt/bin:{bin}:/bin", "/opt/bin:{bin}:/bin"),
        ("", f"{{bin}}:{os.defpath}"),
    ],
)
def test_the_order_that_a_config_sets_is_kept(venv: Path, given: str, path: str) -> None:
    environment = {"PATH": given.format(bin=venv / "bin"), "VIRTUAL_ENV": "/mine"}
    after = {**environment, **activated_environment(f"{venv}/bin/python", environment)}
    assert after == {"PATH": path.format(bin=venv / "bin"), "VIRTUAL_ENV": "/mine"}


def test_a_program_of_no_environment_gets_nothing(tmp_path: Path) -> None:
    assert activated_environment(str(tmp_path / "bin" / "python"), {"PATH": "/bin"}) == {}
    assert activated_environment("python", {}) == {}
