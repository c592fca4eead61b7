from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from daemons import move_dates
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.trainer.certificate import WARNING_S, Validity, read_validity
from gym_gui.trainer.home import DaemonHome

DAY_S = 86400.0
MOSAIC = [sys.executable, "-c", "import sys; from gym_gui.cli.main import main; sys.exit(main())"]


def make(folder: Path, days: int, name: str = "cert") -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", str(days), "-subj", f"/CN={name}", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    key.chmod(0o600)
    return certificate, key


@pytest.mark.parametrize("days", [1, 20, 3650, 365 * 60])
def test_dates_are_read_as_openssl_wrote_them(tmp_path: Path, days: int) -> None:
    before = time.time()
    certificate, _ = make(tmp_path, days)
    valid = read_validity(certificate)
    assert before - 2 <= valid.starts_at <= time.time() + 2
    assert valid.ends_at - valid.starts_at == pytest.approx(days * DAY_S, abs=2)
    assert valid.valid()


def test_of_a_chain_the_narrowest_dates_count(tmp_path: Path) -> None:
    long, short = make(tmp_path, 400, "long")[0], make(tmp_path, 5, "short")[0]
    short.write_text(long.read_text() + short.read_text())
    assert read_validity(short).ends_at < read_validity(long).ends_at - 300 * DAY_S


def test_it_is_remarked_on_from_14_days_before_its_end() -> None:
    valid = Validity(1000.0, 1000.0 + 100 * DAY_S)
    assert "not valid before" in valid.warning(999.0)
    assert valid.warning(1000.0) == ""
    assert valid.warning(valid.ends_at - WARNING_S - 1) == ""
    assert "expires on 1970-04-11 00:16 UTC, in 14.0 days" in valid.warning(valid.ends_at - WARNING_S + 1)
    assert "expired on" in valid.warning(valid.ends_at + 1)
    assert [valid.valid(now) for now in (999.0, 1000.0, valid.ends_at, valid.ends_at + 1)] == [False, True, True, False]


@given(st.binary(max_size=80))
def test_what_is_no_certificate_is_refused(tmp_path_factory: Any, data: bytes) -> None:
    import base64

    path = tmp_path_factory.getbasetemp() / "no_certificate.pem"
    text = base64.encodebytes(data).decode()
    path.write_text(f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n")
    with pytest.raises(ValueError, match="certificate"):
        read_validity(path)


@pytest.fixture(params=[(-200, "expired on"), (200, "is not valid before"), (-95, "expires on"), (0, "")])
def serving(daemon_home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """A daemon with a certificate: what is to be said of it, and what it said at its start."""
    days, said = request.param
    certificate, key = make(tmp_path, 100)
    move_dates(certificate, days)
    log = tmp_path / "stderr"
    command = [*MOSAIC, "daemon", "run", "--home", str(daemon_home), "--port", "0"]
    command += ["--host", "127.0.0.1", "--tls-cert", str(certificate), "--tls-key", str(key)]
    with log.open("w") as stderr:
        process = subprocess.Popen(command, env=dict(os.environ), stderr=stderr)
    deadline = time.monotonic() + 100
    while DaemonHome(daemon_home).daemon() is None and time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
    yield said, log.read_text()
    process.terminate()
    process.wait(60)


def test_the_daemons_commands_and_doctor_tell(serving: tuple[str, str], daemon_home: Path) -> None:
    said, at_start = serving
    assert (f"warning: the TLS certificate {said}" in at_start) == bool(said)
    told = {}
    for words in (["daemon", "status"], ["daemon", "start"], ["doctor"]):
        command = [*MOSAIC, *words, "--home", str(daemon_home)]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
        told[words[-1]] = ended.stdout + ended.stderr
    if said:
        assert all(f"the TLS certificate {said}" in text for text in told.values()), told
    else:
        assert "ok        certificate: valid for more than 14 days" in told["doctor"]
        assert "TLS certificate" not in told["status"] + told["start"]
