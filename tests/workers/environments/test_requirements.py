from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.environments.requirements import requirements_of


def test_what_is_required_and_what_is_there(registered: Callable[..., WorkerEnvironment]) -> None:
    record = registered("mine")
    site = Path(record.search_path[0])
    (site / "My_Lib-2.5.dist-info").mkdir()
    (site / "lib-1.4+cpu.dist-info").mkdir()
    metadata = site / "mine_worker-1.0.0.dist-info" / "METADATA"
    wanted = ("lib (>=1,<2)", "my.lib[fast]==2.5; python_version >= '3'", "gone", "pytest; extra == 'test'")
    metadata.write_text("Metadata-Version: 2.1\nName: x\n" + "".join(f"Requires-Dist: {line}\n" for line in wanted))
    steps = [["--no-deps", "first==1.0", "lib==0.1"], ["-r", "a/file.txt"]]
    found = requirements_of(record.metadata[0], record, steps)
    assert [(each.name, each.wanted, each.version) for each in found] == [
        ("first", "==1.0", None),
        ("lib", ">=1,<2", "1.4+cpu"),
        ("my.lib", "==2.5", "2.5"),
        ("gone", "", None),
    ]
    assert requirements_of("", record) == []
