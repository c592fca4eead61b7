"""A home that is moved or copied: its runs are resumed and evaluated from their own files."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TRAINS = """
import os
path = os.path.abspath('c.bin')
if config.get('mode') == 'train':
    open(path, 'w').write('weights of the first run')
    say(event='checkpoint_saved', payload={'path': path, 'step': 7})
else:
    given = config['checkpoint_path']
    say(event='heartbeat', payload={'path': given, 'holds': open(given).read()})
"""


@pytest.fixture
def trained(script: Any, home: Path, tmp_path: Path) -> Iterator[tuple[Any, str, Path]]:
    """A command, a run that has saved a checkpoint, and where its home may be moved."""
    run_id = script("train", "saver", f"--set=code={TRAINS}", "--set=mode=train", "--json").json["run_id"]
    assert script("daemon", "stop").code == 0
    moved = tmp_path / "moved"
    yield script, run_id, moved
    script("daemon", "stop", MOSAIC_HOME=str(moved))


def follow(script: Any, home: Path, command: str, run_id: str) -> dict[str, Any]:
    ended = script(command, run_id, "--json", MOSAIC_HOME=str(home))
    assert ended.code == 0, ended.stderr
    log = next((home / "runs" / ended.json["run_id"] / "logs").glob("*.stdout.jsonl"))
    (event,) = [line for line in map(json.loads, log.read_text().splitlines()) if line["event"] == "heartbeat"]
    payload: dict[str, Any] = event["payload"]
    return payload


@pytest.mark.parametrize("command", ["resume", "evaluate"])
def test_a_moved_home(trained: tuple[Any, str, Path], home: Path, command: str) -> None:
    script, run_id, moved = trained
    home.rename(moved)
    expected = {"path": str(moved / "runs" / run_id / "work/000001/c.bin"), "holds": "weights of the first run"}
    assert follow(script, moved, command, run_id) == expected
    assert follow(script, moved, "evaluate", "latest") == expected
    assert not home.exists()


@pytest.mark.parametrize("command", ["resume", "evaluate"])
def test_a_copied_home_never_uses_the_files_of_the_first(
    trained: tuple[Any, str, Path], home: Path, command: str
) -> None:
    script, run_id, moved = trained
    shutil.copytree(home, moved, symlinks=True)
    (home / "runs" / run_id / "work/000001/c.bin").write_text("changed since")
    found = follow(script, moved, command, run_id)
    assert found["holds"] == "weights of the first run"
    assert follow(script, moved, "evaluate", "latest")["holds"] == "weights of the first run"
    (moved / "runs" / run_id / "work/000001/c.bin").unlink()
    refused = script(command, run_id, MOSAIC_HOME=str(moved))
    assert refused.code == 2
    assert f"{moved}/runs/{run_id}/work/000001/c.bin" in refused.stderr


def test_a_run_that_waits_in_a_home_that_is_moved(trained: tuple[Any, str, Path], home: Path) -> None:
    script, run_id, moved = trained
    assert script("daemon", "start", MOSAIC_MAX_RUNNING_RUNS="0").code == 0
    waiting = script("resume", run_id, "--detach", "--json").json["run_id"]
    assert script("daemon", "stop").code == 0
    home.rename(moved)
    assert script("daemon", "start", MOSAIC_HOME=str(moved)).code == 0
    assert script("runs", "watch", waiting, MOSAIC_HOME=str(moved)).code == 0
    log = next((moved / "runs" / waiting / "logs").glob("*.stdout.jsonl"))
    assert str(moved / "runs" / run_id / "work/000001/c.bin") in log.read_text()
    assert not os.path.lexists(home)
