"""Checks that a home is not on a network file system, unsafe for databases and locks."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gym_gui.core.worker.errors import UsageError

#: Types as the kernel names them, by prefix. (`fuseblk` is a local disk behind FUSE: NTFS, exFAT.)
UNSUITABLE = {
    "nfs": "NFS",
    "lustre": "Lustre",
    "gpfs": "GPFS",
    "fuse": "FUSE",
    "cifs": "SMB",
    "smb": "SMB",
    "9p": "9P",
    "afs": "AFS",
    "ceph": "CephFS",
    "beegfs": "BeeGFS",
}
_ESCAPE = re.compile(r"\\([0-7]{3})")


def file_system(path: Path, mounts: str | None = None) -> str:
    """Return the file system type of a path (``ext4``, ``nfs4``, …), empty if unknown.

    Args:
        path: The path; it or its first existing parent counts.
        mounts: Contents of ``/proc/self/mounts``, if not that of this system.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return ""
    place = Path(os.path.realpath(path))
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[1])
        # The longest mount point that the path is in; of two at the same place, the later one covers the other.
        if len(point) >= best and place.is_relative_to(point):
            best, kind = len(point), fields[2]
    return kind


def check_home(home: Path, mounts: str | None = None) -> None:
    """Make sure that a home's file system is safe for databases and locks.

    Args:
        home: ``$MOSAIC_HOME``; it may not exist yet.
        mounts: Contents of ``/proc/self/mounts``, if not that of this system.

    Raises:
        UsageError: It lies on a network or user-space file system.
    """
    kind = file_system(home, mounts)
    if kind == "fuseblk":
        return
    for prefix, name in UNSUITABLE.items():
        if kind.startswith(prefix):
            raise UsageError(
                f"the home lies on {name} ({kind}), where databases and locks are not safe",
                where=str(home),
                why="two hosts could hold a run's lock at once and both write to its database",
                next_step="put the home on a local disk: export MOSAIC_HOME=/path/on/local/disk (or pass --home)",
            )
