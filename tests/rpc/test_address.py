from __future__ import annotations

import asyncio
import socket

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.address import check_bind, choose_port


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1"])
def test_this_machines_own_addresses_are_fine(host: str) -> None:
    assert check_bind(host) == host


def test_localhost_is_an_address() -> None:
    assert check_bind("localhost") == "127.0.0.1"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.1", "example.org", "", "127.0.0.1.evil.org"])
def test_all_others_are_refused_with_a_way_out(host: str) -> None:
    with pytest.raises(UsageError, match="does not listen on") as caught:
        check_bind(host)
    assert "ssh" in caught.value.next_step


def test_a_free_port_is_taken_as_named() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert asyncio.run(choose_port("127.0.0.1", port)) == port
    assert asyncio.run(choose_port("127.0.0.1", 0)) == 0


def test_the_setting_counts_where_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_DAEMON_PORT", "0")
    assert asyncio.run(choose_port("127.0.0.1", None)) == 0


def test_a_taken_port_is_refused() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(UsageError, match="is taken by another program"):
            asyncio.run(choose_port("127.0.0.1", other.getsockname()[1]))
