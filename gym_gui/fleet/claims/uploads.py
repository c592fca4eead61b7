"""Files that programs upload: results, which are added to a run's, and pictures of windows, the latest of each."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from pathlib import Path

from gym_gui.core.regular_files import open_regular, read_regular
from gym_gui.fleet.arrivals import Mismatch, Unwelcome
from gym_gui.fleet.digests import sha256_of
from gym_gui.fleet.orders import AttemptKey
from gym_gui.fleet.partial_files import partial_path, put_in_place, sync_names
from gym_gui.fleet.study_state import safe_path
from gym_gui.runs import READ_ERRORS, RunFolder, write_json_atomic

#: Bytes of one uploaded file at most.
MAX_FILE = 512 << 20
#: Bytes of one picture at most.
MAX_PICTURE = 2 << 20
#: Pictures of one machine at most.
MAX_TABS = 40
_MAX_NAME, _MAX_DEPTH = 200, 32
_UPLOAD = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """The results of one attempt, below ``work/WORKER/results/`` of its run's folder.

    Args:
        folder: The run's folder.
        key: The attempt; 0 where none was claimed yet.
    """

    def __init__(self, folder: RunFolder, key: AttemptKey) -> None:
        self._folder = folder
        self._key = key

    def put(self, upload: str, name: str, offset: int, data: bytes, size: int, sha256: str) -> str:
        """Take a part of a file; the last part stores it. A file that is there already is kept, beside another one.

        Args:
            upload: Tells uploads apart: 32 hexadecimal digits.
            name: Where it is to be, as the program says: it leads nowhere else.
            offset: Where the part belongs.
            data: The part.
            size: Bytes of the whole.
            sha256: Of the whole, in hexadecimal.

        Returns:
            The file's path below the run's folder, empty before the last part.

        Raises:
            Unwelcome: The name or the size is not allowed.
            Mismatch: It is not what was announced.
            OSError: The disk refuses.
        """
        path = self._path(name)
        if not _UPLOAD.fullmatch(upload) or not 0 <= offset <= size:
            raise Unwelcome("the upload is malformed")
        if max(size, offset + len(data)) > MAX_FILE:
            raise Unwelcome(f"{name[:200]!r} is larger than {MAX_FILE:,} bytes")
        part = partial_path(self._folder, f"{self._key.worker_id}.{upload}")
        descriptor = open_regular(part, os.O_RDWR | os.O_CREAT)
        try:
            there = os.fstat(descriptor).st_size
            if offset > there:
                raise Mismatch(there, f"bytes {there:,} to {offset:,} are missing")
            os.pwrite(descriptor, data, offset)
            os.ftruncate(descriptor, offset + len(data))
            if offset + len(data) < size:
                return ""
            os.fsync(descriptor)
            if sha256_of(descriptor) != sha256:
                part.unlink(missing_ok=True)
                raise Mismatch(0, "it is not the file that was announced")
        finally:
            os.close(descriptor)
        return self._store(part, path, sha256)

    def _store(self, part: Path, path: Path, sha256: str) -> str:
        if path.is_symlink() or (path.exists() and _sha256(path) != sha256):  # additive: both are kept
            path = path.with_name(f"{path.stem[:150]}~{sha256[:12]}{path.suffix[:40]}")
        if path.exists() and not path.is_symlink():
            part.unlink(missing_ok=True)
            # The answer to the call that stored it may have been an error of the disk.
            sync_names(path, self._folder.path)
        else:
            put_in_place(part, path, self._folder.path)
        return path.relative_to(self._folder.path).as_posix()

    def _path(self, name: str) -> Path:
        """Return where a file goes.

        Raises:
            Unwelcome: Its name is too long, or a part of its path is a link.
        """
        parts = safe_path(self._key.attempt, name).split("/")
        long = any(len(part.encode("utf-8", "surrogateescape")) > _MAX_NAME for part in parts)
        if len(parts) < 2 or len(parts) > _MAX_DEPTH or long:
            raise Unwelcome(f"{name[:200]!r} is no usable name of a file")
        path = self._folder.work(self._key.worker_id) / "results"
        for part in parts:
            if path.is_symlink():
                raise Unwelcome(f"{name[:200]!r} leads through a link")
            path = path / part
        return path


class Pictures:
    """The latest picture of each window of each machine, in ``fleet/pictures/``.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._root = home / "fleet" / "pictures"
        self._lock = threading.Lock()

    def put(self, machine_id: str, tab: str, data: bytes) -> None:
        """Store a picture in place of the one before.

        Raises:
            Unwelcome: It is no JPEG or PNG, too large, or its name is not usable.
            OSError: The disk refuses.
        """
        if not tab or len(tab) > _MAX_NAME:
            raise Unwelcome("the picture has no usable name")
        if len(data) > MAX_PICTURE:
            raise Unwelcome(f"picture {tab[:100]!r} is larger than {MAX_PICTURE:,} bytes")
        if not kind_of_picture(data):
            raise Unwelcome(f"picture {tab[:100]!r} is neither a JPEG nor a PNG")
        folder = self._root / _hash(machine_id)
        with self._lock:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            names = self._names(machine_id)
            if tab not in names and len(names) >= MAX_TABS:
                raise Unwelcome(f"machine {machine_id[:100]} has {MAX_TABS} pictures already")
            temporary = folder / f".{_hash(tab)}.tmp"
            temporary.unlink(missing_ok=True)
            descriptor = open_regular(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
            temporary.replace(folder / _hash(tab))
            if tab not in names:
                write_json_atomic(folder / "names.json", [*names, tab], sync=False)

    def get(self, machine_id: str, tab: str) -> bytes:
        """Return the latest picture; empty: there is none.

        Args:
            machine_id: The machine.
            tab: The window, with or without an extension.
        """
        names = self._names(machine_id)
        wanted = next((name for name in names if tab == name), None)
        wanted = wanted or next((name for name in names if _bare(tab) == _bare(name)), None)
        if wanted is None:
            return b""
        try:
            return read_regular(self._root / _hash(machine_id) / _hash(wanted), MAX_PICTURE)
        except OSError:
            return b""

    def tabs(self, machine_id: str) -> list[str]:
        """Return the names of a machine's pictures."""
        return self._names(machine_id)

    def _names(self, machine_id: str) -> list[str]:
        try:
            found = json.loads(read_regular(self._root / _hash(machine_id) / "names.json"))
        except READ_ERRORS:
            return []
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []


def kind_of_picture(data: bytes) -> str:
    """Return the media type of a picture; empty: it is none."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/png" if data.startswith(b"\x89PNG\r\n\x1a\n") else ""


def _bare(tab: str) -> str:
    return re.sub(r"(?i)\.(jpe?g|png)$", "", tab).replace("/", "_").casefold()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _sha256(path: Path) -> str:
    descriptor = open_regular(path)
    try:
        return sha256_of(descriptor)
    finally:
        os.close(descriptor)
