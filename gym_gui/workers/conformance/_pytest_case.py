"""The kit as tests: subclass :class:`WorkerConformance`, name your worker, run pytest."""

from __future__ import annotations

import unittest
import warnings
from collections.abc import Callable
from typing import Any, ClassVar

from gym_gui.config.paths import mosaic_home
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.conformance._limits import KitLimits
from gym_gui.workers.conformance.check import check_rule
from gym_gui.workers.conformance.rule import Rule
from gym_gui.workers.conformance.rules import all_rules
from gym_gui.workers.conformance.subject import Subject


class ConformanceWarning(UserWarning):
    """A pitfall that the kit found; the worker is certified anyway."""


class WorkerConformance:
    """One test per finding: an error fails, a warning warns, what does not apply is skipped.

    ``class TestMyWorker(WorkerConformance): worker = "myworker"`` is a whole test module. The worker's package
    has to be installed.
    """

    worker: ClassVar[str] = ""
    """The entry point's name."""
    settings: ClassVar[dict[str, Any]] = {}
    """Settings for every run, where the defaults do not run."""
    limits: ClassVar[KitLimits] = KitLimits()
    """How long things may take."""
    warnings_fail: ClassVar[bool] = False
    """Fail for warnings, too."""
    subject: ClassVar[Subject]

    @classmethod
    def setup_class(cls) -> None:
        """Find the worker; its runs are made as tests ask for them, and shared."""
        record = WorkerCatalog(mosaic_home(), persist=False).get(cls.worker)
        cls.subject = Subject(record, cls.settings, limits=cls.limits)
        cls.subject.in_tests = True

    @classmethod
    def teardown_class(cls) -> None:
        """End every process that is left."""
        cls.subject.close()

    def examine(self, rule: Rule) -> None:
        """Look at one rule."""
        result = check_rule(rule, self.subject)
        if result.outcome == "skipped":
            raise unittest.SkipTest(result.seen)
        if result.outcome == "broken":
            message = f"{rule.title}\n  seen: {result.seen}\n  change: {rule.mend}\n  docs: {rule.anchor}"
            assert rule.level == "warning", message
            assert not self.warnings_fail, message
            warnings.warn(f"{rule.name}: {message}", ConformanceWarning, stacklevel=2)


def _as_test(rule: Rule) -> Callable[[WorkerConformance], None]:
    def test(self: WorkerConformance) -> None:
        self.examine(rule)

    test.__doc__ = rule.title
    return test


for _rule in all_rules():
    setattr(WorkerConformance, "test_" + _rule.name.replace("-", "_"), _as_test(_rule))
