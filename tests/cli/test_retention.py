"""``mosaic runs archive`` and ``delete`` by age, size and tag, by the real command."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path
from typing import Any


def test_archive_and_delete(mosaic: Any, home: Path) -> None:
    config = home / "run.json"
    config.write_text(
        '{"run_name": "r", "tags": ["old"], "metadata": {"worker": {"worker_id": "random",'
        ' "config": {"env_id": "CartPole-v1", "total_steps": 300}}}}'
    )
    kept, gone = (mosaic("run", str(config), "--json").json["run_id"] for _ in range(2))
    assert mosaic("runs", "archive").code == 2
    assert "is not a number with a unit" in mosaic("runs", "archive", "--older-than", "soon").stderr
    assert mosaic("runs", "archive", "--older-than", "1h", "--yes", "--json").json["archived"] == []
    assert mosaic("runs", "archive", "--larger-than", "1G", "--yes", "--json").json["archived"] == []
    would = mosaic("runs", "archive", "--tag", "old", "--dry-run", "--json").json["archived"]
    assert {each["run_id"] for each in would} == {kept, gone}
    (done,) = mosaic("runs", "archive", gone, "--yes", "--json").json["archived"]
    archive = Path(done["archive"])
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    assert (archive.parent / f"{archive.name}.sha256").read_text() == f"{digest}  {archive.name}\n"
    with tarfile.open(archive) as tar:
        assert f"{gone}/run.json" in tar.getnames()
    assert [run["run_id"] for run in mosaic("runs", "list", "--json").runs] == [kept]
    assert mosaic("runs", "delete", "--tag", "other", "--yes", "--json").json == {"deleted": [], "dry_run": False}
    assert mosaic("runs", "delete", "--tag", "old", "--yes", "--json").json == {"deleted": [kept], "dry_run": False}
