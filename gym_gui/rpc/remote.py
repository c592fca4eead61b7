"""A daemon elsewhere: its address, the file with its token, the certificate it is checked with. No gRPC here."""

from __future__ import annotations

import os
import shlex
import stat

import msgspec

from gym_gui.core.regular_files import open_stream
from gym_gui.core.worker.errors import UsageError

_TOKEN_LIMIT = 4096
_PORTS = range(1, 65536)


class RemoteDaemon(msgspec.Struct, frozen=True, kw_only=True):
    """Where a daemon is, and how the two sides trust each other."""

    address: str
    """``HOST:PORT``, or ``unix:PATH`` of a socket that ssh forwards."""
    token_file: str
    """Holds the token of the daemon's home."""
    ca_file: str | None = None
    """Certificate (PEM) that the daemon's is checked with; ``None``: those that this machine trusts."""
    plaintext: bool = False
    """Without TLS, to an address of this machine: any local program that takes the port gets the token."""

    def token(self) -> str:
        """Return the token.

        Raises:
            UsageError: It cannot be read, other users can read it, or it is something else.
        """
        try:
            with open_stream(os.path.realpath(self.token_file)) as stream:
                mode = os.fstat(stream.fileno()).st_mode
                content = stream.read(_TOKEN_LIMIT + 1)
        except OSError as error:
            raise self._no_token("the daemon's token cannot be read", error.strerror or str(error)) from None
        if stat.S_IMODE(mode) & 0o077:
            raise UsageError(
                "other users can read the daemon's token",
                where=self.token_file,
                next_step=f"chmod 600 {shlex.quote(self.token_file)}",
            )
        # Another file, a key for example, must not be sent by mistake.
        token = content.decode("ascii", "replace").strip()
        if not token:
            raise self._no_token("the daemon's token file is empty")
        if len(content) > _TOKEN_LIMIT or not all("!" <= character <= "~" for character in token):
            raise self._no_token("this file is not a daemon's token", "a token is one line of letters, digits, - and _")
        return token

    def _no_token(self, what: str, why: str = "") -> UsageError:
        return UsageError(
            what,
            where=self.token_file,
            why=why,
            next_step="copy the file token from the daemon's home, and name it: --token-file FILE",
        )


def check_address(address: str) -> str:
    """Return a daemon's address.

    Args:
        address: ``HOST:PORT``, ``[IPV6]:PORT`` or ``unix:PATH``.

    Raises:
        UsageError: It is none of these.
    """
    if address.startswith("unix:/"):
        return address
    host, colon, port = address.rpartition(":")
    plain = host.strip("[]") and (":" not in host or host.startswith("[")) and host.isprintable() and " " not in host
    if colon and plain and "/" not in host and port.isascii() and port.isdecimal() and int(port) in _PORTS:
        return address
    raise UsageError(
        f"{address!r} is not the address of a daemon",
        next_step="write HOST:PORT with the port that the daemon was given there, or unix:PATH of a forwarded socket",
    )
