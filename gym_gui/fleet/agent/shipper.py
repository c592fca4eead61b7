"""Ships what an attempt writes: logs byte by byte as they grow, other files whole when they have changed."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.server import Refused, Server

#: Bytes of one call.
CHUNK = 1 << 20
_CHANGING_NS = 1_000_000_000


class Shipper:
    """What one attempt has shipped, and has still to ship.

    Args:
        server: Where to.
        folder: The run's folder on this machine.
        lease: Fields that name attempt and token in every call.
        logs: Names of its logs, below the folder.
        folders: Folders whose files belong to it, below the folder.
    """

    def __init__(
        self, server: Server, folder: Path, lease: dict[str, Any], logs: list[str], folders: list[str]
    ) -> None:
        self._server = server
        self._folder = folder
        self._lease = lease
        self._logs = logs
        self._folders = folders
        self._sizes: dict[str, int] = {}
        """Bytes of each log that the server has."""
        self._cut_path = folder / "control" / "logs-cut.json"
        self._cut: dict[str, int] = self._read_cut()
        """Of logs that were truncated here: how much the server had by then. What follows is appended to that."""
        self._shipped: dict[str, tuple[int, int]] = {}
        """Size and modification time of files as they were shipped."""
        self.refused: dict[str, str] = {}
        """Files that the server does not take, and why."""

    def ship_logs(self) -> int:
        """Ship what was appended to the logs; return how many bytes.

        Raises:
            Unreachable: Some of it could not be shipped now.
            Refused: The machine may not.
        """
        return sum(self._ship_log(name) for name in self._logs)

    def ship_files(self, *, final: bool) -> bool:
        """Ship the files that are new or have changed; return whether the server has all that it takes.

        A file that it does not take is left out and stands in :attr:`refused`.

        Args:
            final: Nothing writes any more; before, files that were written a moment ago are left for later.

        Raises:
            Unreachable: Some of it could not be shipped now.
            Refused: The machine may not.
        """
        whole = True
        for name, path in self._files():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            version = (status.st_size, status.st_mtime_ns)
            if self._shipped.get(name) == version:
                continue
            if not final and time.time_ns() - status.st_mtime_ns < _CHANGING_NS:
                whole = False
            elif self._ship_or_refuse(name, path):
                self._shipped[name] = version
            else:
                whole = False
        return whole

    def _ship_or_refuse(self, name: str, path: Path) -> bool:
        """Ship a file, or note that the server does not take it; return whether it is to be tried again otherwise."""
        try:
            return self.ship_file(name, path)
        except Refused as refused:
            if refused.stale:
                raise
            self.refused[name] = str(refused)
            return True

    def ship_file(self, name: str, path: Path) -> bool:
        """Ship a file as it is now; return ``False`` where it changed meanwhile or is gone.

        Raises:
            Unreachable: It could not be shipped now.
            Refused: The machine may not.
        """
        digest, offset = hashlib.sha256(), 0
        try:
            with path.open("rb") as stream:
                total = os.fstat(stream.fileno()).st_size
                while True:
                    part = stream.read(CHUNK)
                    digest.update(part)
                    fields: dict[str, Any] = {"path": name, "offset": offset}
                    if offset + len(part) >= total:
                        fields.update(size=offset + len(part), sha256=digest.hexdigest())
                    self._call("put", fields, part)
                    offset += len(part)
                    if "size" in fields:
                        return True
                    if not part:
                        return False
        except OSError:
            return False
        except Refused as refused:
            if refused.stale or "size" not in refused.body:
                raise
            return False

    def _ship_log(self, name: str) -> int:
        path = self._folder / name
        if name not in self._sizes:
            if not path.exists():
                return 0
            self._sizes[name] = int(self._call("append", {"path": name, "offset": 0}, b"").get("size", 0))
        shipped = 0
        try:
            with path.open("rb") as stream:
                if os.fstat(stream.fileno()).st_size < self._sizes[name] - self._cut.get(name, 0):
                    self._note_cut(name)
                while True:
                    stream.seek(self._sizes[name] - self._cut.get(name, 0))
                    part = stream.read(CHUNK)
                    if not part:
                        return shipped
                    self._sizes[name] = self._append(name, part)
                    shipped += len(part)
        except FileNotFoundError:
            return shipped

    def _note_cut(self, name: str) -> None:
        """Note that a log was truncated: its bytes from the start on are new, and those before are at the server."""
        self._cut[name] = self._sizes[name]
        temporary = self._cut_path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self._cut), "ascii")
        os.replace(str(temporary), str(self._cut_path))  # noqa: PTH105 - Python 3.8 on Windows

    def _read_cut(self) -> dict[str, int]:
        try:
            return dict(json.loads(self._cut_path.read_bytes()))
        except FileNotFoundError:
            return {}

    def _append(self, name: str, part: bytes) -> int:
        """Append to a log at the server; return its size there."""
        try:
            answer = self._call("append", {"path": name, "offset": self._sizes[name]}, part)
        except Refused as refused:
            known = refused.body.get("size")
            if refused.stale or not isinstance(known, int) or known >= self._sizes[name]:
                raise
            return known  # the server lost what it had not written through: send it again
        return int(answer.get("size", self._sizes[name] + len(part)))

    def _call(self, method: str, fields: dict[str, Any], data: bytes) -> dict[str, Any]:
        return self._server.call(method, {**self._lease, **fields}, data, timeout_s=30.0).body

    def _files(self) -> list[tuple[str, Path]]:
        found = []
        for top in self._folders:
            for root, folders, names in os.walk(str(self._folder / top)):
                folders[:] = [each for each in folders if not os.path.islink(os.path.join(root, each))]  # noqa: PTH114, PTH118
                for name in names:
                    path = Path(root) / name
                    if path.is_file() and not path.is_symlink():
                        found.append((path.relative_to(self._folder).as_posix(), path))
        return sorted(found)
