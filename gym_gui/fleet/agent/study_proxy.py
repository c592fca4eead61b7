"""A proxy on this machine between a study and the server: takes messages at once, sends them when the server can."""

from __future__ import annotations

import base64
import hmac
import json
import os
import secrets
import select
import socket
import socketserver
import sqlite3
import threading
import urllib.parse
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.fleet.agent.monitoring import DOWNLOAD_S, Monitoring
from gym_gui.fleet.agent.outbox import Outbox, OutboxSender
from gym_gui.fleet.agent.proxy_certificate import ProxyCertificate
from gym_gui.fleet.agent.server import Refused, Unreachable

#: Bytes of one request that are taken.
MAX_REQUEST = 256 << 20
#: The call whose messages are kept and sent later.
UPDATE = "/api/gui-update"
#: The calls that are passed on to the server: with the agent's token others could do more.
_CALLS = ("/api/gui-", "/api/heartbeat", "/api/assignment", "/api/super-studies")
_TUNNEL_S = 600.0
_DROPPED = (
    "connection", "proxy-connection", "keep-alive", "host", "content-length", "transfer-encoding", "authorization",
    "proxy-authorization", "accept-encoding",
)  # fmt: skip


class StudyProxy:
    """The proxy of this machine's studies.

    Args:
        server: Where messages go.
        folder: For messages that wait, and for certificates.
        hosts: Hosts that studies address, and that this server stands in for.
        say: Takes messages for the log.
    """

    def __init__(
        self, server: Monitoring, folder: Path, hosts: Sequence[str], say: Callable[[str], None] = print
    ) -> None:
        self.server = server
        self.hosts = [host.lower() for host in hosts]
        self.outbox = Outbox(folder / "outbox.db")
        self.certificate = ProxyCertificate.make(folder / "certificates", self.hosts, say) if self.hosts else None
        self._sender = OutboxSender(self.outbox, lambda body: server.post(UPDATE, body), say)
        place = _Place.load(folder / "proxy.json")
        self.secret = place.secret
        self._http = _listen(place.port)
        _Place(self._http.server_address[1], self.secret).save(folder / "proxy.json")
        self._http.proxy = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """Its address in place of the server's, with the secret that it asks for: others use this machine, too."""
        return f"http://127.0.0.1:{self._http.server_address[1]}/{self.secret}"

    @property
    def proxy_url(self) -> str:
        """Its address as a proxy of programs, with the secret."""
        return f"http://study:{self.secret}@127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> None:
        """Take requests, and send what waits."""
        self._sender.start()
        self._thread.start()

    def close(self) -> None:
        """Take no more requests; messages that wait are sent when the agent is started again."""
        self._http.shutdown()
        self._thread.join(10.0)
        self._http.server_close()
        self._sender.close()
        self.outbox.close()

    @property
    def drained(self) -> bool:
        """Whether the server has all messages."""
        return self.outbox.empty

    def environment(self) -> dict[str, str]:
        """Return the variables by which a study finds the proxy."""
        found = {"GOLIAT_MONITORING_URL": self.url}
        if self.hosts:
            names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
            found.update(
                dict.fromkeys(names, self.proxy_url), NO_PROXY="localhost,127.0.0.1", no_proxy="localhost,127.0.0.1"
            )
        if self.certificate is not None:
            bundle = str(self.certificate.bundle)
            found.update(REQUESTS_CA_BUNDLE=bundle, SSL_CERT_FILE=bundle, CURL_CA_BUNDLE=bundle)
        return found


