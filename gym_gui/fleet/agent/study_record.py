"""What survives the agent of the plain calls: the study that runs, and its end while the server has not taken it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class StudyRecord:
    """A small file.

    Args:
        path: Where; ``None``: nothing is kept.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> dict[str, Any]:
        """Return what is kept; empty where there is nothing that can be read."""
        try:
            found = json.loads(self._path.read_bytes()) if self._path else {}
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def save(self, fields: dict[str, Any]) -> None:
        """Keep something in place of what is there.

        Raises:
            OSError: It cannot be written.
        """
        if self._path is None:
            return
        temporary = self._path.with_suffix(".tmp")
        descriptor = os.open(str(temporary), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump(fields, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(str(temporary), str(self._path))  # noqa: PTH105 - Python 3.8 on Windows

    def clear(self) -> None:
        """Forget it."""
        if self._path is not None and self._path.exists():
            self._path.unlink()
