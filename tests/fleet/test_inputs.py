"""Which files of other runs an attempt begins with, and that a machine gets each of them once and whole."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.fleet import inputs
from gym_gui.fleet.agent.inputs import INPUT, InputStore
from gym_gui.fleet.arrivals import Arrivals, Unwelcome
from gym_gui.fleet.digests import sha256_of
from gym_gui.fleet.inputs import find_inputs, input_path
from gym_gui.fleet.orders import AttemptKey, Order, OrderBox
from gym_gui.runs import RunFolder, new_run_id

CONTENT = b"weights " * 500_000


def folders(home: Path) -> tuple[RunFolder, RunFolder, Path]:
    """Return two runs, and a checkpoint of the first one."""
    first, second = (RunFolder.of(home, new_run_id()) for _ in range(2))
    for each in (first, second):
        each.create()
    checkpoint = first.checkpoints("000001") / "last.pt"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(CONTENT)
    return first, second, checkpoint


def never() -> bool:
    return True


def test_checkpoints_of_other_runs_are_found_and_nothing_else(tmp_path: Path) -> None:
    first, second, checkpoint = folders(tmp_path / "home")
    outside, folder = tmp_path / "mine.pt", first.checkpoints("000001") / "best"
    outside.write_bytes(b"x")
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a").write_bytes(b"a")
    (folder / "link").symlink_to("/etc/passwd")
    own = second.work("000001") / "own.pt"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"own")
    config = {
        "opponents": [str(checkpoint), str(folder)], "note": str(outside), "log": "/nowhere", "own": str(own),
        "run": str(first.path), "nested": {"checkpoint_path": str(outside)},
    }  # fmt: skip
    found = {one.path: [file.name for file in one.files] for one in find_inputs(second, config, [str(checkpoint)])}
    assert found == {str(checkpoint): [""], str(folder): ["deep/a"], str(outside): [""]}
    (one,) = find_inputs(second, {}, ["--from", str(checkpoint)])
    assert (one.files[0].size, one.files[0].sha256) == (len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    assert input_path([one], one.files[0].sha256) == checkpoint
    assert input_path([one], "0" * 64) is None


def fetcher(arrivals: Arrivals, calls: list[int]) -> Callable[[str, int], bytes]:
    def fetch(name: str, offset: int) -> bytes:
        calls.append(offset)
        return arrivals.fetch(name, offset)

    return fetch


def ordered(folder: RunFolder, checkpoint: Path) -> tuple[Arrivals, dict[str, object]]:
    """Return the files of an attempt that a machine has, and the input of its order."""
    inputs = find_inputs(folder, {"checkpoint_path": str(checkpoint)}, [])
    box = OrderBox(folder)
    order = Order(worker_id="000001", attempt=1, worker_type="x", machine="m1", spec={}, home="/h", inputs=inputs)
    assert box.post(order)
    taken = box.take("000001", 1)
    assert taken is not None
    files = [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in taken.inputs[0].files]
    return Arrivals(folder, AttemptKey(folder.run_id, "000001", 1)), {"path": str(checkpoint), "files": files}


def test_a_machine_fetches_a_checkpoint_once_and_each_attempt_has_a_copy(tmp_path: Path) -> None:
    _, second, checkpoint = folders(tmp_path / "home")
    arrivals, one = ordered(second, checkpoint)
    store, calls = InputStore(tmp_path / "machine"), list[int]()
    fetch = fetcher(arrivals, calls)
    store.take(one, tmp_path / "a" / "last.pt", fetch, never)
    assert len(calls) > 1
    calls.clear()
    (tmp_path / "a" / "last.pt").write_bytes(b"changed by its worker")
    store.take(one, tmp_path / "b" / "last.pt", fetch, never)
    assert (tmp_path / "b" / "last.pt").read_bytes() == CONTENT
    assert not calls


def test_a_transfer_goes_on_where_it_stopped(tmp_path: Path) -> None:
    _, second, checkpoint = folders(tmp_path / "home")
    arrivals, one = ordered(second, checkpoint)
    store, calls = InputStore(tmp_path / "machine"), list[int]()
    fetch = fetcher(arrivals, calls)

    def cut(name: str, offset: int) -> bytes:
        if offset:
            raise ConnectionError
        return fetch(name, offset)

    with pytest.raises(ConnectionError):
        store.take(one, tmp_path / "a", cut, never)
    assert not (tmp_path / "a").exists()
    store.take(one, tmp_path / "a", fetch, never)
    assert calls.count(0) == 1
    assert (tmp_path / "a").read_bytes() == CONTENT


@pytest.mark.parametrize("moment", ["compared", "resumed", "copied"])
def test_a_cancel_takes_effect_while_a_large_file_is_read(tmp_path: Path, moment: str) -> None:
    _, second, checkpoint = folders(tmp_path / "home")
    arrivals, one = ordered(second, checkpoint)
    store, calls = InputStore(tmp_path / "machine"), list[int]()
    store.take(one, tmp_path / "a", fetcher(arrivals, calls), never)
    here = store.root / hashlib.sha256(CONTENT).hexdigest()
    if moment == "resumed":
        here.rename(here.with_name(f"{here.name}.part"))
    parts = -(-len(CONTENT) // (1 << 20))
    asked = 0

    def wanted() -> bool:
        nonlocal asked
        asked += 1
        return asked != (parts + 2 if moment == "copied" else 2)

    calls.clear()
    with pytest.raises(ValueError, match="it is not waited for any more"):
        store.take(one, tmp_path / "b", fetcher(arrivals, calls), wanted)
    assert not (tmp_path / "b").exists()
    store.take(one, tmp_path / "b", fetcher(arrivals, calls), never)
    assert (tmp_path / "b").read_bytes() == CONTENT
    assert not calls


def test_a_checkpoint_that_has_changed_or_is_gone_is_refused_by_name(tmp_path: Path) -> None:
    _, second, checkpoint = folders(tmp_path / "home")
    arrivals, one = ordered(second, checkpoint)
    store = InputStore(tmp_path / "machine")
    checkpoint.write_bytes(CONTENT[::-1])
    with pytest.raises(ValueError, match=r"last\.pt, with which it was to begin: it is not the file"):
        store.take(one, tmp_path / "a", fetcher(arrivals, []), never)
    checkpoint.unlink()
    with pytest.raises(Unwelcome, match=r"last\.pt, with which it was to begin, is gone: name another checkpoint"):
        arrivals.fetch(INPUT + hashlib.sha256(CONTENT).hexdigest(), 0)
    with pytest.raises(Unwelcome, match="is not for this attempt"):
        arrivals.fetch(INPUT + "0" * 64, 0)


def test_files_that_were_not_used_for_long_are_removed(tmp_path: Path) -> None:
    _, second, checkpoint = folders(tmp_path / "home")
    arrivals, one = ordered(second, checkpoint)
    store = InputStore(tmp_path / "machine")
    store.take(one, tmp_path / "a", fetcher(arrivals, []), never)
    now = (tmp_path / "a").stat().st_mtime
    store.remove_old(now)
    assert [path for path in store.root.iterdir() if path.suffix != ".lock"]
    store.remove_old(now + 15 * 86400)
    assert not [path for path in store.root.iterdir() if path.suffix != ".lock"]


def test_other_files_in_the_folder_stay(tmp_path: Path) -> None:
    store, own = InputStore(tmp_path), hashlib.sha256(CONTENT).hexdigest()
    names = ["model.pt", "notes.json", f"{own}.bak", own[:-1], own.upper()]
    for name in [*names, own, f"{own}.part"]:
        (tmp_path / name).touch()
    store.remove_old(time.time() + 99 * 86400)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock") == sorted(names)


def test_a_file_is_read_again_only_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = list[int]()
    monkeypatch.setattr(inputs, "sha256_of", lambda descriptor: read.append(descriptor) or sha256_of(descriptor))
    _, second, checkpoint = folders(tmp_path / "home")
    found = [find_inputs(second, {"checkpoint_path": str(checkpoint)}, []) for _ in range(2)]
    assert (len(read), found[0]) == (1, found[1])
    checkpoint.write_bytes(CONTENT[::-1])
    (changed,) = find_inputs(second, {"checkpoint_path": str(checkpoint)}, [])
    assert (len(read), changed.files[0].sha256) == (2, hashlib.sha256(CONTENT[::-1]).hexdigest())
