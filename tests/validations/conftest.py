"""The worker packages of the worker room's tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("worker_sites", Path(__file__).parents[1] / "workers" / "conftest.py")
assert _SPEC is not None
assert _SPEC.loader is not None
_SITES = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(_SITES)

site = _SITES.site
home = _SITES.home
leftovers = _SITES.leftovers
