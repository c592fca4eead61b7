"""How the kit holds a worker's main thread: never where that alone would keep its other threads from speaking."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from gym_gui.workers import conformance

HOOKS = Path(conformance.__file__).parent / "hooks"
WORKER = """
import os, signal, threading, time
from gym_gui.core.worker.telemetry import TelemetryEmitter

emitter = TelemetryEmitter("run")
beats, over = [], threading.Event()

def beat():
    while not over.wait(0.005):
        emitter.heartbeat({})
        beats.append(time.monotonic())

threading.Thread(target=beat, daemon=True).start()
for number in range(20):
    mark = f"mark{number}"
    os.environ["MOSAIC_CHECK_HELD"] = mark
    threading.Timer(0.01, os.kill, (os.getpid(), signal.SIGUSR2)).start()
    while not os.path.exists(mark):
        emitter.episode(1, total_reward=1.0, steps=1)
    held_until = time.monotonic()
    if not any(held_until - 0.3 < at < held_until for at in beats):
        os._exit(7)
over.set()
"""


def test_a_worker_is_not_held_in_the_middle_of_an_event(tmp_path: Path) -> None:
    """Its heartbeats would wait for the emitter, and the kit would blame its thread."""
    log = tmp_path / "log"
    with log.open("wb") as stdout:
        ended = subprocess.run(
            [sys.executable, "-c", WORKER],
            cwd=tmp_path,
            stdout=stdout,
            env={
                **os.environ,
                "PYTHONPATH": str(HOOKS),
                "MOSAIC_CHECK_HELD": "mark",
                "MOSAIC_CHECK_HOLD_S": "0.3",
                "MOSAIC_LOG": str(log),
            },
            check=False,
            timeout=100,
        )
    assert ended.returncode == 0
