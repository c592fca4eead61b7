"""A home whose files were damaged, tried with the real command: four parts, and a next step that works."""

from __future__ import annotations

import os
import random
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

OLD = Path(__file__).parents[1] / "telemetry" / "schemas" / "v1"
RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"
DRAWN = random.Random(7)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for _ in range(40):
        content[DRAWN.randrange(len(content))] ^= 1 << DRAWN.randrange(8)
    path.write_bytes(content)


def replaced(make: Callable[[Path], Any]) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        path.unlink()
        make(path)

    return damage


DAMAGE: dict[str, Callable[[Path], Any]] = {
    "flipped": flip,
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "garbage": lambda path: path.write_bytes(DRAWN.randbytes(5000)),
    "folder": replaced(lambda path: (path / "mine").mkdir(parents=True)),
    "fifo": replaced(os.mkfifo),
}
every_damage = pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())


def four_parts(ended: Any) -> str:
    """Return the next step of an error, ready to be given to the command."""
    parts = {line.split(":")[0].strip(): line.split(":", 1)[1].strip() for line in ended.stderr.splitlines()}
    assert {"error", "where", "why", "next"} <= parts.keys(), ended.stderr
    assert "fault of MOSAIC" not in ended.stderr
    return str(parts["next"].partition("  (")[0])


@every_damage
def test_a_telemetry_database(mosaic: Any, home: Path, damage: Callable[[Path], Any]) -> None:
    folder = home / "runs" / RUN_ID
    shutil.copytree(OLD, folder)
    assert mosaic("runs", "reindex", RUN_ID).code == 0
    damage(folder / "telemetry.db")
    for words in (["runs", "list"], ["runs", "show", RUN_ID]):
        ended = mosaic(*words)
        assert "Traceback" not in ended.stderr
        assert "fault of MOSAIC" not in ended.stderr
        assert RUN_ID in ended.stdout
    ended = mosaic("runs", "verify", RUN_ID)
    assert ended.code == 1
    if ended.stderr:  # else what it holds was read, and is not as recounted
        assert mosaic(*shlex.split(four_parts(ended))[1:]).code == 0
    else:
        assert mosaic("runs", "reindex", RUN_ID).code == 0
    assert mosaic("runs", "verify", RUN_ID).code == 0
    assert mosaic("runs", "tail", RUN_ID).code == 0


@every_damage
def test_a_workers_record(script: Any, home: Path, damage: Callable[[Path], Any]) -> None:
    assert script("workers", "list").code == 0
    (record,) = (home / "workers" / "records").glob("saver-*.json")
    damage(record)
    again = script("workers", "list")
    assert again.code == 0
    assert f"warning: {record} cannot be used" in again.stderr
    assert "asking worker saver" in again.stderr
    assert "Traceback" not in again.stderr
    assert script("workers", "list").stderr == ""


@every_damage
def test_settings(mosaic: Any, home: Path, damage: Callable[[Path], Any]) -> None:
    home.mkdir(exist_ok=True)
    path = home / "settings.json"
    path.write_text('{"disk_low_mb": 1, "log_level": "WARNING"}')
    damage(path)
    ended = mosaic("daemon", "start")
    assert ended.code == 2
    assert "error: the settings cannot be read: " in ended.stderr
    assert f"where: {path}" in ended.stderr
    assert "next:  fix or remove the file" in ended.stderr
    report = mosaic("doctor")
    assert report.code == 1
    assert "broken    settings: the settings cannot be read: " in report.stdout
    assert "report this" not in report.stdout
    assert mosaic("runs", "list").code == 0


@every_damage
def test_the_note_of_a_daemon(mosaic: Any, home: Path, damage: Callable[[Path], Any]) -> None:
    home.mkdir(exist_ok=True)
    (home / "daemon.json").write_text('{"address": "127.0.0.1:1", "pid": 1}')
    damage(home / "daemon.json")
    assert mosaic("daemon", "status").code == 1
    started = mosaic("daemon", "start")
    assert (started.code, "Traceback" in started.stderr) == (0, False), started.stderr
    assert mosaic("daemon", "status").code == 0
    assert mosaic("daemon", "stop").code == 0


@pytest.mark.parametrize("name", ["token", "home_id"])
@pytest.mark.parametrize(
    "damage", [DAMAGE["folder"], DAMAGE["fifo"], replaced(Path.touch)], ids=["folder", "fifo", "empty"]
)
def test_what_was_drawn_for_a_home(mosaic: Any, home: Path, name: str, damage: Callable[[Path], Any]) -> None:
    assert mosaic("daemon", "start").code == 0
    assert mosaic("daemon", "stop").code == 0
    damage(home / name)
    started = mosaic("daemon", "start")
    if started.code:  # an empty token: nobody is let in by it
        assert four_parts(started) == f"rm {home / name}; mosaic daemon start"
        (home / name).unlink()
        assert mosaic("daemon", "start").code == 0
    assert mosaic("daemon", "status").code == 0


def link_to_a_folder(path: Path) -> None:
    path.symlink_to(path.parent)


def link_to_nothing(path: Path) -> None:
    path.symlink_to("/nowhere/x")


@pytest.mark.parametrize(
    "damage",
    [DAMAGE["folder"], DAMAGE["fifo"], replaced(link_to_a_folder), replaced(link_to_nothing)],
    ids=["folder", "fifo", "link", "link to nothing"],
)
def test_what_a_daemon_writes_on_or_locks(mosaic: Any, home: Path, damage: Callable[[Path], Any]) -> None:
    assert mosaic("daemon", "start").code == 0
    assert mosaic("daemon", "stop").code == 0
    for name in ("logs/daemon.log", "ballast"):
        (home / name).touch()
        damage(home / name)
    assert mosaic("daemon", "start").code == 0
    assert (home / "logs" / "daemon.log").is_file()
    assert mosaic("daemon", "stop").code == 0
    for name in ("daemon.lock", "daemon.start.lock"):
        damage(home / name)
        step = four_parts(mosaic("daemon", "start"))
        assert step == f"mv {home / name} {home / name}.old; then the same command"
        (home / name).rename(home / f"{name}.old")
        assert mosaic("daemon", "start").code == 0
        assert mosaic("daemon", "stop").code == 0


@pytest.mark.parametrize(
    "damage", [DAMAGE["fifo"], replaced(Path.touch), replaced(link_to_nothing)], ids=["fifo", "file", "link to nothing"]
)
def test_a_folder_of_a_run(mosaic: Any, home: Path, damage: Callable[[Path], Any]) -> None:
    folder = home / "runs" / RUN_ID
    shutil.copytree(OLD, folder)
    assert mosaic("runs", "reindex", RUN_ID).code == 0
    shutil.rmtree(folder / "control", ignore_errors=True)
    (folder / "control").touch()
    damage(folder / "control")
    step = four_parts(mosaic("runs", "archive", RUN_ID, "--yes"))
    assert step == f"mv {folder / 'control'} {folder / 'control'}.old; then the same command"
