"""Certificate and key for calls from other machines."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

import grpc

from gym_gui.core.worker.errors import UsageError
from gym_gui.trainer import Validity, read_validity


@dataclass(frozen=True)
class TlsFiles:
    """Where they lie.

    Args:
        certificate: PEM file with the daemon's certificate, and those that signed it.
        key: PEM file with its private key, without a password.
    """

    certificate: Path
    key: Path

    def validity(self) -> Validity:
        """Return from when until when the certificate is valid.

        Raises:
            UsageError: It cannot be read.
        """
        try:
            return read_validity(self.certificate)
        except (OSError, ValueError) as error:
            raise self._unusable(str(error)) from None

    def _unusable(self, why: str) -> UsageError:
        return UsageError(
            "TLS certificate and key cannot be used",
            where=f"{self.certificate}, {self.key}",
            why=why,
            next_step="name PEM files that belong together, the key without a password",
        )

    def credentials(self) -> grpc.ServerCredentials:
        """Read them.

        Raises:
            UsageError: A file cannot be read, others can read the key, or the two do not belong together.
        """
        try:
            if self.key.stat().st_mode & 0o077:
                raise UsageError(
                    "the daemon's private key can be read by other users",
                    where=str(self.key),
                    next_step=f"chmod 600 {self.key}",
                )
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(self.certificate, self.key, password="")
            return grpc.ssl_server_credentials([(self.key.read_bytes(), self.certificate.read_bytes())])
        except (OSError, ssl.SSLError) as error:
            raise self._unusable(str(error)) from None
