"""Registries of every schema that there has been: each is read, or built anew from the run folders."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.registry_reader import SCHEMA_VERSION, open_registry_readonly

DUMPS = sorted(Path(__file__).with_name("registries").glob("v*.sql"), key=lambda path: int(path.stem[1:]))


def registry_of(home: Path, dump: Path) -> Path:
    path = DaemonHome(home).registry
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(dump.read_text())
    return path


def test_there_is_a_dump_of_this_version_and_it_is_this_one(tmp_path: Path) -> None:
    """A change of the tables needs a new version and its dump, made as ``sqlite3 registry.db .dump`` makes it."""
    assert DUMPS[-1].stem == f"v{SCHEMA_VERSION}"
    then = registry_of(tmp_path, DUMPS[-1])
    Registry(tmp_path / "new.db").close()
    tables = "SELECT name, sql FROM sqlite_master ORDER BY name"
    found = []
    for path in (then, tmp_path / "new.db"):
        with contextlib.closing(sqlite3.connect(path)) as connection:
            found.append((connection.execute(tables).fetchall(), connection.execute("PRAGMA user_version").fetchone()))
    assert found[0] == found[1]


@pytest.mark.parametrize("dump", DUMPS, ids=lambda path: path.stem)
def test_a_registry_of_every_version(tmp_path: Path, dump: Path) -> None:
    path = registry_of(tmp_path, dump)
    present = dump.stem == f"v{SCHEMA_VERSION}"
    reader = open_registry_readonly(tmp_path)
    assert (reader is not None) is present
    if reader is not None:
        reader.close()
    registry = Registry(path)
    runs = registry.list(curves=True)
    registry.close()
    assert [run.run_id for run in runs] == (["01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"] if present else [])
    if present:
        assert [worker.worker_id for worker in runs[0].workers] == ["000001", "left_arm"]
        assert runs[0].workers[1].curve[0].mean_return == 4.5
