"""Figures that were taken are on disk: a daemon that is killed loses none, and the next one writes each once."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core import regular_files
from gym_gui.fleet.claims.attempts import SPOOL_S, SPOOLED, STORED, ClaimedAttempts
from gym_gui.fleet.claims.figures import FIGURE_S
from gym_gui.fleet.claims.messages import read_message
from gym_gui.fleet.claims.spool import FigureSpool, Spooled
from gym_gui.fleet.lease import EXPIRED
from gym_gui.fleet.orders import AttemptKey
from gym_gui.runs import RunFolder


class Clock:
    """A monotonic clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "01J0000000000000000000000A")
    folder.create()
    return folder


@pytest.fixture
def attempts(tmp_path: Path, clock: Clock) -> ClaimedAttempts:
    return ClaimedAttempts(tmp_path, 300.0, clock)


@pytest.fixture
def key(attempts: ClaimedAttempts, folder: RunFolder) -> AttemptKey:
    return attempts.grant(folder, "000001", "m1")


def progress(attempts: ClaimedAttempts, key: AttemptKey, *percents: int, stage: str = "s") -> list[str]:
    """Report how far a stage is, each answered before the next one; return what became of each."""
    found = []
    for percent in percents:
        message = {"type": "stage_progress", "name": stage, "current": percent, "total": 100}
        found.append(attempts.report(key, message, read_message(message, 1.7e9)))
        attempts.commit()
    return found


def values(folder: RunFolder, stage: str = "s") -> list[Any]:
    """Return the values of a stage that are in the log, in order."""
    found = []
    for line in folder.stdout_log("000001", 1).read_text().splitlines():
        with contextlib.suppress(ValueError):
            found.append(json.loads(line).get("values", {}).get(f"stage/{stage}"))
    return [value for value in found if value is not None]


def next_daemon(tmp_path: Path, clock: Clock) -> ClaimedAttempts:
    """Return what a daemon has that begins after this one was killed, once it has looked."""
    attempts = ClaimedAttempts(tmp_path, 300.0, clock)
    attempts.finish_due()
    return attempts


