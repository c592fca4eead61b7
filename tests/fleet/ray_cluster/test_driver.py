"""The driver process without a cluster: with a package in place of Ray that never gets a connection."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from waiting import eventually

from gym_gui.fleet.ray_cluster import clusters
from gym_gui.trainer.executors.ray import RayExecutor

pytestmark = pytest.mark.process
RAY = """
import time

class exceptions:
    RayActorError = ActorUnschedulableError = RuntimeEnvSetupError = RayTaskError = ActorUnavailableError = OSError

def remote(kind):
    return kind

def init(**_):
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def _no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "packages" / "ray").mkdir(parents=True)
    (tmp_path / "packages" / "ray" / "__init__.py").write_text(RAY)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))


#: A driver that copies slowly what is sent, and ends slowly.
SLOW = """
import os, sys, time
from gym_gui.fleet.ray_cluster import driver

def copy(folder):
    for number in range(100):
        (folder / "gym_gui" / str(number)).mkdir(parents=True)
        time.sleep(0.01)
    return folder

def end(code, end=os._exit):
    time.sleep(0.2)
    end(code)

driver.copy_sources, os._exit = copy, end
driver.main()
"""


@pytest.mark.parametrize(
    ("program", "last"),
    [
        (["-m", "gym_gui.fleet.ray_cluster.driver"], "gym_gui/supervision/launcher.py"),
        (["-c", SLOW], "gym_gui/0"),
    ],
    ids=["while it connects", "while it copies what is sent"],
)
def test_without_its_daemon_it_ends_and_leaves_no_files(tmp_path: Path, program: list[str], last: str) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = ["--address", "192.0.2.1:6379", "--namespace", "n", "--scratch", str(scratch)]
    process = subprocess.Popen([sys.executable, *program, *words], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert process.stdin is not None
    eventually(lambda: (scratch / last).exists(), "what is sent is there", 30.0)
    process.stdin.close()
    assert process.wait(30) == 0
    assert not scratch.exists()


def test_one_that_is_stopped_does_not_stop_the_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "unreachable", lambda _address: "")
    monkeypatch.setattr(clusters, "_DEATH_S", 0.1)
    cluster = RayExecutor(tmp_path)._cluster("192.0.2.1:6379")
    cluster.update([], {})
    assert cluster._process is not None
    driver = psutil.Process(cluster._process.pid)
    os.kill(driver.pid, signal.SIGSTOP)

    def use() -> None:
        for number in range(3):  # more than a pipe holds
            cluster.update([], {"random": str(number) * 100_000})
        cluster.close()

    thread = threading.Thread(target=use, daemon=True)
    thread.start()
    thread.join(30.0)
    try:
        assert not thread.is_alive()
        assert not driver.is_running()
    finally:
        if driver.is_running():
            driver.kill()
