"""The constants have their values, and each is documented."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from gym_gui import constants
from gym_gui.constants import constants_worker

README = Path(constants.__file__).with_name("README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKER_ENTRY_POINT_GROUP", "mosaic.workers"),
        ("WORKER_DISCOVERY_TIMEOUT_S", 5.0),
        ("WORKER_METADATA_CACHE_TTL_S", 300.0),
        ("WORKER_HEARTBEAT_INTERVAL_S", 30.0),
        ("WORKER_STARTUP_TIMEOUT_S", 60.0),
        ("WORKER_SHUTDOWN_TIMEOUT_S", 30.0),
        ("WORKER_TELEMETRY_BUFFER_SIZE", 512),
        ("WORKER_LOG_LEVEL", logging.INFO),
        ("WORKER_ID_PREFIX", "w"),
        ("WORKER_ID_WIDTH", 6),
        ("WORKER_ID_COLUMN", "worker_id"),
    ],
)
def test_values_that_workers_rely_on(name: str, value: object) -> None:
    assert getattr(constants, name) == value


def test_package_has_them_all() -> None:
    assert sorted(constants.__all__) == sorted(constants_worker.__all__)
    written = {name for name in vars(constants_worker) if name.isupper()}
    assert written == set(constants_worker.__all__)


@pytest.mark.parametrize("name", constants.__all__)
def test_each_is_documented_with_its_value_and_what_it_governs(name: str) -> None:
    rows = [re.split(r"\s*\|\s*", line.strip("| ")) for line in README.splitlines() if line.startswith(f"| `{name}`")]
    assert len(rows) == 1, f"{name} needs one row in gym_gui/constants/README.md"
    _, value, governs = rows[0]
    number = getattr(constants, name)
    shown = {16 * 1024 * 1024: "16 MiB"}.get(number) or (f'"{number}"' if isinstance(number, str) else str(number))
    assert shown in value
    assert len(governs) > 20


def test_readme_documents_nothing_else() -> None:
    assert set(re.findall(r"^\| `(\w+)`", README, re.MULTILINE)) == set(constants.__all__)
