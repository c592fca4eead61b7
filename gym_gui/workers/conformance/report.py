"""What the kit found of one worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from gym_gui import __version__
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import Rule
from gym_gui.workers.conformance.subject import Subject
from gym_gui.workers.record import WorkerRecord


@dataclass(frozen=True)
class RuleResult:
    """What looking at one rule came to.

    Args:
        rule: The rule.
        outcome: ``kept``, ``broken``, or ``skipped`` where it does not apply.
        seen: What was seen; for a skipped rule why.
    """

    rule: Rule
    outcome: Literal["kept", "broken", "skipped"]
    seen: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the result as a JSON-ready dict."""
        rule = self.rule
        found = {"name": rule.name, "level": rule.level, "outcome": self.outcome, "seen": self.seen}
        return (
            found
            if self.outcome != "broken"
            else {**found, "title": rule.title, "mend": rule.mend, "docs": rule.anchor}
        )


def check_rule(rule: Rule, subject: Subject) -> RuleResult:
    """Look at one rule."""
    try:
        seen = rule.check(subject)
    except NotApplicable as reason:
        return RuleResult(rule, "skipped", str(reason))
    return RuleResult(rule, "kept") if seen is None else RuleResult(rule, "broken", " ".join(seen.split()))


@dataclass
class Report:
    """All results on one worker.

    Args:
        record: The worker.
        results: In the order of the rules.
        complete: Whether all rules were checked.
    """

    record: WorkerRecord
    results: list[RuleResult] = field(default_factory=list)
    complete: bool = True

    def broken(self, level: str) -> list[RuleResult]:
        """Return the findings of a level."""
        return [result for result in self.results if result.outcome == "broken" and result.rule.level == level]

    @property
    def certified(self) -> bool:
        """Whether no error was found."""
        return not self.broken("error")

    def to_dict(self) -> dict[str, Any]:
        """Return the report as a JSON-ready dict."""
        record = self.record
        return {
            "worker": record.name,
            "distribution": record.distribution,
            "version": record.version,
            "package_hash": record.package_hash,
            "python": record.python,
            "mosaic": __version__,
            "certified": self.certified,
            "complete": self.complete,
            "errors": len(self.broken("error")),
            "warnings": len(self.broken("warning")),
            "findings": [result.to_dict() for result in self.results],
        }
