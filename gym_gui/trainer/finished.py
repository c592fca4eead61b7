"""Whether a run that has ended was put in order, too."""

from __future__ import annotations

from gym_gui.core.regular_files import NotRegularFile, open_stream
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.private_files import private_files

#: Of a SQLite database's header: the file format's write version, and what it says of the write-ahead log.
_VERSION_AT, _WITH_LOG = 18, 2


def is_finished(folder: RunFolder) -> bool:
    """Return whether nothing is left to be done for a run that has ended.

    A proxy's last acts are to remove the private files and to turn the database's write-ahead log off, so that the
    folder can be copied and read by anyone. One that was killed before that has left something undone, and a successor
    does it.
    """
    if private_files(folder):
        return False
    try:
        with open_stream(folder.database) as database:
            header = database.read(_VERSION_AT + 1)
    except FileNotFoundError:
        return True
    except NotRegularFile:
        return False
    return len(header) > _VERSION_AT and header[_VERSION_AT] != _WITH_LOG
