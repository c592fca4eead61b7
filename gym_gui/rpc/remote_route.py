"""How a client reaches a daemon elsewhere: through TLS, or a socket that ssh forwards, with the token of a file."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.rpc.channel import REMOTE_OPTIONS, private_socket
from gym_gui.rpc.remote import RemoteDaemon
from gym_gui.rpc.route import Target

_UNIX = "unix:"
_CERTIFICATES_LIMIT = 16 << 20
_CERTIFICATE_FAULTS = ("CERTIFICATE_VERIFY_FAILED", "Hostname Verification Check failed")
_EXPIRED = "CERTIFICATE_VERIFY_FAILED: certificate has expired"
#: What gRPC says of a failure, and what that stands for.
_CAUSES = {
    "WRONG_VERSION_NUMBER": "what answers there does not use TLS",
    "Failed parsing HTTP/2": "what answers there is not a daemon",
    "Connection refused": "nothing listens there: it does not run, the port is another one, or the tunnel is down",
    "No such file or directory": "there is no such socket: the tunnel is down",
    "Domain name not found": "there is no machine of this name",
}


@dataclass(frozen=True)
class RemoteRoute:
    """The way to a daemon elsewhere; needs no home.

    Args:
        remote: Where it is, and how it is trusted.
    """

    remote: RemoteDaemon
    patience_s = 10.0
    stream_tries = float("inf")
    stream_patience_s = 60.0
    """A daemon that is started again within this time is found again."""

    @property
    def address(self) -> str:
        """Its address."""
        return self.remote.address

    @property
    def where(self) -> str:
        """Its address."""
        return self.remote.address

    @contextlib.contextmanager
    def open(self) -> Iterator[Target]:
        """Give the way to the address.

        Raises:
            UsageError: The token or the certificate cannot be read, or the address may be anybody's.
        """
        token = self.remote.token()
        if self.address.startswith(_UNIX):
            with private_socket(Path(self.address.removeprefix(_UNIX))) as address:
                yield Target(address, REMOTE_OPTIONS, None, token)
            return
        if self.remote.plaintext:
            self._check_loopback()
            yield Target(self.address, REMOTE_OPTIONS, None, token)
            return
        yield Target(self.address, REMOTE_OPTIONS, grpc.ssl_channel_credentials(self._roots()), token)

    def is_hopeless(self, details: str) -> bool:
        """Return whether no other try can succeed: the certificate stays what it is."""
        return any(text in details for text in _CERTIFICATE_FAULTS)

    def unreachable(self, details: str = "") -> MosaicError:
        """Return the error for a daemon that does not answer, or may not be the one that is meant."""
        if _EXPIRED in details:
            return UsageError(
                "the daemon's certificate has expired, so nothing was sent there",
                where=self.where,
                why="it is past the end of its validity, by the clock of this machine",
                next_step="make another and start the daemon with it, on its machine: mosaic daemon run --tls-cert FILE"
                " --tls-key FILE; then copy it here, if --tls-ca or the context names it",
            )
        if self.is_hopeless(details):
            return UsageError(
                "the daemon's certificate is not trusted, so nothing was sent there",
                where=self.where,
                why=_certificate_fault(details),
                next_step="name the certificate that it is checked with: --tls-ca FILE",
            )
        why = next((why for text, why in _CAUSES.items() if text in details), "")
        if not why and (self.remote.plaintext or self.address.startswith(_UNIX)):
            why = "it does not run, or the tunnel to it is down"
        return MosaicError(
            "the trainer daemon does not answer",
            where=self.where,
            why=why or "it does not run, or the address is wrong or blocked",
            next_step="look there, on its machine: mosaic daemon status",
        )

    def refused(self) -> MosaicError:
        """Return the error for a daemon that refuses the token."""
        return UsageError(
            "the trainer daemon refused the token",
            where=self.where,
            why=f"{self.remote.token_file} is of another home, or the token has been replaced since it was copied",
            next_step="copy the file token from the daemon's home again",
        )

    def _roots(self) -> bytes | None:
        if self.remote.ca_file is None:
            return None
        try:
            content = read_regular(os.path.realpath(self.remote.ca_file), _CERTIFICATES_LIMIT)
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=content.decode("ascii"))
        except (OSError, ValueError) as error:
            is_other = isinstance(error, ssl.SSLError | ValueError)
            raise UsageError(
                "the certificate cannot be read",
                where=self.remote.ca_file,
                why="it is not a certificate in PEM" if is_other else getattr(error, "strerror", "") or str(error),
                next_step="name the PEM file that the daemon's certificate is checked with: --tls-ca FILE",
            ) from None
        return content

    def _check_loopback(self) -> None:
        host = self.address.rpartition(":")[0].strip("[]")
        with contextlib.suppress(ValueError):
            if host == "localhost" or ipaddress.ip_address(host).is_loopback:
                return
        raise UsageError(
            "the token is not sent without TLS to another machine",
            where=self.address,
            next_step="leave out --no-tls; or forward the socket of its home: ssh -L ./mosaic.sock:HOME/daemon.sock"
            " MACHINE, then --daemon unix:$PWD/mosaic.sock",
        )


def _certificate_fault(details: str) -> str:
    """Return what is wrong with a certificate, by gRPC's text."""
    if "Hostname Verification" in details:
        return "it is for another name or address than this one"
    return details.partition("CERTIFICATE_VERIFY_FAILED: ")[2].partition(": ")[0] or "it cannot be verified"
