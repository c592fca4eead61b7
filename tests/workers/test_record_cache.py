"""Records of probed workers: when one holds, and when its worker is probed again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gym_gui.workers import record_cache
from gym_gui.workers.catalog import WorkerCatalog


def test_a_record_is_kept_until_the_package_changes(site: Any, home: Path) -> None:
    site.install("tiny")
    probed: list[str] = []
    site.catalog(home).list(probed.append)
    assert probed == ["tiny"]
    site.catalog(home).list(probed.append)
    assert probed == ["tiny"]
    site.write("tiny_worker-1.0.0.dist-info/RECORD", "tiny_worker/cli.py,,\n")
    site.catalog(home).list(probed.append)
    assert probed == ["tiny", "tiny"]


def test_the_sources_of_an_editable_install_are_watched(site: Any, home: Path, tmp_path: Path) -> None:
    site.install("tiny")
    project = tmp_path / "project"
    project.mkdir()
    (site.folder / "tiny_worker").rename(project / "tiny_worker")
    site.write("tiny.pth", f"{project}\n")
    url = f'{{"url": "file://{project}", "dir_info": {{"editable": true}}}}'
    site.write("tiny_worker-1.0.0.dist-info/direct_url.json", url)
    # A folder on PYTHONPATH does not have its .pth files read.
    os.environ["PYTHONPATH"] += os.pathsep + str(project)
    probed: list[str] = []
    catalog = site.catalog(home)
    assert catalog.get("tiny", probed.append).broken is None
    catalog.get("tiny", probed.append)
    assert probed == ["tiny"]
    config = project / "tiny_worker" / "config.py"
    # Of another length: Python itself takes a source of the same second and length for the one it compiled.
    config.write_text(config.read_text().replace("normalize: bool = False", "standardize: bool = False"))
    assert "standardize" in catalog.get("tiny", probed.append).properties
    assert probed == ["tiny", "tiny"]


def test_a_fixed_worker_is_seen_without_its_own_package_changing(site: Any, home: Path) -> None:
    site.install("needy", {"config.py": "import library_that_was_missing\n", "cli.py": "import needy_worker.config\n"})
    catalog = site.catalog(home)
    assert catalog.get("needy").broken
    assert catalog.get("needy").broken
    site.write("library_that_was_missing/__init__.py", "")
    assert catalog.get("needy").broken is None


def test_a_broken_worker_is_probed_again_after_a_while(site: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site.install("needy", {"__init__.py": "import library_that_is_missing\n"})
    probed: list[str] = []
    catalog = site.catalog(home)
    catalog.get("needy", probed.append)
    now = record_cache.time.time()
    monkeypatch.setattr(record_cache.time, "time", lambda: now + record_cache.BROKEN_TTL_S + 1)
    catalog.get("needy", probed.append)
    assert probed == ["needy", "needy"]


def test_a_home_that_cannot_be_written_keeps_records_in_memory(site: Any, tmp_path: Path) -> None:
    site.install("tiny")
    blocked = tmp_path / "file"
    blocked.write_text("")
    probed: list[str] = []
    catalog = site.catalog(blocked / "home")
    catalog.list(probed.append)
    catalog.list(probed.append)
    assert probed == ["tiny"]


def test_nothing_is_written_before_it_is_saved(site: Any, home: Path) -> None:
    site.install("tiny")
    catalog = WorkerCatalog(home, [site.environment], persist=False)
    catalog.list()
    assert not home.exists()
    catalog.save()
    assert len(list((home / "workers" / "records").iterdir())) == 1


def test_a_spoiled_record_is_made_anew(site: Any, home: Path) -> None:
    site.install("tiny")
    site.catalog(home).list()
    (file,) = (home / "workers" / "records").iterdir()
    file.write_bytes(b"\xff{")
    probed: list[str] = []
    assert site.catalog(home).get("tiny", probed.append).broken is None
    assert probed == ["tiny"]


def test_an_entry_points_name_cannot_leave_the_home(site: Any, home: Path) -> None:
    site.install("tiny")
    site.write(
        "tiny_worker-1.0.0.dist-info/entry_points.txt",
        "[mosaic.workers]\n../../evil = tiny_worker:get_worker_metadata\n",
    )
    site.catalog(home).list()
    (file,) = (home / "workers" / "records").iterdir()
    assert "/" not in file.name
    assert not file.name.startswith(".")
