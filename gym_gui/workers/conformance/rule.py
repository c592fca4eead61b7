"""One thing that a worker has to do right: its name, why it matters, and how it is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gym_gui.workers.conformance.subject import Subject

Level = Literal["error", "warning"]
Check = Callable[[Subject], "str | None"]

DOCS_PAGE = "docs/reference/findings.md"


@dataclass(frozen=True)
class Rule:
    """One finding that the kit can make.

    Args:
        name: Stable name, e.g. ``"config-round-trip"``.
        level: ``error``: MOSAIC cannot rely on the worker. ``warning``: a known pitfall; it is certified anyway.
        title: What a worker does that is right, one sentence.
        why: What goes wrong otherwise.
        mend: What to change.
        slow: Takes runs of its own that ``--quick`` leaves out.
        check: Returns what was seen where the worker breaks the rule, else ``None``.
    """

    name: str
    level: Level
    title: str
    why: str
    mend: str
    slow: bool
    check: Check

    @property
    def anchor(self) -> str:
        """Where the documentation says more."""
        return f"{DOCS_PAGE}#{self.name}"


class RuleBook:
    """The rules of one module, in order.

    Args:
        noun: What they are about.
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.rules: list[Rule] = []

    def error(self, name: str, title: str, *, why: str, mend: str, slow: bool = False) -> Callable[[Check], Check]:
        """Add a rule whose breach makes a worker unusable."""
        return self._add("error", name, title, why, mend, slow)

    def warning(self, name: str, title: str, *, why: str, mend: str, slow: bool = False) -> Callable[[Check], Check]:
        """Add a rule whose breach is a pitfall."""
        return self._add("warning", name, title, why, mend, slow)

    def _add(self, level: Level, name: str, title: str, why: str, mend: str, slow: bool) -> Callable[[Check], Check]:
        def keep(check: Check) -> Check:
            self.rules.append(Rule(name, level, title, why, mend, slow, check))
            return check

        return keep
