"""All rules of the kit, in the order in which they are checked."""

from __future__ import annotations

from collections.abc import Sequence

from gym_gui.core.worker.errors import UsageError, nearest
from gym_gui.workers.conformance import (
    checkpoints,
    command_line,
    config,
    determinism,
    failures,
    isolation,
    lifecycle,
    manifest,
    metadata,
    package,
    signals,
    telemetry,
)
from gym_gui.workers.conformance.rule import Rule, RuleBook

BOOKS: tuple[RuleBook, ...] = tuple(
    module.BOOK
    for module in (
        metadata, package, config, command_line, isolation, lifecycle, telemetry, failures, signals, checkpoints,
        manifest, determinism,
    )
)  # fmt: skip


def all_rules() -> list[Rule]:
    """Return every rule."""
    return [rule for book in BOOKS for rule in book.rules]


def choose_rules(only: Sequence[str] = (), *, quick: bool = False) -> list[Rule]:
    """Return the rules that are wanted.

    Args:
        only: Their names; all where none is named.
        quick: Leave out those that take long runs of their own.

    Raises:
        UsageError: A name is none of a rule.
    """
    rules = all_rules()
    names = [rule.name for rule in rules]
    for name in only:
        if name not in names:
            near = nearest(name, names)
            raise UsageError(
                f"there is no finding {name!r}" + (f"; did you mean {near!r}?" if near else ""),
                next_step="see them all: docs/reference/findings.md",
            )
    return [
        rule for rule in rules if (not only or rule.name in only) and (rule.name in only or not (quick and rule.slow))
    ]
