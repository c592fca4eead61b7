"""Named views of the dashboard: addresses under a name, in one file of the web server's home."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import MosaicError, UsageError, nearest
from gym_gui.runs import FileLock, name_fault, write_json_atomic

_LONGEST_NAME, _LONGEST_ADDRESS, _MOST_VIEWS = 80, 4000, 500
#: A page of the dashboard with its parameters; nothing that leads elsewhere.
_ADDRESS = re.compile(r"/(?!/|api/|static/|views/)[^\s\\#]*")
_LOCK_S = 10.0


class _File(msgspec.Struct, kw_only=True):
    schema: int = 1
    views: dict[str, str] = {}


class SavedViews:
    """The views of a home.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "web" / "views.json"

    def all(self) -> dict[str, str]:
        """Return the address of each view, by name, sorted.

        Raises:
            MosaicError: The file cannot be read.
        """
        return dict(sorted(self._read().views.items()))

    def get(self, name: str) -> str:
        """Return the address of a view.

        Raises:
            UsageError: There is no such view.
            MosaicError: The file cannot be read.
        """
        views = self._read().views
        if name not in views:
            near = nearest(name, views)
            raise UsageError(
                f"there is no view {name!r}" + (f"; did you mean {near!r}?" if near else ""),
                where=str(self._path),
                why="it was deleted, or it is of another machine's web server",
                next_step="choose one of: " + (", ".join(sorted(views)) or "none is saved"),
            )
        return views[name]

    def save(self, name: str, address: str) -> None:
        """Save an address under a name, in place of what had that name.

        Raises:
            UsageError: The name or the address is not allowed, or there are too many.
            MosaicError: The file cannot be read or written.
        """
        fault = name_fault(name)
        if not name.strip() or name != name.strip():
            fault = "is empty, or begins or ends with a space"
        elif len(name) > _LONGEST_NAME:
            fault = f"is longer than {_LONGEST_NAME} characters"
        if fault:
            raise UsageError(
                f"{name[:80]!r} cannot be the name of a view", why=f"it {fault}", next_step="choose another name"
            )
        if len(address) > _LONGEST_ADDRESS or not _ADDRESS.fullmatch(address):
            raise UsageError(
                "this address cannot be a view",
                where=address[:80],
                why=f"a view is a page of the dashboard, of at most {_LONGEST_ADDRESS:,} characters",
                next_step="save it from the page that it shows",
            )
        with self._changing() as file:
            if name not in file.views and len(file.views) >= _MOST_VIEWS:
                raise UsageError(f"there are {_MOST_VIEWS} views", next_step="delete some")
            file.views[name] = address

    def delete(self, name: str) -> None:
        """Delete a view.

        Raises:
            UsageError: There is no such view.
            MosaicError: The file cannot be read or written.
        """
        self.get(name)
        with self._changing() as file:
            file.views.pop(name, None)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[_File]:
        lock = FileLock(self._path.with_suffix(".lock"))
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not lock.acquire(_LOCK_S):
                raise MosaicError("the views are being changed", where=str(self._path), next_step="try again")
            try:
                file = self._read()
                yield file
                write_json_atomic(self._path, file)
            finally:
                lock.release()
        except OSError as error:
            raise self._failed(error) from None

    def _read(self) -> _File:
        try:
            return msgspec.json.decode(read_regular(self._path), type=_File)
        except FileNotFoundError:
            return _File()
        except (OSError, ValueError, RecursionError) as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> MosaicError:
        return MosaicError(
            "the views of the dashboard cannot be used",
            where=str(self._path),
            why=getattr(error, "strerror", None) or str(error),
            next_step="correct the file or its permissions, or remove it: it holds nothing but views",
        )
