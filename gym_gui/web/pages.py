"""The pages' files: served from memory, compressed once, with an ETag; the page itself for every other address."""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

import gym_gui
from gym_gui.look import css
from gym_gui.web.bundle import bundle

#: Where the agent is downloaded, as one file.
AGENT_PATH = "/worker_agent.py"
_COMPRESSED = ("text/", "application/json", "image/svg")
_SMALLEST = 500
_STATIC = Path(__file__).parent / "static"
_STYLES = ("vendor/uplot.css", "style.css")
#: The page that a browser needs one script for; its address, and its module.
_FIRST, _FIRST_MODULE = "/", "pages/runs.js"


@dataclass(frozen=True)
class Asset:
    """A file as it is served."""

    data: bytes
    kind: str
    etag: str

    @functools.cached_property
    def compressed(self) -> bytes:
        """The file compressed; empty where that is not worth it."""
        worth = len(self.data) >= _SMALLEST and self.kind.startswith(_COMPRESSED)
        return gzip.compress(self.data, 9, mtime=0) if worth else b""


def asset(path: str) -> Asset | None:
    """Return a file below ``static/``, ``None`` if there is none."""
    return _assets().get(path)


def respond_page(request: Request) -> Response:
    """Return the response for the address of a page."""
    return respond(request, "index.html" if request.url.path == _FIRST else "page.html")


def respond(request: Request, path: str) -> Response:
    """Return the response for a file."""
    found = asset(path)
    return (
        Response("there is no such file\n", 404, media_type="text/plain") if found is None else _serve(request, found)
    )


def respond_agent(request: Request) -> Response:
    """Return the response for the agent as one file."""
    return _serve(request, _agent())


def _serve(request: Request, found: Asset) -> Response:
    lasting = request.query_params.get("v") == found.etag.strip('"')
    keep = "public, max-age=31536000, immutable" if lasting else "no-cache"
    headers = {"etag": found.etag, "cache-control": keep, "vary": "accept-encoding"}
    if found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", "") and found.compressed:
        return Response(found.compressed, headers={**headers, "content-encoding": "gzip"}, media_type=found.kind)
    return Response(found.data, headers=headers, media_type=found.kind)


@functools.cache
def _agent() -> Asset:
    from gym_gui.fleet import single_file

    return _made("worker_agent.py", single_file(gym_gui.__version__).encode())


@functools.cache
def _assets() -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    _collect(_STATIC, "", found)
    scripts = bundle(lambda path: (_STATIC / path).read_text("utf-8"), "app.js", [_FIRST_MODULE])
    styles = [css(), *((_STATIC / path).read_text("utf-8") for path in _STYLES)]
    for name, text in zip(("bundle.js", "rest.js", "all.css"), (*scripts, "\n".join(styles)), strict=True):
        found[name] = _made(name, text.encode())
    page = (_STATIC / "index.html").read_text("utf-8")
    for name in ("bundle.js", "rest.js", "all.css"):  # a changed file has another address: it can be kept for ever
        page = page.replace(f"/static/{name}", f"/static/{name}?v={found[name].etag.strip(chr(34))}")
    first = "".join(line for line in page.splitlines(keepends=True) if "data-loaded-later" not in line)
    found["index.html"], found["page.html"] = _made("index.html", first.encode()), _made("page.html", page.encode())
    return found


def _collect(folder: Path, prefix: str, found: dict[str, Asset]) -> None:
    for entry in folder.iterdir():
        path = f"{prefix}{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                _collect(entry, f"{path}/", found)
        elif not entry.name.endswith((".py", ".pyc", ".d.ts")):
            found[path] = _made(path, entry.read_bytes())


def _made(path: str, data: bytes) -> Asset:
    kind = mimetypes.guess_type(path)[0] or "text/plain"
    kind = "text/javascript" if path.endswith((".js", ".mjs")) else kind
    return Asset(data, kind, f'"{hashlib.sha256(data).hexdigest()[:20]}"')
