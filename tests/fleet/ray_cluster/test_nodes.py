"""What runs on a node: it needs no more than the files that are sent, and leaves nothing behind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from waiting import eventually

from gym_gui.fleet.agent.processes import Processes
from gym_gui.fleet.machines import MachineFacts
from gym_gui.fleet.ray_cluster import guard
from gym_gui.fleet.ray_cluster.clusters import NodeStore, SharedNodes
from gym_gui.fleet.ray_cluster.sources import copy_sources
from gym_gui.supervision.launch import LAUNCHER

pytestmark = pytest.mark.process
SLEEP = "import time; time.sleep(600)"


def test_the_files_that_are_sent_suffice(tmp_path: Path) -> None:
    copy_sources(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from gym_gui.fleet.ray_cluster import actor\n"
        "assert actor._LAUNCHER.is_file() and actor._GUARD.is_file()\n"
        f"print(actor.__file__.startswith({str(tmp_path)!r}))"
    )
    shown = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert (shown.stdout, shown.stderr) == ("True\n", "")


def guards(folder: Path) -> list[int]:
    """Return the guards of a folder."""
    lines = {each.pid: each.info["cmdline"] or [] for each in psutil.process_iter(["cmdline"])}
    return [pid for pid, words in lines.items() if guard.__file__ in words and str(folder) in words]


def start_attempt(folder: Path) -> Processes:
    run = folder / "runs" / "r"
    (run / "control").mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-I", "-S", "-c", SLEEP],
        "cwd": str(run / "work"),
        "env": {"PATH": "/usr/bin"},
        "secrets": None,
        "inherit": False,
        "unset": [],
        "mark": 0,
        "wall_time_s": None,
        "shutdown_timeout_s": 2.0,
        **{name: str(run / "control" / f"w.a1.{name}") for name in ("stdout", "stderr", "lock", "started", "exit")},
        "cancel_intent": str(run / "control" / "cancel.json"),
    }
    processes = Processes(spec, run / "control" / "w.a1.launch.json", LAUNCHER)
    assert processes.start()
    eventually(lambda: processes.started, "the worker runs")
    return processes


@pytest.mark.parametrize("orderly", [False, True])
def test_the_guard_ends_what_an_actor_left(tmp_path: Path, *, orderly: bool) -> None:
    folder = tmp_path / "attempt"
    processes = start_attempt(folder)
    sources = str(Path(guard.__file__).parents[3])
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", guard.__file__, str(folder), sources], stdin=subprocess.PIPE
    )
    assert process.wait(30) == 0  # what guards is no child of the actor
    assert process.stdin is not None
    if orderly:
        process.communicate(b".")
        eventually(lambda: not guards(folder), "the guard ends")
        assert processes.alive()
        guard.end_attempts(folder)
    else:
        process.communicate(b"")
        eventually(lambda: not folder.exists(), "its files are gone")
    assert not folder.exists()
    assert not processes.alive()


def test_a_launcher_that_was_killed_leaves_no_worker(tmp_path: Path) -> None:
    folder = tmp_path / "attempt"
    processes = start_attempt(folder)
    spec = json.loads((folder / "runs" / "r" / "control" / "w.a1.launch.json").read_text())
    assert processes._child is not None
    processes._child.kill()
    processes._child.wait()
    assert Processes(spec, tmp_path, LAUNCHER).alive()  # the worker
    guard.end_attempts(folder)
    assert not processes.alive()


def test_a_node_that_is_seen_at_two_addresses_has_one_token() -> None:
    """``auto`` and the head's address, say: what one driver enrols is not to lock the other one out."""
    store = NodeStore()
    nodes, facts = SharedNodes(store), MachineFacts(hostname="h")
    nodes.enroll("h-1", facts, "auto")
    token = nodes.token("h-1")
    nodes.enroll("h-1", facts, "10.0.0.1:6379")
    assert token == nodes.token("h-1") != ""
    nodes.leave("h-1", "10.0.0.1:6379")
    assert nodes.token("h-1") == token
    assert "h-1" in store.records
    nodes.leave("h-1", "auto")
    assert nodes.token("h-1") == ""
    assert "h-1" not in store.records
