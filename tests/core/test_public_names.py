"""The packages that other rooms import by their public names alone."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import gym_gui

_ROOT = Path(gym_gui.__file__).parent
PACKAGES = sorted(
    ".".join(("gym_gui", *path.parent.relative_to(_ROOT).parts))
    for path in _ROOT.rglob("__init__.py")
    if "lazy_names(" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__all__
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.parametrize("package", PACKAGES)
def test_no_public_name_is_that_of_a_module(package: str) -> None:
    """Importing the module would put it in the place of the name."""
    module = importlib.import_module(package)
    modules = {path.stem for path in Path(*module.__path__).glob("*.py")}
    assert modules.isdisjoint(module.__all__)


@pytest.mark.process
def test_a_package_loads_no_module_before_it_is_used() -> None:
    code = f"import {', '.join(PACKAGES)}; import sys; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    own = [name for name in loaded if name.startswith(tuple(f"{package}." for package in PACKAGES))]
    assert [name for name in own if name not in PACKAGES] == []
