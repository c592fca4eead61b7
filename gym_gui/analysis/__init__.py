"""Queries, curves, plots, continuations and archives of runs on disk.

The names below are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.analysis.queries import get_run, get_run_summary, list_runs, resolve_run

_HOMES = {
    "get_run": "queries",
    "get_run_summary": "queries",
    "list_runs": "queries",
    "resolve_run": "queries",
}

__all__ = [
    "get_run",
    "get_run_summary",
    "list_runs",
    "resolve_run",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
