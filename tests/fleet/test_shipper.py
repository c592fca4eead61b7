"""What an attempt wrote is shipped whole before its end is told, whatever the server says of single files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gym_gui.fleet.agent.server import Answer, Refused, Server
from gym_gui.fleet.agent.shipper import Shipper


class Home(Server):
    """A server that keeps files, and refuses as it is told to."""

    def __init__(self) -> None:
        super().__init__("http://home", "m1")
        self.files: dict[str, bytes] = {}
        self.refusals: list[Refused] = []

    def call(self, method: str, body: dict[str, Any], data: bytes | None = None, timeout_s: float = 0.0) -> Answer:
        if self.refusals:
            raise self.refusals.pop(0)
        known = self.files.get(body["path"], b"")
        if method == "append" and not data:
            return Answer({"size": len(known)}, b"")
        self.files[body["path"]] = known[: body["offset"]] + (data or b"")
        return Answer({"size": len(self.files[body["path"]])}, b"")


@pytest.fixture
def home() -> Home:
    return Home()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "work" / "w").mkdir(parents=True)
    return tmp_path


def shipper(home: Home, folder: Path) -> Shipper:
    return Shipper(home, folder, {"token": "t"}, ["log"], ["work/w"])


def test_a_file_that_did_not_arrive_is_not_whole_and_shipped_again(home: Home, folder: Path) -> None:
    """A repeated first part that came late made the server begin again: it refuses the rest."""
    (folder / "work" / "w" / "a").write_bytes(b"content")
    home.refusals = [Refused(409, {"size": 0})]
    shipping = shipper(home, folder)
    assert not shipping.ship_files(final=True)
    assert shipping.ship_files(final=True)
    assert home.files == {"work/w/a": b"content"}


def test_a_file_that_the_server_does_not_take_costs_no_other(home: Home, folder: Path) -> None:
    (folder / "work" / "w" / "a\\b").write_bytes(b"odd")
    (folder / "work" / "w" / "c").write_bytes(b"plain")
    home.refusals = [Refused(403, {"error": {"what": "no path of a run's file"}})]
    shipping = shipper(home, folder)
    assert shipping.ship_files(final=True)
    assert shipping.refused == {"work/w/a\\b": "no path of a run's file"}
    assert home.files == {"work/w/c": b"plain"}


def test_who_has_lost_the_attempt_ships_nothing_more(home: Home, folder: Path) -> None:
    (folder / "work" / "w" / "a").write_bytes(b"content")
    home.refusals = [Refused(409, {"stale": True})]
    with pytest.raises(Refused):
        shipper(home, folder).ship_files(final=True)


def test_a_log_that_is_truncated_loses_nothing(home: Home, folder: Path) -> None:
    (folder / "control").mkdir()
    log = folder / "log"
    log.write_bytes(b"one\ntwo\n")
    shipping = shipper(home, folder)
    assert shipping.ship_logs() == 8
    log.write_bytes(b"new\n")
    assert shipping.ship_logs() == 4
    with log.open("ab") as stream:
        stream.write(b"newer\n")
    assert shipper(home, folder).ship_logs() == 6, "also of the next agent"
    assert home.files["log"] == b"one\ntwo\nnew\nnewer\n"