def full(path: Any, data: bytes) -> None:
    """Write a half, as a disk that is full then."""
    with Path(path).open("ab") as stream:
        stream.write(data[: len(data) // 2])
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_waited_when_the_daemon_was_killed_is_written_once(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts, key: AttemptKey
) -> None:
    assert progress(attempts, key, 1, 2, 3) == [STORED, SPOOLED, SPOOLED]
    assert values(folder) == [1]
    for _ in range(3):
        attempts = next_daemon(tmp_path, clock)
        assert values(folder) == [1, 3]
    progress(attempts, key, 3)
    clock.now += FIGURE_S
    attempts.finish_due()
    assert values(folder) == [1, 3, 3], "a value that is sent again is another one"


def test_no_figure_goes_back(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts, key: AttemptKey
) -> None:
    """What was written without the spool is newer than what that has."""
    progress(attempts, key, 1, 2)
    clock.now += FIGURE_S
    progress(attempts, key, 3)
    assert values(folder) == [1, 3]
    later = next_daemon(tmp_path, clock)
    assert values(folder) == [1, 3]
    progress(later, key, 4, 5)
    next_daemon(tmp_path, clock)
    assert values(folder) == [1, 3, 4, 5]


def test_each_figure_stands_for_itself(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts, key: AttemptKey
) -> None:
    progress(attempts, key, 1)
    progress(attempts, key, 2, stage="t")
    progress(attempts, key, 3)
    next_daemon(tmp_path, clock)
    assert (values(folder), values(folder, "t")) == ([1, 3], [2])


def test_messages_before_the_next_daemon_has_looked_and_an_end_without_one(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts, key: AttemptKey
) -> None:
    progress(attempts, key, 1, 2)
    progress(attempts, key, 7, stage="t")
    progress(ClaimedAttempts(tmp_path, 300.0, clock), key, 3)
    assert (values(folder), values(folder, "t")) == ([1, 3], [7])
    last = ClaimedAttempts(tmp_path, 300.0, clock)
    progress(last, key, 4, 5)
    last = ClaimedAttempts(tmp_path, 300.0, clock)
    last.watch(folder)
    last.end(key, EXPIRED, "silent")
    assert values(folder) == [1, 3, 4, 5]
    next_daemon(tmp_path, clock)
    assert values(folder) == [1, 3, 4, 5]


@pytest.mark.parametrize("cut", [1, 20])
def test_a_line_in_which_the_daemon_was_killed_spoils_no_other(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts, key: AttemptKey, cut: int
) -> None:
    progress(attempts, key, 1, 2)
    log = folder.stdout_log("000001", 1)
    for path in (log, tmp_path / "fleet" / "figures.jsonl"):
        with path.open("ab") as stream:
            stream.write(path.read_bytes().splitlines()[-1][:cut])
    later = next_daemon(tmp_path, clock)
    assert values(folder) == [1, 2]
    progress(later, key, 3, 4)
    next_daemon(tmp_path, clock)
    assert values(folder)[-1] == 4


def test_messages_together_are_one_append(tmp_path: Path) -> None:
    spool = FigureSpool(tmp_path)
    keys = [AttemptKey("R", "000001", number) for number in (1, 2)]
    for key in keys:
        for value in (1.0, 2.0):
            spool.add(Spooled(key, 0, {"a": value}, 5))
    assert not (tmp_path / "figures.jsonl").exists()
    spool.commit()
    assert len((tmp_path / "figures.jsonl").read_bytes().splitlines()) == 2
    found = FigureSpool(tmp_path).read()
    assert [found[key].values for key in keys] == [{"a": 2.0}] * 2


def test_it_is_begun_anew_once_its_figures_are_in_the_logs(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts, key: AttemptKey
) -> None:
    progress(attempts, key, 1, 2)
    clock.now = SPOOL_S + 0.1
    progress(attempts, key, 3, 4)
    attempts.finish_due()
    assert values(folder) == [1, 3, 4]
    assert not FigureSpool(tmp_path / "fleet").read()


def test_it_is_begun_anew_though_the_log_of_one_attempt_cannot_be_written(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts, key: AttemptKey
) -> None:
    other = RunFolder(tmp_path / "runs" / "01J0000000000000000000000B")
    other.create()
    removed = attempts.grant(other, "000001", "m2")
    progress(attempts, removed, 1, 2)
    shutil.rmtree(other.path)
    for _ in range(3):
        clock.now += SPOOL_S + 0.1
        progress(attempts, key, 3, 4)
        attempts.finish_due()
        assert [*FigureSpool(tmp_path / "fleet").read()] == [removed]
    assert values(folder)[-1] == 4


def test_what_the_disk_refuses_is_not_half_there_and_comes_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attempts: ClaimedAttempts, key: AttemptKey, folder: RunFolder
) -> None:
    progress(attempts, key, 1, 2)
    spool = tmp_path / "fleet" / "figures.jsonl"
    before = spool.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(regular_files, "append", full)
        with pytest.raises(OSError, match="No space"):
            progress(attempts, key, 3)
        assert spool.read_bytes() == before
    attempts.commit()
    (left,) = FigureSpool(tmp_path / "fleet").read().values()
    assert left.values == {"stage/s": 3}


def test_a_figure_that_the_log_refuses_is_not_half_there(
    monkeypatch: pytest.MonkeyPatch, attempts: ClaimedAttempts, key: AttemptKey, folder: RunFolder
) -> None:
    before = folder.stdout_log("000001", 1).read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(regular_files, "append", full)
        with pytest.raises(OSError, match="No space"):
            progress(attempts, key, 1)
    assert folder.stdout_log("000001", 1).read_bytes() == before
    progress(attempts, key, 2)
    assert values(folder) == [2]


def test_files_that_cannot_be_read_stop_no_daemon(
    tmp_path: Path, clock: Clock, attempts: ClaimedAttempts, key: AttemptKey, folder: RunFolder
) -> None:
    progress(attempts, key, 1, 2)
    os.mkfifo(tmp_path / "fleet" / "figures.before.jsonl")
    with (tmp_path / "fleet" / "figures.jsonl").open("ab") as stream:
        stream.write(b"\xff\xfe garbage\n[1]\n\n")
    next_daemon(tmp_path, clock)
    assert values(folder) == [1, 2]
