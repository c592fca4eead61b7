from __future__ import annotations

import errno
from pathlib import Path

from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.process import DiskFullError
from gym_gui.workers.install_errors import of_disk


def test_what_is_said(home: Path) -> None:
    folder = EnvironmentFolder(home, "mine")
    folder.path.mkdir(parents=True)
    full = of_disk(OSError(errno.ENOSPC, "No space left on device"), folder)
    assert isinstance(full, DiskFullError)
    assert "MiB free at" in full.where
    other = of_disk(PermissionError(errno.EACCES, "Permission denied", "/somewhere"), folder)
    assert not isinstance(other, DiskFullError)
    assert (other.where, other.next_step) == ("/somewhere", "mosaic doctor")
    assert "Permission denied" in other.what
