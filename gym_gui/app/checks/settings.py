"""The settings, from ``settings.json`` and from the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gym_gui.app.checks.finding import Finding
from gym_gui.core.errors import ConfigError


def settings(_home: Path) -> Iterator[Finding]:
    """Look whether every setting can be read."""
    from gym_gui.config.settings import SETTINGS, get_setting

    said: set[str] = set()
    for name in SETTINGS:
        try:
            get_setting(name)
        except ConfigError as error:  # noqa: PERF203 - all faults at once
            problems = "; ".join(map(str, error.problems))
            detail = f"{error.what}{': ' if problems else ''}{problems} ({error.where})"
            if detail not in said:
                said.add(detail)
                yield Finding("settings", "broken", detail, error.next_step)
    if not said:
        yield Finding("settings", "ok", "all are readable")
