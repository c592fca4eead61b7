from __future__ import annotations

import os
from pathlib import Path

import pytest

from gym_gui.core.owners import stranger
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import cache_file
from gym_gui.trainer.home import DaemonHome, DaemonInfo


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Give ``tmp_path`` with all in it to another user; return who that is."""
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 4242)
    if me:
        return me
    for path in (tmp_path, *tmp_path.rglob("*")):
        os.chown(path, 4343, -1)
    return 4343


def test_ones_own_and_roots_files_are_no_strangers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stranger(tmp_path) is None
    assert stranger(tmp_path / "none") is None
    assert stranger(Path("/")) is None
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert stranger(tmp_path) is None


def test_no_daemon_starts_in_another_users_home(tmp_path: Path, other: int) -> None:
    with pytest.raises(UsageError, match=rf"belongs to another user \(uid {other}\)"):
        DaemonHome(tmp_path).prepare()
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_another_user_wrote_is_not_believed(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "record"
    cache_file.write_cache(path, DaemonInfo(address="", pid=1, home_id="", version=""))
    assert cache_file.read_cache(path, DaemonInfo) is not None
    request.getfixturevalue("other")
    assert cache_file.read_cache(path, DaemonInfo) is None
