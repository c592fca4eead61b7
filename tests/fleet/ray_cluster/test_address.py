from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gym_gui.fleet.ray_cluster.address import default_address, unreachable


def test_the_default_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    assert default_address() == "auto"
    monkeypatch.setenv("RAY_ADDRESS", " head:6379 ")
    assert default_address() == "head:6379"


def test_the_cluster_of_this_machine_is_where_ray_wrote_it_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    assert unreachable("auto") == "no Ray cluster runs on the daemon's machine"
    (tmp_path / "ray").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        (tmp_path / "ray" / "ray_current_cluster").write_text(address)
        assert unreachable("auto") == ""
        assert unreachable(f"ray://{address}") == ""
    assert unreachable("auto") == f"no Ray cluster answers at {address} (Connection refused)"


@pytest.mark.parametrize("address", ["127.0.0.1:x", ":6379", "ray://", "127.0.0.1:99999999"])
def test_odd_addresses_are_refused(address: str) -> None:
    assert address in unreachable(address)


def test_what_another_library_resolves_is_left_to_ray() -> None:
    assert unreachable("anyscale://somewhere") == ""
