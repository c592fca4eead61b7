"""Checks names and free text for characters that affect a terminal."""

from __future__ import annotations

from gym_gui.core.terminal_text import control_character
from gym_gui.core.worker.errors import ConfigError, Problem

#: Control characters that free text may have, unlike a name.
LINE_BREAKS_AND_TABS = "\n\r\t"
ALLOWED = "text without control, invisible or bidirectional characters"


def name_fault(value: str, *, allow: str = "") -> str:
    """Return the fault of a name as a clause without subject, else empty text.

    Args:
        value: The name.
        allow: Control characters that are allowed.
    """
    character = control_character(value, allow=allow)
    return f"has the character {character}, which could control a terminal or be invisible in it" if character else ""


def check_names(**values: str) -> None:
    """Check text that is submitted with a run config, such as a group or a reason.

    Raises:
        ConfigError: One has a character that is not allowed.
    """
    problems = [
        Problem(path, fault, value=value, allowed=ALLOWED)
        for path, value in values.items()
        if (fault := name_fault(value))
    ]
    if problems:
        raise ConfigError("the request is not valid", problems, next_step="remove those characters; nothing was done")
