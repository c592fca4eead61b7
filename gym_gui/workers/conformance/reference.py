"""The reference page of the kit's findings, made from the rules themselves."""

from __future__ import annotations

from collections.abc import Iterator

from gym_gui.workers.conformance.rule import Rule
from gym_gui.workers.conformance.rules import BOOKS, all_rules

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
