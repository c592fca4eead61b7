from __future__ import annotations

import json
from typing import Any

import pytest

from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.prints import library_prints_to_stderr


def test_captured_stdout_stays_the_emitters(capsys: pytest.CaptureFixture[str]) -> None:
    with library_prints_to_stderr():
        print("library")
        TelemetryEmitter("r").step(1)
    print("after")
    captured = capsys.readouterr()
    first, second = captured.out.splitlines()
    assert (json.loads(first)["step_index"], second) == (1, "after")
    assert captured.err == "library\n"


def test_descriptor_1_comes_back(script: Any) -> None:
    done = script.run("""
import os, sys
from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.prints import library_prints_to_stderr
print("before")
with library_prints_to_stderr():
    os.write(1, b"library\\n")
    TelemetryEmitter("r").step(1)
os.write(1, b"after\\n")
""")
    assert done.stdout == 'before\n{"event_type":"step","run_id":"r","step_index":1}\nafter\n'
    assert done.stderr == "library\n"


def test_process_without_stdout(script: Any, log: Any) -> None:
    done = script.run("""
import os, sys
sys.stdout = None
from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.prints import library_prints_to_stderr
with library_prints_to_stderr():
    print("library")
    TelemetryEmitter("r").step(1)
""")
    assert done.returncode == 0, done.stderr
    assert [event["step_index"] for event in log.events()] == [1]
