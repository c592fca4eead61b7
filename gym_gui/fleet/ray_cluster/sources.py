"""The files of MOSAIC that a node needs: the agent's modules, the launcher, and the actor's."""

from __future__ import annotations

import shutil
from pathlib import Path

import gym_gui

_PACKAGE = Path(gym_gui.__file__).parent
#: Below the package; of the agent's modules all, whichever import each other.
_FILES = (
    "__init__.py",
    "core/__init__.py",
    "core/lazy_names.py",
    "fleet/__init__.py",
    "fleet/ray_cluster/__init__.py",
    "fleet/ray_cluster/actor.py",
    "fleet/ray_cluster/guard.py",
    "fleet/ray_cluster/relay.py",
    "supervision/launcher.py",
)


def copy_sources(folder: Path) -> Path:
    """Copy what a node needs; return the package's folder, which Ray sends to the nodes.

    Args:
        folder: Where to.

    Raises:
        OSError: It cannot be written.
    """
    package = folder / _PACKAGE.name
    for source in [*map(_PACKAGE.joinpath, _FILES), *(_PACKAGE / "fleet" / "agent").glob("*.py")]:
        target = package / source.relative_to(_PACKAGE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return package
