"""Files that do not become whole are not kept for ever."""

from __future__ import annotations

import errno
import functools
import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.fleet import partial_files
from gym_gui.fleet.arrivals import Arrivals
from gym_gui.fleet.claims.uploads import Uploads
from gym_gui.fleet.orders import AttemptKey
from gym_gui.fleet.partial_files import PARTIAL_S, PartialFiles
from gym_gui.runs import RunFolder, new_run_id


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return what survives a power cut, in order: the files, and the folders with the names in them."""
    found: list[Path] = []
    fsync = os.fsync

    def sync(descriptor: int) -> None:
        found.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    return found


def test_what_was_answered_survives_a_power_cut(tmp_path: Path, synced: list[Path]) -> None:
    folder = RunFolder.of(tmp_path, new_run_id())
    folder.create()
    key = AttemptKey(folder.run_id, "000001", 1)
    digest = hashlib.sha256(b"abcd").hexdigest()
    arrivals, uploads = Arrivals(folder, key), Uploads(folder, key)

    def durable(act: Callable[[], object]) -> list[str]:
        synced.clear()
        act()
        parts = tmp_path / "fleet" / "parts"
        return [path.relative_to(folder.path).as_posix() for path in synced if parts not in path.parents]

    for name in ("a.bin", "b.bin"):  # the folders may be those of a call that has not come to its own end so far
        put = functools.partial(arrivals.put, f"checkpoints/000001/deep/{name}", 0, b"abcd", (4, digest))
        assert durable(put) == [
            "checkpoints/000001/deep",
            "checkpoints/000001",
            "checkpoints",
            ".",
        ]
    results = ["work/000001/results/0001", "work/000001/results", "work/000001", "work", "."]
    for _ in range(2):  # the second time the answer to the first was lost, maybe with what was to be synced
        assert durable(lambda: uploads.put("a" * 32, "x", 0, b"abcd", 4, digest)) == results
    log = folder.stdout_log("000001", 1).relative_to(folder.path).as_posix()
    assert durable(lambda: arrivals.append(log, 0, b"line\n")) == [log, "logs"]
    assert durable(lambda: arrivals.append(log, 5, b"line\n")) == [log]


def test_what_is_sent_again_after_an_error_of_the_disk_survives_a_power_cut(
    tmp_path: Path, synced: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder.of(tmp_path, new_run_id())
    folder.create()
    key = AttemptKey(folder.run_id, "000001", 1)
    digest = hashlib.sha256(b"abcd").hexdigest()
    arrivals, uploads = Arrivals(folder, key), Uploads(folder, key)
    log = folder.stdout_log("000001", 1)
    sync = os.fsync

    def fail(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(errno.EIO, "input/output error")
        sync(descriptor)

    def again(act: Callable[[], object]) -> list[Path]:
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", fail)
            with pytest.raises(OSError, match="input/output error"):
                act()
        synced.clear()
        act()
        return synced

    for path, act in {
        folder.checkpoints("000001") / "deep" / "a.bin": lambda: arrivals.put(
            "checkpoints/000001/deep/a.bin", 0, b"abcd", (4, digest)
        ),
        folder.work("000001") / "results" / "0001" / "x": lambda: uploads.put("a" * 32, "x", 0, b"abcd", 4, digest),
    }.items():
        above = list(path.parents)[: list(path.parents).index(folder.path) + 1]
        assert again(act)[-len(above) :] == above
        assert path.read_bytes() == b"abcd"
    assert log.parent in again(lambda: arrivals.append(log.relative_to(folder.path).as_posix(), 0, b"line\n"))


def test_what_no_more_comes_of_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.of(tmp_path, new_run_id())
    folder.create()
    key = AttemptKey(folder.run_id, "000001", 1)
    files = PartialFiles(tmp_path)
    files.sweep()  # nothing is there yet
    digest = hashlib.sha256(b"abcd").hexdigest()
    Uploads(folder, key).put("a" * 32, "x", 0, b"ab", 4, digest)
    Arrivals(folder, key).put("checkpoints/000001/a.bin", 0, b"ab", None)
    parts = sorted((tmp_path / "fleet" / "parts").iterdir())
    assert len(parts) == 2
    old = time.time() - PARTIAL_S - 1
    os.utime(parts[0], (old, old))
    files.sweep()
    assert len([*parts[0].parent.iterdir()]) == 2, "a moment after the look before"
    monkeypatch.setattr(partial_files, "SWEEP_S", 0.0)
    files.sweep()
    assert [*parts[0].parent.iterdir()] == parts[1:]
    assert Uploads(folder, key).put("b" * 32, "x", 0, b"abcd", 4, digest)
