"""The conformance kit: examines a worker as MOSAIC runs it, and says what to change.

``mosaic workers check NAME`` on the command line; :class:`WorkerConformance` as a pytest base class.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.workers.conformance._limits import KitLimits
    from gym_gui.workers.conformance._project import record_of_project
    from gym_gui.workers.conformance._pytest_case import ConformanceWarning, WorkerConformance
    from gym_gui.workers.conformance.check import Report, RuleResult, check_worker
    from gym_gui.workers.conformance.rule import Rule
    from gym_gui.workers.conformance.rules import all_rules, choose_rules, findings_page
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "ConformanceWarning": "_pytest_case",
            "KitLimits": "_limits",
            "Report": "check",
            "Rule": "rule",
            "RuleResult": "check",
            "WorkerConformance": "_pytest_case",
            "all_rules": "rules",
            "check_worker": "check",
            "choose_rules": "rules",
            "findings_page": "rules",
            "record_of_project": "_project",
        },
    )

__all__ = [
    "ConformanceWarning",
    "KitLimits",
    "Report",
    "Rule",
    "RuleResult",
    "WorkerConformance",
    "all_rules",
    "check_worker",
    "choose_rules",
    "findings_page",
    "record_of_project",
]
