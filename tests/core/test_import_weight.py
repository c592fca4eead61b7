"""Importing the SDK stays cheap: a ratio to starting Python at all, because machines differ."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
from typing import Any


def cpu_seconds(code: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-I", "-c", code], check=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_import_costs_little_beside_starting_python() -> None:
    arms: dict[str, list[float]] = {"pass": [], "import gym_gui.core.worker": []}
    for _ in range(5):
        for code, seconds in arms.items():
            seconds.append(cpu_seconds(code))
    bare, sdk = (statistics.median(seconds) for seconds in arms.values())
    assert sdk <= 3 * bare


def test_nothing_heavy_is_imported(script: Any) -> None:
    done = script.run("""
import sys
import gym_gui.core.worker
assert "json" not in sys.modules and "logging" not in sys.modules and "argparse" not in sys.modules
gym_gui.core.worker.TelemetryEmitter, gym_gui.core.worker.WorkerCLI, gym_gui.core.worker.HeartbeatThread
heavy = {"gymnasium", "numpy", "torch", "importlib.metadata", "asyncio", "sqlite3", "difflib"} & set(sys.modules)
assert not heavy, heavy
""")
    assert done.returncode == 0, done.stderr


def test_public_names_are_the_documented_ones() -> None:
    import gym_gui.core.worker as sdk

    assert sorted(sdk._HOMES) == sorted(sdk.__all__)
    assert set(sdk.__all__) <= set(dir(sdk))
    assert all(getattr(sdk, name) is not None for name in sdk.__all__)
