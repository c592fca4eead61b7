"""Files that do not become whole are not kept for ever."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import pytest

from gym_gui.fleet import partial_files
from gym_gui.fleet.arrivals import Arrivals
from gym_gui.fleet.claims.uploads import Uploads
from gym_gui.fleet.orders import AttemptKey
from gym_gui.fleet.partial_files import PARTIAL_S, PartialFiles
from gym_gui.runs import RunFolder, new_run_id


def test_what_no_more_comes_of_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = RunFolder.of(tmp_path, new_run_id())
    folder.create()
    key = AttemptKey(folder.run_id, "000001", 1)
    files = PartialFiles(tmp_path)
    files.sweep()  # nothing is there yet
    digest = hashlib.sha256(b"abcd").hexdigest()
    Uploads(folder, key).put("a" * 32, "x", 0, b"ab", 4, digest)
    Arrivals(folder, key).put("checkpoints/000001/a.bin", 0, b"ab", None)
    parts = sorted((tmp_path / "fleet" / "parts").iterdir())
    assert len(parts) == 2
    old = time.time() - PARTIAL_S - 1
    os.utime(parts[0], (old, old))
    files.sweep()
    assert len([*parts[0].parent.iterdir()]) == 2, "a moment after the look before"
    monkeypatch.setattr(partial_files, "SWEEP_S", 0.0)
    files.sweep()
    assert [*parts[0].parent.iterdir()] == parts[1:]
    assert Uploads(folder, key).put("b" * 32, "x", 0, b"abcd", 4, digest)
