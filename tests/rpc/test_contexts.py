"""Contexts: two writers lose nothing, and one that is refused writes nothing."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc import RemoteDaemon, contexts
from gym_gui.rpc.contexts import Contexts
from gym_gui.runs.lock import FileLock

LAB = RemoteDaemon(address="192.0.2.7:50055", token_file="/lab.token")


@pytest.fixture(autouse=True)
def _config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def test_what_another_has_added_since_stays() -> None:
    first, second = Contexts.read(), Contexts.read()
    first.add("one", LAB)
    second.add("two", LAB)
    second.use("one")
    assert set(second.contexts) == {"one", "two"}
    first.remove("two")
    assert set(Contexts.read().contexts) == {"one"}
    assert Contexts.read().in_use == first.in_use == "one"


def test_of_many_writers_at_once_none_loses_anything() -> None:
    names = [f"c{number}" for number in range(12)]
    begin = threading.Barrier(len(names))

    def add(name: str) -> None:
        known = Contexts.read()
        begin.wait(30)
        known.add(name, LAB)

    threads = [threading.Thread(target=add, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(Contexts.read().contexts) == set(names)


def test_what_is_refused_changes_nothing() -> None:
    known = Contexts.read()
    known.add("lab", LAB)
    before = Contexts.file().read_bytes()
    with pytest.raises(UsageError, match="did you mean lab"):
        known.use("lob")
    with pytest.raises(UsageError, match="there is no context"):
        known.remove("lob")
    assert Contexts.file().read_bytes() == before


def test_a_lock_that_is_kept_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "LOCK_PATIENCE_S", 0.05)
    Contexts.read().add("lab", LAB)
    lock = FileLock(Contexts.file().with_name("contexts.lock"))
    assert lock.acquire()
    with pytest.raises(UsageError, match="cannot be changed now") as caught:
        Contexts.read().use("lab")
    assert "lsof" in caught.value.next_step
    lock.release()
    Contexts.read().use("lab")
