"""File owners: only files of the own user or root may determine what is executed.

The owner of a folder controls its content. The home of another user can be read, but nothing is started because of its
content.
"""

from __future__ import annotations

import os
from pathlib import Path


def stranger(path: Path) -> int | None:
    """Return the owner's user id if it is another user's file, else ``None``.

    Files of root are trusted, and root trusts every file: working as root in a user's home is intentional.

    Args:
        path: A file or folder; a link is followed.
    """
    me = os.geteuid()
    try:
        owner = path.stat().st_uid
    except OSError:
        return None
    return owner if me and owner not in (0, me) else None
