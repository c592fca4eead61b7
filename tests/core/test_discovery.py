"""Workers found by the entry points of real distributions on the path."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import WORKER_ENTRY_POINT_GROUP, DiscoveredWorker, WorkerDiscovery, discover_workers

METADATA = """
from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
def get_worker_metadata():
    return WorkerMetadata(name="{name}"), WorkerCapabilities(
        worker_type="{name}", supported_paradigms=("{paradigm}",), env_families=("gymnasium",))
"""


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, code: str) -> None:
        package = self.folder / f"found_{name}"
        package.mkdir()
        (package / "__init__.py").write_text(code)
        info = self.folder / f"found_{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: found-{name}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(
            f"[{WORKER_ENTRY_POINT_GROUP}]\n{name} = found_{name}:get_worker_metadata\n"
        )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    site = Site(folder)
    site.add("aworker", METADATA.format(name="aworker", paradigm="sequential"))
    site.add("bworker", METADATA.format(name="bworker", paradigm="population"))
    yield site
    for name in [name for name in sys.modules if name.startswith("found_")]:
        del sys.modules[name]


def test_all_installed_workers_are_found(site: Site) -> None:
    discovery = WorkerDiscovery()
    workers = discovery.discover_all()
    assert [found.worker_id for found in workers] == sorted(found.worker_id for found in workers)
    found = next(found for found in workers if found.worker_id == "aworker")
    assert isinstance(found, DiscoveredWorker)
    assert found.metadata.name == "aworker"
    assert (found.entry_point_name, found.module_path) == ("aworker", "found_aworker:get_worker_metadata")
    assert (found.package, found.cli_module) == ("found_aworker", "found_aworker.cli")
    assert (found.distribution, found.distribution_version) == ("found-aworker", "1.2")
    assert {"aworker", "bworker"} <= set(discovery.list_worker_ids())
    assert discovery.has_worker("aworker")
    assert not discovery.has_worker("none")
    assert discovery.get_worker("none") is None
    assert discovery.get_capabilities("none") is None
    capabilities = discovery.get_capabilities("bworker")
    assert capabilities is not None
    assert capabilities.worker_type == "bworker"


def test_filters(site: Site) -> None:
    discovery = WorkerDiscovery()
    assert "bworker" in {found.worker_id for found in discovery.filter_by_paradigm("population")}
    assert "aworker" not in {found.worker_id for found in discovery.filter_by_paradigm("population")}
    assert {"aworker", "bworker"} <= {found.worker_id for found in discovery.filter_by_env_family("gymnasium")}
    assert discovery.filter_by_env_family("none") == []


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import not_installed_anywhere", "not_installed_anywhere"),
        ("x = 1", "get_worker_metadata"),
        ("def get_worker_metadata(): return 1, 2", "must return (WorkerMetadata, WorkerCapabilities)"),
        ("def get_worker_metadata(): raise RuntimeError('bad luck')", "RuntimeError: bad luck"),
    ],
)
def test_broken_worker_hides_no_other(site: Site, code: str, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    site.add("broken", code)
    discovery = WorkerDiscovery()
    assert "aworker" in discovery.list_worker_ids()
    assert not discovery.has_worker("broken")
    assert reason in discovery.broken["broken"]
    assert any(getattr(record, "log_code", "") == "LOG408" for record in caplog.records)


def test_what_was_found_is_believed_for_a_while(site: Site) -> None:
    now = [0.0]
    discovery = WorkerDiscovery(cache_ttl_s=10, clock=lambda: now[0])
    discovery.discover_all()
    site.add("late", METADATA.format(name="late", paradigm="sequential"))
    now[0] = 9.0
    assert not discovery.has_worker("late")
    now[0] = 11.0
    assert discovery.has_worker("late")
    site.add("later", METADATA.format(name="later", paradigm="sequential"))
    discovery.clear_cache()
    assert discovery.has_worker("later")
    site.add("latest", METADATA.format(name="latest", paradigm="sequential"))
    assert "latest" in [found.worker_id for found in discovery.discover_all(force_reload=True)]


def test_slow_worker_is_used_and_said_to_be_slow(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    ticks = iter(range(0, 1000, 10))
    assert WorkerDiscovery(clock=lambda: next(ticks)).has_worker("aworker")
    assert any(getattr(record, "log_code", "") == "LOG409" for record in caplog.records)


def test_process_wide_discovery(site: Site) -> None:
    assert "aworker" in [found.worker_id for found in discover_workers(force_reload=True)]
    assert "aworker" in [found.worker_id for found in discover_workers()]
