"""The conformance kit: examines a worker as MOSAIC runs it, and says what to change.

``mosaic workers check NAME`` on the command line; :class:`WorkerConformance` as a pytest base class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.workers.conformance.check import check_worker
    from gym_gui.workers.conformance.limits import KitLimits
    from gym_gui.workers.conformance.pytest_case import ConformanceWarning, WorkerConformance
    from gym_gui.workers.conformance.report import Report, Verdict
    from gym_gui.workers.conformance.rule import Rule
    from gym_gui.workers.conformance.rules import all_rules

_HOMES = {
    "ConformanceWarning": "pytest_case",
    "KitLimits": "limits",
    "Report": "report",
    "Rule": "rule",
    "Verdict": "report",
    "WorkerConformance": "pytest_case",
    "all_rules": "rules",
    "check_worker": "check",
}

__all__ = [
    "ConformanceWarning",
    "KitLimits",
    "Report",
    "Rule",
    "Verdict",
    "WorkerConformance",
    "all_rules",
    "check_worker",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
