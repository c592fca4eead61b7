"""Whose files a program may be told by what to run: its user's own, and root's.

Whoever owns a folder decides what lies in it. A home of somebody else's can be read, but nothing is started because of
what it says.
"""

from __future__ import annotations

import os
from pathlib import Path


def stranger(path: Path) -> int | None:
    """Return the user id that something belongs to if it is somebody else's; ``None`` where it is not, or is not there.

    Root's is nobody else's, and for root nothing is: whoever works as root in a user's home means to.

    Args:
        path: A file or folder; a link is followed.
    """
    me = os.geteuid()
    try:
        owner = path.stat().st_uid
    except OSError:
        return None
    return owner if me and owner not in (0, me) else None
