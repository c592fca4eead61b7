"""From when until when a TLS certificate is valid, and what is to be said of that."""

from __future__ import annotations

import re
import ssl
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

#: Seconds before its end from which on a certificate is remarked on.
WARNING_S = 14 * 86400.0
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_SEQUENCE, _VERSION, _UTC_TIME, _GENERAL_TIME = 0x30, 0xA0, 0x17, 0x18


class Validity(NamedTuple):
    """Unix times between which a certificate, and those that signed it, are all valid."""

    starts_at: float
    ends_at: float

    def valid(self, now: float | None = None) -> bool:
        """Return whether it is valid now."""
        return self.starts_at <= (time.time() if now is None else now) <= self.ends_at

    def warning(self, now: float | None = None) -> str:
        """Return what is wrong with that now or soon, empty where nothing is."""
        now = time.time() if now is None else now
        if now < self.starts_at:
            return f"the TLS certificate is not valid before {_date(self.starts_at)}: clients refuse it until then"
        if now > self.ends_at:
            return f"the TLS certificate expired on {_date(self.ends_at)}: clients refuse it"
        if now > self.ends_at - WARNING_S:
            return f"the TLS certificate expires on {_date(self.ends_at)}, in {(self.ends_at - now) / 86400:.1f} days"
        return ""


def read_validity(path: Path) -> Validity:
    """Return the validity of the certificates in a PEM file.

    Raises:
        OSError: It cannot be read.
        ValueError: It holds no certificate, or a damaged one.
    """
    found = [_validity(ssl.PEM_cert_to_DER_cert(block)) for block in _PEM.findall(path.read_text("ascii", "replace"))]
    if not found:
        raise ValueError(f"{path} contains no certificate")
    return Validity(max(each.starts_at for each in found), min(each.ends_at for each in found))


def _validity(der: bytes) -> Validity:
    """Return the validity of one certificate: the fourth field of its signed part, or the fifth after a version."""
    try:
        signed = _fields(_fields(der)[0][1])[0][1]
        fields = [(tag, value) for tag, value in _fields(signed) if tag != _VERSION]
        tag, period = fields[3]
        (start_tag, start), (end_tag, end) = _fields(period)
        if tag != _SEQUENCE:
            raise ValueError(tag)
        return Validity(_time(start_tag, start), _time(end_tag, end))
    except (IndexError, UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"the certificate cannot be read: {error}") from None


def _fields(data: bytes) -> list[tuple[int, bytes]]:
    """Return tag and value of each field in DER (tags of one byte)."""
    fields, position = [], 0
    while position < len(data):
        tag, size = data[position], data[position + 1]
        position += 2
        if size & 0x80:
            count = size & 0x7F
            size, position = int.from_bytes(data[position : position + count], "big"), position + count
        fields.append((tag, data[position : position + size]))
        position += size
    return fields


def _time(tag: int, value: bytes) -> float:
    form = {_UTC_TIME: "%y%m%d%H%M%SZ", _GENERAL_TIME: "%Y%m%d%H%M%SZ"}.get(tag)
    if form is None:
        raise ValueError(f"no time has the tag {tag}")
    text = value.decode("ascii")
    moment = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
    if tag == _UTC_TIME and moment.year >= 2050:  # X.509: two digits stand for 1950 to 2049
        moment = moment.replace(year=moment.year - 100)
    return moment.timestamp()


def _date(at: float) -> str:
    return datetime.fromtimestamp(at, tz=timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
