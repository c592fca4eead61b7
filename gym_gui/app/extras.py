"""Whether the packages of an extra of MOSAIC are installed."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from importlib.util import find_spec

from gym_gui.core.worker.errors import UsageError


def check_extra(what: str, extra: str, packages: Mapping[str, str]) -> None:
    """Make sure that the packages of an extra are installed.

    Args:
        what: What needs them, for the user.
        extra: The extra.
        packages: Names of the packages by those of their modules.

    Raises:
        UsageError: One is missing; with the command that installs it.
    """
    missing = [package for module, package in packages.items() if find_spec(module) is None]
    if missing:
        raise UsageError(
            f"{what} needs {' and '.join(missing)}",
            where="this Python environment",
            why=f"MOSAIC was installed without its extra {extra!r}",
            next_step=f"{shlex.quote(sys.executable)} -m pip install 'mosaic-rl[{extra}]'",
        )
