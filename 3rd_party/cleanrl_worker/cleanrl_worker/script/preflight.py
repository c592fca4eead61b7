"""Finds what would stop a script, without running it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cleanrl_worker.sdk import Problem

if TYPE_CHECKING:
    from cleanrl_worker.config import CleanRLWorkerConfig


def check_script(config: CleanRLWorkerConfig) -> list[Problem]:
    """Return why a config's script cannot be run."""
    path = Path(str(config.script)).expanduser()
    if not path.is_file():
        near = sorted(other.name for other in path.parent.glob("*.py")) if path.parent.is_dir() else []
        allowed = f"a file; that folder has {', '.join(near[:10])}" if near else "the path of a Python file"
        return [Problem("script", "there is no such file", value=config.script, allowed=allowed)]
    problems = []
    try:
        compile(path.read_bytes(), str(path), "exec")
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        message = f"is not a Python program ({getattr(error, 'msg', error)}{line})"
        problems.append(Problem("script", message, value=config.script))
    except OSError as error:
        problems.append(Problem("script", f"cannot be read ({error.strerror})", value=config.script))
    if config.script_python and shutil.which(config.script_python) is None:
        message = "is not an interpreter that can be run"
        problems.append(Problem("script_python", message, value=config.script_python, allowed="a path, or null"))
    return problems
