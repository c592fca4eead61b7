"""The pages' files: served from memory, compressed once, with an ETag; the page itself for every other address."""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
from pathlib import Path
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from gym_gui.look import css

_COMPRESSED = ("text/", "application/json", "image/svg")
_SMALLEST = 500


class Asset(NamedTuple):
    """A file as it is served."""

    data: bytes
    compressed: bytes
    kind: str
    etag: str


def asset(path: str) -> Asset | None:
    """Return a file below ``static/``, ``None`` if there is none."""
    return _assets().get(path)


def respond(request: Request, path: str) -> Response:
    """Return the response for a file."""
    found = asset(path)
    if found is None:
        return Response("there is no such file\n", 404, media_type="text/plain")
    headers = {"etag": found.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if found.compressed and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.compressed, headers={**headers, "content-encoding": "gzip"}, media_type=found.kind)
    return Response(found.data, headers=headers, media_type=found.kind)


@functools.cache
def _assets() -> dict[str, Asset]:
    found = {"palette.css": _made("palette.css", css().encode())}
    _collect(Path(__file__).parent / "static", "", found)
    return found


def _collect(folder: Path, prefix: str, found: dict[str, Asset]) -> None:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                _collect(entry, f"{path}/", found)
        elif not entry.name.endswith((".py", ".pyc")):
            found[path] = _made(path, entry.read_bytes())


def _made(path: str, data: bytes) -> Asset:
    kind = mimetypes.guess_type(path)[0] or "text/plain"
    kind = "text/javascript" if path.endswith((".js", ".mjs")) else kind
    worth = len(data) >= _SMALLEST and kind.startswith(_COMPRESSED)
    compressed = gzip.compress(data, 9, mtime=0) if worth else b""
    return Asset(data, compressed, kind, f'"{hashlib.sha256(data).hexdigest()[:20]}"')
