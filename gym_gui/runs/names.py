"""What a name, or free text that people read, must not hold: it is shown on terminals."""

from __future__ import annotations

from gym_gui.core.terminal_text import control_character
from gym_gui.core.worker.errors import ConfigError, Problem

#: What free text may hold that a name may not.
LINE_BREAKS_AND_TABS = "\n\r\t"
ALLOWED = "text without control, invisible or bidirectional characters"


def name_fault(value: str, *, allow: str = "") -> str:
    """Return what is wrong with a name as a clause without its subject; empty if nothing is.

    Args:
        value: The name.
        allow: Control characters that may stand in it all the same.
    """
    found = control_character(value, allow=allow)
    return f"holds the character {found}, which could act on a terminal or hide in one" if found else ""


def check_names(**values: str) -> None:
    """Check what comes beside a run config, such as a group or a reason.

    Raises:
        ConfigError: One holds what no name may.
    """
    problems = [
        Problem(path, fault, value=value, allowed=ALLOWED)
        for path, value in values.items()
        if (fault := name_fault(value))
    ]
    if problems:
        raise ConfigError(
            "the request is not valid", problems, next_step="leave those characters out; nothing was done"
        )
