"""The packages of the room, as other rooms import them."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

PACKAGES = ["gym_gui.workers", "gym_gui.workers.environments", "gym_gui.workers.conformance"]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_there(package: str) -> None:
    module = importlib.import_module(package)
    assert len(module.__all__) > 5
    assert [name for name in module.__all__ if getattr(module, name, None) is None] == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = module.nothing


@pytest.mark.process
@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_loads_no_module_before_it_is_used(package: str) -> None:
    code = f"import sys; before = set(sys.modules); import {package}; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert [name for name in loaded if name.startswith(f"{package}.")] == []
