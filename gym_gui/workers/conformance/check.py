"""Examines a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from gym_gui import __version__
from gym_gui.workers.conformance._limits import KitLimits
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import Rule
from gym_gui.workers.conformance.rules import choose_rules
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


def check_worker(
    record: WorkerRecord,
    *,
    settings: Mapping[str, Any] | None = None,
    only: Sequence[str] = (),
    quick: bool = False,
    limits: KitLimits | None = None,
    on_stage: Callable[[str], None] | None = None,
    on_result: Callable[[RuleResult], None] | None = None,
) -> Report:
    """Look at every rule. No process is left behind, and nothing outside a scratch folder is written.

    Args:
        record: The worker.
        settings: Settings for every run of it, where its defaults do not run.
        only: Names of rules to look at; all where none is named.
        quick: Leave out the rules that take long runs of their own.
        limits: How long things may take.
        on_stage: Told in words what is being done.
        on_result: Called with each result, in the order of the rules.

    Raises:
        ConfigError: The settings are not valid.
        UsageError: A name is none of a rule.
    """
    rules = choose_rules(only, quick=quick)
    report = Report(record, complete=not only and not quick)
    with Subject(record, settings, limits=limits, on_stage=on_stage) as subject:
        for rule in rules:
            result = check_rule(rule, subject)
            report.results.append(result)
            if on_result:
                on_result(result)
    return report
