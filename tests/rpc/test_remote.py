"""What names a daemon elsewhere is checked before anything is sent: its token file, its certificate, its address."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.remote import RemoteDaemon, check_address
from gym_gui.rpc.remote_route import RemoteRoute


def _daemon(token: Path, ca_file: Path | None = None) -> RemoteDaemon:
    return RemoteDaemon(address="192.0.2.7:50055", token_file=str(token), ca_file=str(ca_file) if ca_file else None)


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_token_may_be_linked_to(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(_file(tmp_path / "token", b"abc-_1\n"))
    assert _daemon(link).token() == "abc-_1"


@pytest.mark.parametrize(
    "content",
    [b"-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n", b"a\x01b", b"\xff\xfe", b"a" * 5000, b"a b"],
)
def test_another_file_is_not_sent_as_a_token(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(UsageError, match="not a daemon's token"):
        _daemon(_file(tmp_path / "token", content)).token()


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(UsageError, match="cannot be read") as caught:
        _daemon(tmp_path / "fifo").token()
    assert "FIFO" in caught.value.why


def test_a_suggested_command_survives_the_shell(tmp_path: Path) -> None:
    token = _file(tmp_path / "my token", b"abc")
    token.chmod(0o644)
    with pytest.raises(UsageError) as caught:
        _daemon(token).token()
    assert caught.value.next_step == f"chmod 600 '{token}'"


def test_a_certificate_that_is_none_is_refused_before_the_connection(tmp_path: Path) -> None:
    token = _file(tmp_path / "token", b"abc")
    for content in (b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"):
        wrong = _daemon(token, _file(tmp_path / "ca.pem", content))
        with pytest.raises(UsageError, match="certificate cannot be read"), RemoteRoute(wrong).open():
            pass


@pytest.mark.parametrize("address", ["a\x1b[31m:1", "a b:1", "a\n:1", "host", "host:0", ":1", "http://x:1"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="not the address"):
        check_address(address)
