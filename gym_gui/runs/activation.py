"""What activating a virtual environment sets, for a program that is started from one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def activated(program: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which what a program starts by name alone is that of its own virtual environment.

    Args:
        program: The program's path.
        environment: The variables that it is given. A ``VIRTUAL_ENV`` and the place of the environment's programs in a
            ``PATH`` that stand there are kept.

    Returns:
        ``PATH`` and ``VIRTUAL_ENV``; nothing for a program of no virtual environment.
    """
    folder = Path(program).parent
    if not (folder.parent / "pyvenv.cfg").is_file():
        return {}
    found = {"VIRTUAL_ENV": str(folder.parent)} if "VIRTUAL_ENV" not in environment else {}
    if str(folder) in environment.get("PATH", "").split(os.pathsep):
        return found
    path = environment.get("PATH", os.environ.get("PATH")) or os.defpath
    others = [place for place in path.split(os.pathsep) if place != str(folder)]
    return {**found, "PATH": os.pathsep.join([str(folder), *others])}
