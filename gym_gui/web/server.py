"""Starts the web server: where it listens, what it prints, who may enter."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gym_gui.core.worker.errors import UsageError
from gym_gui.web.access import Access
from gym_gui.web.tokens import TokenStore

DEFAULT_PORT = 8787
_TRIES = 20
_LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Listening:
    """Where the server is reached.

    Args:
        host: The address to listen on.
        port: The port; ``None``: `DEFAULT_PORT`, or the next free one; 0: any.
        certificate: File of a TLS certificate.
        key: File of its key.
        public_names: Further names, with the port where it is not the usual one, under which browsers reach the server.
        behind_proxy: A proxy in front of it serves TLS.
        open_to_programs: Programs on other machines may claim runs without a token.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    certificate: Path | None = None
    key: Path | None = None
    public_names: Sequence[str] = ()
    behind_proxy: bool = False
    open_to_programs: bool = False

    @property
    def secure(self) -> bool:
        """Whether browsers reach it by TLS."""
        return self.certificate is not None or self.behind_proxy

    @property
    def takes_programs(self) -> bool:
        """Whether programs may claim runs without a token: those of this machine, or all if that was asked for."""
        only_here = is_loopback(self.host) and not self.behind_proxy and not self.public_names
        return only_here or self.open_to_programs

    def check(self) -> None:
        """Refuse what would let others read along.

        Raises:
            UsageError: Other machines could reach the server without TLS, or files are missing.
        """
        if (self.certificate is None) != (self.key is None):
            raise UsageError(
                "TLS needs a certificate and its key", next_step="give both: --tls-cert FILE --tls-key FILE"
            )
        for path in (self.certificate, self.key):
            if path is not None and not path.is_file():
                raise UsageError("there is no such file", where=str(path), next_step="name an existing file")
        if self.behind_proxy and not is_loopback(self.host):
            raise UsageError(
                "other machines could reach the server past its proxy",
                where=self.host,
                why="between the proxy and the server there is no TLS",
                next_step="leave out --host: the proxy reaches the server at 127.0.0.1",
            )
        if not is_loopback(self.host) and not self.secure:
            raise UsageError(
                "other machines could reach the server, and there is no TLS",
                where=self.host,
                why="tokens and everything else would travel readable",
                next_step="use a tunnel (ssh -L 8787:127.0.0.1:8787 HOST), or give --tls-cert and --tls-key, or leave"
                " out --host: behind a proxy on this machine that serves TLS, --behind-proxy with --public-name HOST",
            )
        if self.behind_proxy and not self.public_names:
            raise UsageError(
                "the proxy's name is unknown",
                where="--behind-proxy",
                next_step="name it as browsers do: --public-name HOST",
            )
        if is_unspecified(self.host) and not self.public_names:
            raise UsageError(
                "the server's name is unknown",
                where=self.host,
                why="it stands for all addresses of this machine, and is none that browsers can open",
                next_step="name the server as browsers do: --public-name HOST[:PORT]",
            )

    def check_certificate(self) -> None:
        """Refuse files that no TLS server can start with.

        Raises:
            UsageError: The certificate or its key cannot be read, or they are no pair.
        """
        if self.certificate is None or self.key is None:
            return
        try:
            # An empty password: OpenSSL would ask for one at the terminal.
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, password="")
        except OSError as error:
            raise UsageError(
                "the certificate and its key cannot be used",
                where=f"{self.certificate}, {self.key}",
                why=str(error),
                next_step="give a certificate and its own key as PEM files, the key without a password",
            ) from error

    def bind(self) -> socket.socket:
        """Return a socket that listens.

        Raises:
            UsageError: The address or the port cannot be had.
        """
        ports = [self.port] if self.port is not None else [*range(DEFAULT_PORT, DEFAULT_PORT + _TRIES), 0]
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        fault: OSError | None = None
        for port in ports:
            bound = socket.socket(family, socket.SOCK_STREAM)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                bound.bind((self.host, port))
                bound.listen(128)
            except OSError as error:
                bound.close()
                fault = error
            else:
                return bound
        assert fault is not None
        raise UsageError(
            f"the web server cannot listen at {self.host}, port {self.port or DEFAULT_PORT}",
            where="--host, --port",
            why=fault.strerror or str(fault),
            next_step="name another port, or any free one: --port 0",
        )

    def names(self, port: int) -> list[str]:
        """Return the values of ``Host`` that browsers send; the first one is that of the address to print.

        Args:
            port: The port that it listens on.
        """
        own = [] if is_unspecified(self.host) else [f"[{self.host}]" if ":" in self.host else self.host]
        usable = _LOOPBACK_NAMES if is_loopback(self.host) or is_unspecified(self.host) else ()
        hosts = dict.fromkeys([*own, *usable])
        usual = 443 if self.secure else 80
        local = [f"{host}:{port}" for host in hosts] + ([*hosts] if port == usual else [])
        # Without a proxy in front, a name without a port stands for the port that the server listens on.
        named = [name if self.behind_proxy or port == usual or _has_port(name) else f"{name}:{port}"
                 for name in self.public_names]  # fmt: skip
        return [*dict.fromkeys([*named, *self.public_names, *local])]


def serve(
    listening: Listening,
    store: TokenStore,
    make_app: Callable[[Access], object],
    *,
    announce: Callable[[str], None],
    open_browser: bool = False,
    page: str = "/",
) -> None:
    """Serve until interrupted.

    Args:
        listening: Where.
        store: The tokens.
        make_app: Makes the application.
        announce: Called with the address that lets its reader in, once the server listens.
        open_browser: Open it in the browser.
        page: The page that the announced address shows.

    Raises:
        UsageError: It cannot listen there.
        MosaicError: The tokens cannot be used.
    """
    import uvicorn

    from gym_gui.web.http_server import HttpServer

    listening.check()
    listening.check_certificate()
    bound = listening.bind()
    port = bound.getsockname()[1]
    names = listening.names(port)
    access = Access(store.all(), names, secure=listening.secure, open_to_programs=listening.takes_programs)
    address = f"{'https' if listening.secure else 'http'}://{names[0]}{page}#token={store.owner_token()}"
    config = uvicorn.Config(
        make_app(access),  # type: ignore[arg-type]
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,  # the guard's
        ws="none",
        ssl_certfile=listening.certificate,
        ssl_keyfile=None if listening.key is None else str(listening.key),
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
        forwarded_allow_ips="127.0.0.1" if listening.behind_proxy else "",
        proxy_headers=listening.behind_proxy,
        limit_concurrency=1000,
    )
    announce(address)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
    with contextlib.closing(bound), contextlib.suppress(KeyboardInterrupt):
        HttpServer(config).run(sockets=[bound])


def is_loopback(host: str) -> bool:
    """Return whether an address is reached from this machine alone."""
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def is_unspecified(host: str) -> bool:
    """Return whether an address stands for all of this machine's."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_unspecified
    return not host


def _has_port(name: str) -> bool:
    return ":" in name.rpartition("]")[2]
