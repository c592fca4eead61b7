"""`mosaic agent --plain` with the server that it is made for: it takes, carries out, reports, and obeys."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Program
from waiting import eventually

from gym_gui.rpc.client import TrainerClient

pytestmark = [pytest.mark.process, pytest.mark.slow]
STUDY = (
    "import json, sys, time; config = json.load(open(sys.argv[1])); time.sleep(config['s']); sys.exit(config['code'])"
)


@pytest.fixture
def agent(dashboard: str, client: TrainerClient, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running agent, of a machine called m1."""
    script = tmp_path / "study.py"
    script.write_text(STUDY)
    command = [sys.executable, "-m", "gym_gui.fleet.agent.main", "--plain", "--server", dashboard.partition("/#")[0]]
    command += ["--machine-id", "m1", "--folder", str(tmp_path / "agent"), "--workdir", str(tmp_path)]
    command += ["--command", f"{sys.executable} {script} {{config}}"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MOSAIC_")}
    with (tmp_path / "agent.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    yield process
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(10)
    process.kill()
    process.wait()


def test_it_carries_out_what_is_offered(
    dashboard: str, client: TrainerClient, agent: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    program = Program(dashboard.partition("/#")[0])
    study = program.create("plain", [{"s": 0, "code": 0}, {"s": 0, "code": 3}, {"s": 600, "code": 0}])
    eventually(lambda: program.states(study) == ["COMPLETED", "FAILED", "RUNNING"], "its studies", 90.0)
    states = program.assignments(study)
    assert {each["machineId"] for each in states} == {"m1"}
    assert "exit code 3" in client.get(states[1]["runId"]).cause
    client.cancel_study(study)
    eventually(lambda: program.states(study)[2] == "CANCELLED", "cancelled")
    eventually(lambda: "Ending the study" in (tmp_path / "agent.log").read_text(), "the agent ends its study", 60.0)
    assert agent.poll() is None
