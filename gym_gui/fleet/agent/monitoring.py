"""The plain calls of a monitoring server, as its clients make them: JSON, a new connection each time."""

from __future__ import annotations

import json
import ssl
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gym_gui.fleet.agent.server import Refused, Reply, exchange

#: Seconds without a word from the server after which a call, and a download, count as lost.
REQUEST_S, DOWNLOAD_S = 5.0, 30.0
#: Bytes that a config may have.
MAX_CONFIG = 64 << 20
_PORTS = {"http": 80, "https": 443}


class Monitoring:
    """A server of the plain calls.

    Args:
        url: Its address.
        token: A token that it wants, if any; it is sent to this server alone.
        ca_file: Certificates that are trusted, in place of the system's.
        config_hosts: Other hosts that configs may come from, ``HOST`` or ``HOST:PORT``.
    """

    def __init__(self, url: str, token: str = "", ca_file: str | None = None, config_hosts: Sequence[str] = ()) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._config_hosts = [host.lower() for host in config_hosts]
        self._context = ssl.create_default_context(cafile=ca_file) if ca_file else None

    def get(self, path: str, parameters: dict[str, str]) -> Any:
        """Return the JSON of a page.

        Args:
            path: Below the server's address.
            parameters: Of the query.

        Raises:
            Unreachable: It may be tried again.
            Refused: It may not.
        """
        return self._json(self._request(f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"))

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send JSON, and return the answer's.

        Args:
            path: Below the server's address.
            body: What is sent.

        Raises:
            Unreachable: It may be tried again.
            Refused: It may not.
        """
        return self._json(self._request(f"{self.url}{path}", json.dumps(body).encode("ascii")))

    def download(self, address: str) -> bytes:
        """Return a config, from this server or from another host that is allowed.

        Args:
            address: Of the config; relative ones are below the server's.

        Raises:
            Unreachable: It may be tried again.
            Refused: It may not, or it is on a host that is not allowed.
        """
        try:
            address = urllib.parse.urljoin(f"{self.url}/", address)
        except ValueError as error:
            raise _refused(f"the address of the config is none: {error}") from None
        self.check_config_address(address)
        opener = urllib.request.build_opener(
            urllib.request.HTTPSHandler(context=self._context), _CheckedRedirects(self.check_config_address)
        )
        return exchange(self._request(address), DOWNLOAD_S, opener=opener, limit=MAX_CONFIG).data

    def forward(
        self, method: str, address: str, body: bytes | None, headers: Mapping[str, str], timeout_s: float, *, own: bool
    ) -> Reply:
        """Send a request of another program, and return the response.

        Args:
            method: Its method.
            address: A path of this server, or a whole address.
            body: What it sends.
            headers: Those that are passed on.
            timeout_s: Seconds without a word from the server after which it counts as lost.
            own: It is meant for this server.

        Raises:
            Unreachable: It may be tried again.
            Refused: It may not.
        """
        request = self._request(f"{self.url}{address}" if own else address, body)
        request.method = method
        for name, value in headers.items():
            request.add_header(name, value)
        return exchange(request, timeout_s, self._context)

    def check_config_address(self, address: str) -> None:
        """Refuse an address that configs may not come from: a config decides what this machine does.

        Args:
            address: The whole address.

        Raises:
            Refused: It is another host than the server, and not an allowed one, or less protected.
        """
        scheme, host, port = _place(address)
        own = _place(self.url)
        if scheme not in _PORTS or not host or (own[0] == "https" and scheme != "https"):
            raise _refused(f"a config may not come by {scheme or 'an address without http'}: {address[:300]}")
        if (host, port) != own[1:] and not {host, f"{host}:{port}"} & set(self._config_hosts):
            raise _refused(
                f"the config is on another host than the server, {host}:{port}; if that is meant, allow it:"
                f" --config-host {host}"
            )

    def _request(self, address: str, data: bytes | None = None) -> urllib.request.Request:
        headers = {} if data is None else {"Content-Type": "application/json"}
        try:
            request = urllib.request.Request(address, data, headers)  # noqa: S310 - checked below
            if request.type not in _PORTS:
                raise ValueError(f"{request.type} is neither http nor https")
        except ValueError as error:
            raise Refused(400, {"error": {"what": str(error)}}) from None
        if self._token and _place(address) == _place(self.url):
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        return request

    def _json(self, request: urllib.request.Request) -> Any:
        reply: Reply = exchange(request, REQUEST_S, self._context, limit=MAX_CONFIG)
        if reply.status != 200:
            raise Refused(reply.status, {})
        return reply.json()


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects to addresses that are allowed.

    Args:
        check: Raises for those that are not.
    """

    def __init__(self, check: Callable[[str], None]) -> None:
        self._check = check

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        """Return the request that follows a redirect."""
        self._check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _place(address: str) -> tuple[str, str, int]:
    """Return scheme, host and port of an address."""
    try:
        parts = urllib.parse.urlsplit(address)
        return parts.scheme, (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


def _refused(why: str) -> Refused:
    return Refused(403, {"error": {"what": why}})
