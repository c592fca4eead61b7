"""Where the server listens: what is refused, under which names it answers, which address it prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.web.server import Listening


@pytest.fixture
def tls(tmp_path: Path) -> dict[str, Path]:
    """A certificate and a key, by the names that `Listening` has for them."""
    files = {"certificate": tmp_path / "cert.pem", "key": tmp_path / "key.pem"}
    for path in files.values():
        path.touch()
    return files


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "lab"])
def test_behind_a_proxy_only_this_machine_is_listened_to(host: str) -> None:
    with pytest.raises(UsageError, match="past its proxy") as caught:
        Listening(host, behind_proxy=True, public_names=["runs.example.org"]).check()
    assert "--host" in caught.value.next_step
    with pytest.raises(UsageError, match="no TLS"):
        Listening(host).check()
    Listening(behind_proxy=True, public_names=["runs.example.org"]).check()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_all_addresses_need_a_name(tls: dict[str, Any], host: str) -> None:
    with pytest.raises(UsageError, match="name is unknown") as caught:
        Listening(host, **tls).check()
    assert "--public-name" in caught.value.next_step
    Listening(host, **tls, public_names=["runs.example.org"]).check()


@pytest.mark.parametrize(
    ("listening", "port", "first", "others"),
    [
        ({}, 8787, "127.0.0.1:8787", {"localhost:8787", "[::1]:8787"}),
        ({}, 80, "127.0.0.1:80", {"127.0.0.1", "localhost"}),
        ({"host": "::1"}, 8787, "[::1]:8787", {"localhost:8787"}),
        ({"host": "192.168.1.5", "tls": True}, 8787, "192.168.1.5:8787", set()),
        ({"host": "fd00::5", "tls": True}, 8787, "[fd00::5]:8787", set()),
        ({"host": "0.0.0.0", "tls": True, "public_names": ["lab"]}, 8787, "lab:8787", {"lab", "127.0.0.1:8787"}),
        ({"host": "0.0.0.0", "tls": True, "public_names": ["lab:9000"]}, 8787, "lab:9000", {"localhost:8787"}),
        ({"host": "::", "tls": True, "public_names": ["[fd00::5]"]}, 8787, "[fd00::5]:8787", {"[::1]:8787"}),
        ({"host": "0.0.0.0", "tls": True, "public_names": ["lab"]}, 443, "lab", {"127.0.0.1"}),
        ({"behind_proxy": True, "public_names": ["runs.example.org"]}, 8787, "runs.example.org", {"127.0.0.1:8787"}),
    ],
)
def test_names_and_the_address_to_print(
    tls: dict[str, Any], listening: dict[str, Any], port: int, first: str, others: set[str]
) -> None:
    files = tls if listening.pop("tls", False) else {}
    names = Listening(**listening, **files).names(port)
    assert names[0] == first
    assert others <= set(names)
    assert not any(name.startswith(("0.0.0.0", "[::]")) for name in names)


def test_files_that_are_no_certificate_are_refused_before_the_address_is_announced(tls: dict[str, Path]) -> None:
    for path in tls.values():
        path.write_text("no PEM\n")
    with pytest.raises(UsageError, match="cannot be used"):
        Listening(**tls).check_certificate()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("listening", "is_open"),
    [
        (Listening(), True),
        (Listening("::1"), True),
        (Listening(public_names=("lab.example",)), False),
        (Listening(behind_proxy=True, public_names=("lab.example",)), False),
        (Listening("0.0.0.0"), False),
        (Listening("0.0.0.0", open_to_programs=True), True),
    ],
)
def test_programs_need_no_token_on_this_machine_alone(listening: Listening, is_open: bool) -> None:
    assert listening.takes_programs is is_open
