"""``mosaic machines``: what is enrolled, and how one is forgotten."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gym_gui.fleet import Desk

pytestmark = pytest.mark.process


@pytest.fixture
def enrolled(home: Path) -> Path:
    """A home with one machine that was enrolled before its daemon was started."""
    facts = {"hostname": "box", "cpus": 8, "memory_mb": 16_000, "gpus": ["0"], "gpu_name": "H200", "slots": 3}
    Desk(home, 60.0).call("enroll", "box-1", "owner", {"machine_id": "box-1", "facts": facts})
    return home


def test_machines_are_listed_and_forgotten(enrolled: Path, mosaic: Any) -> None:
    (machine,) = mosaic("machines", "list", "--json").json["machines"]
    assert (machine["machine_id"], machine["online"], machine["seen_at"]) == ("box-1", False, None)
    assert machine["facts"]["slots"] == 3
    shown = mosaic("machines", "list").stdout
    assert "box-1" in shown
    assert "silent" in shown
    assert "1 x H200" in shown
    assert mosaic("machines", "remove", "box-1").code == 0
    assert "box-1" not in (enrolled / "fleet" / "machines.json").read_text()


def test_a_machine_that_is_not_there_is_named_with_the_nearest(enrolled: Path, mosaic: Any) -> None:
    ended = mosaic("machines", "remove", "box-2")
    assert ended.code != 0
    assert "did you mean 'box-1'?" in ended.stderr
    assert enrolled.exists()


def test_the_agent_is_written_as_one_file(mosaic: Any, tmp_path: Path) -> None:
    file = tmp_path / "worker_agent.py"
    written = mosaic("agent", "--write", str(file))
    assert written.code == 0, written.stderr
    assert f"{file} runs by itself" in written.stderr
    assert "class WorkerAgent" in file.read_text()
    refused = mosaic("agent", "--write", str(tmp_path / "none" / "x.py"))
    assert refused.code == 2
    assert "cannot be written" in refused.stderr


def test_the_agent_as_a_service(mosaic: Any) -> None:
    unit = mosaic("agent", "--server", "https://h", "--token", "secret", "--slots", "2", "--service", "systemd")
    assert unit.code == 0, unit.stderr
    assert "agent --server https://h --slots 2\n" in unit.stdout
    assert "secret" not in unit.stdout
