from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.lock import FileLock
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.trainer.home import DaemonHome, DaemonInfo

ME = ProcessIdentity.own()
INFO = DaemonInfo(
    address="127.0.0.1:1", pid=ME.pid, home_id="x", version="0", socket="daemon.sock",
    boot_id=ME.boot_id, pid_ns=ME.pid_ns, start_ticks=ME.start_ticks,
)  # fmt: skip


def test_a_home_is_private(tmp_path: Path) -> None:
    home = DaemonHome(tmp_path / "new" / "home")
    home.prepare()
    assert stat.S_IMODE(home.path.stat().st_mode) == 0o700
    assert stat.S_IMODE(home.token_file.stat().st_mode) == 0o600
    assert len(home.token()) > 30


def test_token_and_id_are_drawn_once(tmp_path: Path) -> None:
    home = DaemonHome(tmp_path)
    drawn = set()

    def prepare() -> None:
        home.prepare()
        drawn.add((home.token(), home.home_id()))

    threads = [threading.Thread(target=prepare) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(drawn) == 1


def test_a_home_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written") as caught:
        DaemonHome(tmp_path / "file" / "home").prepare()
    assert "--home" in caught.value.next_step


def test_a_daemon_is_believed_only_while_it_holds_the_lock(tmp_path: Path) -> None:
    home = DaemonHome(tmp_path)
    home.prepare()
    assert home.daemon() is None
    lock = FileLock(home.lock_file)
    assert lock.acquire()
    assert home.daemon() is None
    home.announce(INFO)
    assert home.daemon() == INFO
    lock.release()
    assert home.daemon() is None
    home.withdraw()
    home.withdraw()


def test_a_damaged_daemon_file_tells_of_no_daemon(tmp_path: Path) -> None:
    home = DaemonHome(tmp_path)
    home.prepare()
    lock = FileLock(home.lock_file)
    assert lock.acquire()
    home.info_file.write_text('{"address": ')
    assert home.daemon() is None
    lock.release()


def test_a_missing_token_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="token"):
        DaemonHome(tmp_path).token()


@pytest.mark.parametrize("name", ["logs", "runs"])
def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(UsageError) as caught:
        DaemonHome(tmp_path).prepare()
    assert caught.value.where == str(tmp_path / name)
    assert caught.value.next_step.startswith(f"mv {tmp_path / name} ")