class _Place(NamedTuple):
    """Where the proxy is found; kept, since a study may outlive the agent that started it."""

    port: int
    secret: str

    @classmethod
    def load(cls, path: Path) -> _Place:
        """Return the kept place, or a new one."""
        try:
            kept = json.loads(path.read_bytes())
            return cls(int(kept["port"]), str(kept["secret"]))
        except (OSError, ValueError, KeyError, TypeError):
            return cls(0, secrets.token_urlsafe(24))

    def save(self, path: Path) -> None:
        """Keep it, for this user alone.

        Raises:
            OSError: It cannot be written.
        """
        temporary = path.with_suffix(".tmp")
        descriptor = os.open(str(temporary), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(self._asdict(), stream)
        os.replace(str(temporary), str(path))  # noqa: PTH105 - Python 3.8 on Windows


def _listen(port: int) -> _Listener:
    """Listen at a port, or at any other if that is taken.

    Raises:
        OSError: There is none.
    """
    try:
        return _Listener(("127.0.0.1", port), _Handler)
    except OSError:
        return _Listener(("127.0.0.1", 0), _Handler)


class _Listener(ThreadingHTTPServer):
    """Serves each connection in a thread that ends with the agent."""

    daemon_threads = True
    block_on_close = False
    proxy: StudyProxy

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a study that was ended closes its connections."""


class _Handler(BaseHTTPRequestHandler):
    """One connection of a study."""

    protocol_version = "HTTP/1.1"
    server: _Listener
    timeout = 60.0
    _terminated = False
    """The study believes to speak with a host that this proxy stands in for."""

    def do_CONNECT(self) -> None:
        """Open a tunnel; to hosts that the proxy stands in for it leads to the proxy itself."""
        host, _, port = self.path.rpartition(":")
        proxy = self.server.proxy
        if not self._is_authorized():
            self._deny()
        elif host.lower() not in proxy.hosts:
            self._tunnel(host.strip("[]"), int(port) if port.isdigit() else 443)
        elif proxy.certificate is None:
            self._answer(502, {"error": f"{host} needs TLS, for which this machine would need the program openssl"})
        else:
            self._begin_tunnel()
            context = proxy.certificate.context
            self.connection = secured = context.wrap_socket(self.connection, server_side=True)
            self.rfile = secured.makefile("rb", -1)
            self.wfile = socketserver._SocketWriter(secured)  # type: ignore[attr-defined]  # as the class itself has it
            self._terminated, self.close_connection = True, False

    def do_GET(self) -> None:
        """Pass a request on."""
        self._pass_on()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815 - named by the protocol

    def log_message(self, *_: Any) -> None:
        """Say nothing: studies send many requests a second."""

    def finish(self) -> None:
        """End the connection."""
        super().finish()
        if self._terminated:  # the server itself closes the socket that it knows
            self.connection.close()

    def _pass_on(self) -> None:
        try:
            size = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            size = -1
        if not 0 <= size <= MAX_REQUEST or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._answer(413, {"error": f"a request of 0 to {MAX_REQUEST:,} bytes with its length is taken"})
            return
        body = self.rfile.read(size)
        try:
            address = urllib.parse.urlsplit(self.path)
            host = address.hostname or ""
        except ValueError as error:
            self._answer(400, {"error": f"the address is none: {error}"})
            return
        place, prefix = address.path or "/", f"/{self.server.proxy.secret}"
        if not address.netloc and not self._terminated:
            if not place.startswith(f"{prefix}/"):
                self._deny()
                return
            place = place[len(prefix) :]
        elif not self._terminated and not self._is_authorized():
            self._deny()
            return
        own = self._terminated or not address.netloc or host in self.server.proxy.hosts
        path = urllib.parse.urlunsplit(("", "", place, address.query, ""))
        if own and self.command == "POST" and place == UPDATE:
            self._keep(body)
        elif own and not place.startswith(_CALLS):
            self._answer(404, {"error": f"{place[:200]} is no call of a program, and is not passed on"})
        else:
            self._forward(path if own else self.path, body, own=own)

    def _is_authorized(self) -> bool:
        given = self.headers.get("Proxy-Authorization", "").partition(" ")[2].encode("latin-1", "replace")
        wanted = base64.b64encode(f"study:{self.server.proxy.secret}".encode("ascii"))
        return hmac.compare_digest(given, wanted)

    def _deny(self) -> None:
        self.close_connection = True
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="study"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _keep(self, body: bytes) -> None:
        """Keep a message, and answer for the server: the study never waits for the network."""
        try:
            message = json.loads(body)
            if not isinstance(message, dict):
                raise ValueError("not an object")
            self.server.proxy.outbox.put(message)
        except ValueError as error:
            self._answer(400, {"error": f"the message is not JSON: {error}"})
        except sqlite3.Error as error:
            self._answer(503, {"error": f"the message cannot be kept: {error}"})
        else:
            self._answer(200, {"ok": True})

    def _forward(self, address: str, body: bytes, *, own: bool) -> None:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _DROPPED}
        try:
            reply = self.server.proxy.server.forward(self.command, address, body or None, headers, DOWNLOAD_S, own=own)
        except Refused as refused:
            self._answer(refused.status, refused.body)
        except Unreachable as error:
            self._answer(502, {"error": str(error)})
        else:
            self._answer(reply.status, reply.data, reply.kind)

    def _answer(self, status: int, body: Any, kind: str = "application/json") -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode("ascii")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _begin_tunnel(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.wfile.flush()

    def _tunnel(self, host: str, port: int) -> None:
        """Pass bytes on in both directions until one side has nothing more to say."""
        try:
            other = socket.create_connection((host, port), timeout=DOWNLOAD_S)
        except OSError as error:
            self._answer(502, {"error": f"{host}:{port} does not answer: {error}"})
            return
        self.close_connection = True
        with other:
            self._begin_tunnel()
            ends = {self.connection: other, other: self.connection}
            while True:
                ready, _, _ = select.select(list(ends), [], [], _TUNNEL_S)
                for end in ready:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)
                if not ready:
                    return
