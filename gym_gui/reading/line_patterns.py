"""Regular expressions of users, applied to lines of a log within bounded time.

Python's ``re`` may take years for some patterns, and lets no other thread run meanwhile. Whatever is more than plain
text is therefore matched in a process of its own, which is killed after a while.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Sequence

from gym_gui.core.worker.errors import ConfigError, Problem

#: Characters of a pattern.
MAX_PATTERN = 500
#: Seconds that all lines of one page may take.
LIMIT_S = 5.0
_SPECIAL = frozenset(".^$*+?{}[]\\|()")
_SCRIPT = """
import json, re, sys
asked = json.load(sys.stdin)
search = re.compile(asked["pattern"]).search
json.dump([index for index, line in enumerate(asked["lines"]) if search(line)], sys.stdout)
"""


def check_pattern(pattern: str) -> Problem | None:
    """Return what is wrong with a pattern, ``None`` if nothing."""
    if len(pattern) > MAX_PATTERN:
        return Problem("pattern", f"has {len(pattern):,} characters", allowed=f"at most {MAX_PATTERN}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return Problem(
            "pattern", f"is not a regular expression: {error}", value=pattern, allowed="as of Python's module re"
        )
    return None


def matching_lines(pattern: str, lines: Sequence[str]) -> list[int]:
    """Return the indices of the lines in which a pattern occurs.

    Args:
        pattern: A regular expression that :func:`check_pattern` finds nothing wrong with.
        lines: The lines.

    Raises:
        ConfigError: It takes too long.
    """
    if not _SPECIAL & set(pattern):
        return [index for index, line in enumerate(lines) if pattern in line]
    asked = json.dumps({"pattern": pattern, "lines": list(lines)})
    command = [sys.executable, "-I", "-S", "-W", "ignore", "-c", _SCRIPT]
    try:
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=LIMIT_S, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        slow = isinstance(error, subprocess.TimeoutExpired)
        why = f"takes longer than {LIMIT_S:g} s" if slow else "cannot be applied"
        problem = Problem("pattern", why, value=pattern, allowed="a pattern without repetitions within repetitions")
        raise ConfigError("the log cannot be searched", [problem], next_step="use a simpler pattern") from None
    found: list[int] = json.loads(done.stdout)
    return found
