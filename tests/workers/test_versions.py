"""Versions of libraries in a worker's environment."""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import MosaicError
from gym_gui.workers.versions import installed_versions


def test_versions_are_read_without_importing() -> None:
    names = ["python", "click", "typing_extensions", "no-such-library"]
    assert installed_versions(sys.executable, names) == {
        "python": platform.python_version(),
        "click": importlib.metadata.version("click"),
        "typing_extensions": importlib.metadata.version("typing-extensions"),
        "no-such-library": None,
    }


def test_nothing_is_started_where_nothing_is_asked(tmp_path: Path) -> None:
    assert installed_versions(str(tmp_path / "python"), []) == {}


def test_an_interpreter_that_does_not_answer_is_said(tmp_path: Path) -> None:
    for python in (str(tmp_path / "none"), "/bin/false"):
        with pytest.raises(MosaicError, match="cannot be read"):
            installed_versions(python, ["click"])
