"""The certificate of the proxy: made by the program openssl, trusted by this machine's studies alone."""

from __future__ import annotations

import contextlib
import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

_DAYS = "825"
_OPENSSL_S = 60.0
#: Where systems have all certificates that they trust in one file.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
)  # fmt: skip


class ProxyCertificate(NamedTuple):
    """A certificate for hosts that a proxy stands in for."""

    context: ssl.SSLContext
    """With it the proxy speaks TLS."""
    bundle: Path
    """Certificates that a study trusts: the system's, and the one of the proxy."""

    @classmethod
    def make(cls, folder: Path, hosts: Sequence[str], say: Callable[[str], None]) -> ProxyCertificate | None:
        """Make a certificate; return ``None``, and say so, where that cannot be done.

        Args:
            folder: For its files; they are made again each time, and the key of the authority is removed at once.
            hosts: The hosts.
            say: Takes messages for the log.
        """
        program = shutil.which("openssl")
        if program is None:
            say("There is no program openssl: what studies send to https addresses cannot be taken by the proxy")
            return None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_files(program, folder, hosts)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(str(folder / "proxy.pem"), str(folder / "proxy.key"))
            bundle = folder / "trusted.pem"
            trusted = _system_certificates()
            if not trusted:
                say(
                    "The certificates that this system trusts cannot be listed: studies reach https addresses through"
                    " the proxy alone"
                )
            temporary = folder / "trusted.tmp"
            temporary.write_text(trusted + (folder / "authority.pem").read_text("ascii"), "ascii")
            os.replace(str(temporary), str(bundle))  # noqa: PTH105 - Python 3.8 on Windows; a study may be reading it
        except subprocess.CalledProcessError as error:
            say(
                f"openssl cannot make the proxy's certificate: {error.output.decode('utf-8', 'replace').strip()[-500:]}"
            )
            return None
        except (OSError, subprocess.SubprocessError) as error:
            say(f"The proxy's certificate cannot be made: {error}")
            return None
        return cls(context, bundle)


def _make_files(program: str, folder: Path, hosts: Sequence[str]) -> None:
    """Make ``authority.pem``, and ``proxy.pem`` with ``proxy.key``, which it has signed.

    Raises:
        OSError: The folder cannot be written.
        subprocess.SubprocessError: openssl fails.
    """
    names = ",".join(f"DNS:{host}" for host in hosts)
    (folder / "authority.cnf").write_text(
        "[req]\nprompt=no\ndistinguished_name=name\nx509_extensions=authority\n[name]\nCN=MOSAIC agent\n"
        "[authority]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n",
        "ascii",
    )
    (folder / "proxy.cnf").write_text(
        f"basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth\n"
        f"subjectAltName={names}\nauthorityKeyIdentifier=keyid\n",
        "ascii",
    )
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-config", "authority.cnf", "-sha256"]
    signer = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-extfile", "proxy.cnf", "-sha256"]
    for words in (
        ["req", "-x509", *key, "-days", _DAYS, "-keyout", "authority.key", "-out", "authority.pem"],
        ["req", *key, "-keyout", "proxy.key", "-out", "proxy.csr"],
        ["x509", "-req", "-in", "proxy.csr", *signer, "-days", _DAYS, "-out", "proxy.pem"],
    ):
        subprocess.run(
            [program, *words],
            cwd=str(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_OPENSSL_S,
            check=True,
        )
    (folder / "authority.key").unlink()  # with it others could be made that studies trust


def _system_certificates() -> str:
    """Return the certificates that this system trusts, as PEM."""
    context = ssl.create_default_context()
    path = ssl.get_default_verify_paths().cafile
    if path:
        context.load_verify_locations(path)
    found = "".join(ssl.DER_cert_to_PEM_cert(each) for each in context.get_ca_certs(binary_form=True))
    # Certificates of a folder are read when they are needed, and are not listed.
    for bundle in () if found else _BUNDLES:
        with contextlib.suppress(OSError, ValueError):
            return Path(bundle).read_text("ascii")
    return found
