"""Receives a study's HTTP calls on this machine: messages, windows' pictures, results."""

from __future__ import annotations

import email
import email.policy
import json
import re
import secrets
import select
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

#: Bytes of one request at most.
MAX_REQUEST = 256 << 20
_UPDATE, _PICTURES, _HEARTBEAT = "/api/gui-update", "/api/gui-screenshots", "/api/heartbeat"
_ASSIGNMENT = re.compile(r"/api/assignments/[^/]+/(claim|results)")
#: Seconds that calls which came before the end have to be taken.
_LAST_S = 10.0
_UNSAFE = re.compile(r"[^\w.() -]+")


class Receiver:
    """An HTTP server on the loopback interface; its address holds a secret, since others may use the machine.

    Args:
        take: Called with each message, from the threads of the server.
        folder: ``screenshots`` and ``results`` below it get the study's files.
    """

    def __init__(self, take: Callable[[dict[str, Any]], None], folder: Path) -> None:
        self._secret = secrets.token_urlsafe(24)
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.take, self._server.folder, self._server.prefix = take, folder, f"/{self._secret}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="goliat-receiver", daemon=True
        )

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join(10.0)
        self._server.take_rest(_LAST_S)
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address: ``GOLIAT_MONITORING_URL`` of the study."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/{self._secret}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # one that hangs does not hold up the end
    timeout = 0.0  # of `handle_request`, which only takes what waits
    take: Callable[[dict[str, Any]], None]
    folder: Path
    prefix: str

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open = 0
        self._closed = threading.Condition()

    def take_rest(self, seconds: float) -> None:
        """Take the calls that came before the end; the server accepts none any more.

        Args:
            seconds: Wait for those that are not whole for as long as this.
        """
        while select.select([self.socket], [], [], 0)[0]:
            self.handle_request()
        with self._closed:
            self._closed.wait_for(lambda: not self._open, seconds)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take a call in a thread of its own."""
        with self._closed:
            self._open += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a call, whatever became of it."""
        super().shutdown_request(request)
        with self._closed:
            self._open -= 1
            self._closed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a study that was ended closes its connections."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 30.0

    def do_POST(self) -> None:
        """Take a call of the study."""
        try:
            size = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            size = -1
        path = self.path.partition("?")[0]
        if not 0 <= size <= MAX_REQUEST:
            self._answer(413, {"error": f"a call has 0 to {MAX_REQUEST:,} bytes"})
            return
        body = self.rfile.read(size)
        if not path.startswith(f"{self.server.prefix}/"):
            self._answer(404, {"error": "send calls to GOLIAT_MONITORING_URL"})
            return
        self._dispatch(path[len(self.server.prefix) :], body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: studies send many calls a second."""

    def _dispatch(self, path: str, body: bytes) -> None:
        call = _ASSIGNMENT.fullmatch(path)
        if path == _UPDATE:
            self._take_message(body)
        elif path == _HEARTBEAT or (call and call[1] == "claim"):
            self._answer(200, {"ok": True})
        elif path == _PICTURES or call:
            try:
                kind = "screenshots" if path == _PICTURES else "results"
                count = save_parts(body, self.headers.get("Content-Type", ""), self.server.folder / kind)
                self._answer(200, {"stored": count})
            except (OSError, ValueError) as error:
                self._answer(400, {"error": str(error)})
        else:
            self._answer(404, {"error": f"{path[:200]} is not a call of a study"})

    def _take_message(self, body: bytes) -> None:
        try:
            message = json.loads(body)
            message = message.get("message", message)
            if not isinstance(message, dict):
                raise ValueError("message is not an object")
        except (ValueError, AttributeError, RecursionError) as error:
            self._answer(400, {"error": f"the message cannot be read: {error}"})
            return
        self.server.take(message)
        self._answer(200, {"ok": True})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def save_parts(body: bytes, content_type: str, folder: Path) -> int:
    """Save the files of a multipart request under safe names; return how many.

    Args:
        body: The request's body.
        content_type: Its header, with the boundary.
        folder: Where the files go; ``relativePath`` of the request names a folder below it.

    Raises:
        ValueError: It is not multipart.
        OSError: A file cannot be written.
    """
    head = f"Content-Type: {content_type}\r\n\r\n".encode("latin-1", "replace")
    parsed = email.message_from_bytes(head + body, policy=email.policy.HTTP)
    if not parsed.is_multipart():
        raise ValueError("the call has no files: it is not multipart")
    parts: Any = parsed.iter_parts()  # type: ignore[attr-defined]
    below = ""
    files: list[tuple[str, bytes]] = []
    for part in parts:
        name = str(part.get_param("name", "", header="content-disposition"))
        data: bytes = part.get_payload(decode=True) or b""
        if part.get_filename() is not None:
            files.append((part.get_filename() if name == "files" else name, data))
        elif name == "relativePath":
            below = data.decode("utf-8", "replace")
    target = folder.joinpath(*_safe(below))
    for name, data in files:
        path = target.joinpath(*_safe(name) or ["file"])
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f"{path.name}.tmp")
        unfinished.write_bytes(data)
        unfinished.replace(path)
    return len(files)


def _safe(path: str) -> list[str]:
    """Return the parts of a path that stay below a folder on any system."""
    parts = [_UNSAFE.sub("_", part).strip(". ")[:120] for part in re.split(r"[/\\]+", path)]
    return [part for part in parts if part]
