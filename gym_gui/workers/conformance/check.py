"""Examines a worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gym_gui.workers.conformance.limits import KitLimits
from gym_gui.workers.conformance.report import Report, RuleResult, check_rule
from gym_gui.workers.conformance.rules import choose_rules
from gym_gui.workers.conformance.subject import Subject
from gym_gui.workers.record import WorkerRecord


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
