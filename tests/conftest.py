"""What every test gets: an empty home and a clean environment."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from process_marks import pytest_collection_modifyitems, pytest_runtest_call, pytest_runtest_setup
from search_paths import path_without_slurm

# How long drawing examples takes says more of the machine's load than of the code.
settings.register_profile("mosaic", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", deadline=None, max_examples=10, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mosaic")


@pytest.fixture(autouse=True)
def _clean_environment(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's runs, nor sees variables of a run it might be started from."""
    for name in list(os.environ):
        if name.startswith("MOSAIC_") or name in {"WORKER_ID", "PYTHONUNBUFFERED"}:
            monkeypatch.delenv(name)
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("PATH", path_without_slurm(os.environ.get("PATH", os.defpath)))
    monkeypatch.setenv("MOSAIC_DAEMON_PORT", "0")
    monkeypatch.setenv("MOSAIC_DISK_BALLAST_MB", "0")
    monkeypatch.setenv("MOSAIC_COMPRESS_LOGS_MB", "0")


@pytest.fixture(autouse=True)
def _usual_signals() -> None:
    """Programs that a test starts end by SIGTERM: workers that were cancelled in this process leave it ignored."""
    on_main = threading.current_thread() is threading.main_thread()
    if on_main and signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


@pytest.fixture
def home() -> Path:
    """The empty ``MOSAIC_HOME`` of this test."""
    return Path(os.environ["MOSAIC_HOME"])
