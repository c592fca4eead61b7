"""Whatever happens to ``registry.db``, no run is lost by it and the daemon goes on: it is a cache of the folders."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gym_gui.analysis.queries import get_run, list_runs
from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import CurvePoint, RunSummary, WorkerSummary
from gym_gui.runs.supervisor_log import SupervisorLog
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.reconcile import reconcile
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.registry_damage import KEPT, damaged_copies, rename_damaged
from gym_gui.trainer.registry_reader import examine_registry

PAGE = 4096


def ended_run(home: Path, number: int) -> str:
    run_id = new_run_id()
    folder = RunFolder.of(home, run_id)
    folder.create()
    workers = [WorkerPlan(worker_no=1, worker_id="a", worker_type="t", argv=["true"])]
    plan = RunPlan(run_id=run_id, run_name=f"r{number}", digest="d", created_at=1.0, config={}, workers=workers)
    save_plan(folder, plan)
    log = SupervisorLog(folder.supervisor_log)
    log.append("exit", worker_id="a", attempt=1, state="completed", cause="x")
    log.append("state", state="completed", cause="x")
    log.close()
    return run_id


class Filled:
    """A home of ended runs, their ids, and the bytes of its sound registry."""

    def __init__(self, home: Path, ids: list[str], sound: bytes) -> None:
        self.home, self.ids, self.sound = home, ids, sound


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Filled:
    home = tmp_path_factory.mktemp("filled")
    DaemonHome(home).prepare()
    ids = [ended_run(home, number) for number in range(30)]
    registry = Registry(DaemonHome(home).registry)
    points = [CurvePoint(step=step, episodes=1, mean_return=1.5, min_return=0.0, max_return=2.0) for step in range(150)]
    for run_id in ids:
        run = read_summary(RunFolder.of(home, run_id))
        run.workers = [WorkerSummary(worker_id="a", worker_type="t", state=RunState.COMPLETED, curve=points)]
        registry.add(run)
    registry.close()
    return Filled(home, ids, DaemonHome(home).registry.read_bytes())


def rebuilt(home: Path) -> list[str]:
    """Do what a starting daemon does; return the ids in the order of the list."""
    registry = Registry(DaemonHome(home).registry)
    with contextlib.closing(registry):
        while True:
            before = len(registry.replaced)
            found = reconcile(home, registry)
            if len(registry.replaced) == before:
                break
        for sequence, run_id in found.unread:
            run = read_summary(RunFolder.of(home, run_id))
            run.sequence = sequence
            registry.add(run)
        return [run.run_id for run in registry.list(curves=True)]


def clear(home: Path) -> Path:
    path = DaemonHome(home).registry
    for other in home.glob("registry*"):
        if other.is_dir() and not other.is_symlink():
            other.rmdir()
        else:
            other.unlink(missing_ok=True)
    return path


@pytest.mark.long
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(flips=[(3932, 1)])  # the name of a column that only writers use
@example(flips=[(4060, 128)])  # what SQLite says of it is no UTF-8
@example(flips=[(47, 1)])  # the format of the schema
@example(flips=[(18, 4)])  # the version that may write it
@example(flips=[(19, 4)])  # and read it
@example(flips=[(52, 1)])  # incremental vacuum
@example(flips=[(59, 2)])  # the encoding of texts
@given(flips=st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(1, 255)), min_size=1, max_size=8))
def test_no_flipped_byte_loses_a_run_or_shows_a_wrong_one(filled: Filled, flips: list[tuple[int, int]]) -> None:
    home, ids, sound = filled.home, filled.ids, filled.sound
    path = clear(home)
    spoiled = bytearray(sound)
    for offset, bits in flips:
        spoiled[offset % len(sound)] ^= bits
    path.write_bytes(spoiled)
    listed = [run.run_id for run in list_runs(home)]
    assert sorted(listed) == ids
    assert all(get_run(home, run_id).state is RunState.COMPLETED for run_id in ids[::10])
    assert rebuilt(home) == ids[::-1]
    assert examine_registry(path) == ""


@pytest.mark.parametrize("page", [0, 1, 2, 3, 5, 8, 20, -1])
def test_no_page_of_random_bytes_does(filled: Filled, page: int) -> None:
    home, ids, sound = filled.home, filled.ids, filled.sound
    path = clear(home)
    at = page % (len(sound) // PAGE) * PAGE
    path.write_bytes(sound[:at] + os.urandom(PAGE) + sound[at + PAGE :])
    assert sorted(run.run_id for run in list_runs(home)) == ids
    assert rebuilt(home) == ids[::-1]
    (kept,) = damaged_copies(path)
    assert len(kept.read_bytes()) == len(sound), "it is kept"


def _folder(path: Path, _: bytes) -> None:
    path.mkdir()


def _pipe(path: Path, _: bytes) -> None:
    os.mkfifo(path)


def _link_to_nothing(path: Path, _: bytes) -> None:
    path.symlink_to("nothing/at/all")


def _link_to_itself(path: Path, _: bytes) -> None:
    path.symlink_to(path)


def _empty(path: Path, _: bytes) -> None:
    path.touch()


def _cut(path: Path, sound: bytes) -> None:
    path.write_bytes(sound[: len(sound) // 2 + 100])


def _text(path: Path, _: bytes) -> None:
    path.write_bytes(b"not a database\n" * 1000)


def _other_program(path: Path, _: bytes) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE other (x); PRAGMA application_id = 42;")


def _rubbish_beside(path: Path, sound: bytes) -> None:
    path.write_bytes(sound)
    path.with_name(path.name + "-wal").write_bytes(os.urandom(3 * PAGE))
    path.with_name(path.name + "-shm").write_bytes(os.urandom(PAGE))


def _folder_for_log(path: Path, sound: bytes) -> None:
    path.write_bytes(sound)
    path.with_name(path.name + "-wal").mkdir()


@pytest.mark.parametrize(
    "place",
    [
        _folder,
        _pipe,
        _link_to_nothing,
        _link_to_itself,
        _empty,
        _cut,
        _text,
        _other_program,
        _rubbish_beside,
        _folder_for_log,
    ],
)
def test_nor_does_anything_else_in_its_place(filled: Filled, place: Callable[[Path, bytes], None]) -> None:
    home, ids, sound = filled.home, filled.ids, filled.sound
    path = clear(home)
    place(path, sound)
    assert sorted(run.run_id for run in list_runs(home)) == ids
    assert rebuilt(home) == ids[::-1]
    assert rebuilt(home) == ids[::-1]
    assert len(damaged_copies(path)) == (place not in (_empty, _rubbish_beside))


def test_only_the_newest_damaged_ones_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    for number in range(KEPT + 2):
        path.write_text(str(number))
        rename_damaged(path)
    assert [copy.read_text() for copy in damaged_copies(path)][-1] == str(KEPT + 1)
    assert len(damaged_copies(path)) == KEPT


def test_damage_under_an_open_registry_is_no_error_and_numbers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    registry = Registry(path)
    for number in range(50):
        registry.add(RunSummary(run_id=f"R{number}", tags=["x" * 500]))
    registry.close()
    registry = Registry(path)
    refills: list[int] = []
    registry.refill = lambda: refills.append(registry.add(RunSummary(run_id="refilled")).sequence)
    size = path.stat().st_size
    with path.open("r+b") as stream:
        stream.seek(PAGE)
        stream.write(os.urandom(size - PAGE))
    registry._db.execute("PRAGMA shrink_memory")  # as if it had had no room to keep what it read
    new = registry.add(RunSummary(run_id="new"))
    assert [run.run_id for run in registry.list()] == ["new", "refilled"]
    assert refills == [1] or refills == [51]
    assert new.sequence > refills[0]
    registry.close()


def test_a_living_daemon_notices_damage_and_loses_nothing(
    client: TrainerClient,
    daemon_home: Path,
    endless: dict[str, Any],
    random_config: Callable[..., dict[str, Any]],
    wait_until: Any,
) -> None:
    done = [client.submit(random_config(f"r{number}", total_steps=20)) for number in range(3)]
    list(client.watch(done))
    live = client.submit(endless)
    path = DaemonHome(daemon_home).registry
    for file in (path, path.with_name(path.name + "-wal")):
        with file.open("r+b") as stream:
            stream.write(os.urandom(max(file.stat().st_size, PAGE)))
    wait_until(lambda: damaged_copies(path), "the daemon has noticed")
    fresh = client.submit(random_config("fresh", total_steps=20))
    assert [run.run_id for run in client.list()] == [fresh, live, *done[::-1]]
    path.unlink()
    other = client.submit(random_config("other", total_steps=20))
    wait_until(lambda: path.exists() and not examine_registry(path), "there is another")
    assert [run.run_id for run in client.list()] == [other, fresh, live, *done[::-1]]
    numbers = [run.sequence for run in client.list()]
    list(client.watch([fresh, other]))
    client.cancel(live, wait=True)
    wait_until(lambda: client.status().active_runs == 0)
    client.close()
    stop_daemon(daemon_home)
    assert [run.run_id for run in list_runs(daemon_home)] == [other, fresh, live, *done[::-1]]
    assert numbers == sorted(numbers, reverse=True)
    assert all(run.state.terminal for run in list_runs(daemon_home))
