"""All rules of the kit, in the order in which they are checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gym_gui.core.worker.errors import UsageError, nearest
from gym_gui.workers.conformance import (
    checkpoints,
    command_line,
    config,
    determinism,
    failures,
    form,
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
        metadata, package, config, form, command_line, isolation, lifecycle, telemetry, failures, signals, checkpoints,
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


_INTRO = """\
# Findings

What `mosaic workers check` can find, each under its stable name. An **error** is a failure of the interface: MOSAIC
cannot rely on the worker, and the exit code is 1. A **warning** is a known pitfall; the worker is certified anyway.
Findings marked *long* take runs of their own and are left out by `--quick`.

[Check a worker](../how-to/check-a-worker.md) describes how to use the kit.
"""


def findings_page() -> str:
    """Return the page, in Markdown."""
    parts = [_INTRO, "| finding | level | a worker that is right |", "|---|---|---|"]
    parts += [f"| [{rule.name}](#{rule.name}) | {_level(rule)} | {rule.title} |" for rule in all_rules()]
    for book in BOOKS:
        parts += ["", f"## {book.noun.capitalize()}"]
        for rule in book.rules:
            parts += ["", *_section(rule)]
    return "\n".join(parts) + "\n"


def _level(rule: Rule) -> str:
    return f"{rule.level}, *long*" if rule.slow else rule.level


def _section(rule: Rule) -> Iterator[str]:
    yield f"### {rule.name}"
    yield ""
    yield f"*{rule.level.capitalize()}{', long' if rule.slow else ''}.* {rule.title}"
    yield ""
    yield f"Otherwise: {rule.why}"
    yield ""
    yield f"What to change: {rule.mend}"
