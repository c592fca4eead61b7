"""Variables of an activated virtual environment, for a program started from one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def activated_environment(program: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``PATH`` and ``VIRTUAL_ENV`` of a program's virtual environment.

    Args:
        program: The program's path.
        environment: Its variables so far. An existing ``VIRTUAL_ENV``, and the position of the environment's programs
            in an existing ``PATH``, are kept.

    Returns:
        The variables to set; none for a program outside of a virtual environment.
    """
    folder = Path(program).parent
    if not (folder.parent / "pyvenv.cfg").is_file():
        return {}
    variables = {"VIRTUAL_ENV": str(folder.parent)} if "VIRTUAL_ENV" not in environment else {}
    if str(folder) in environment.get("PATH", "").split(os.pathsep):
        return variables
    path = environment.get("PATH", os.environ.get("PATH")) or os.defpath
    others = [place for place in path.split(os.pathsep) if place != str(folder)]
    return {**variables, "PATH": os.pathsep.join([str(folder), *others])}
