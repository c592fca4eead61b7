"""Runs that machines carry out: real agents, launchers and workers, over a real server."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from agents import AgentProcess
from waiting import eventually

from gym_gui.fleet import single_file
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, RunState
from gym_gui.telemetry import verify_run

Start = Callable[..., AgentProcess]


@pytest.fixture(autouse=True)
def _short_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_AGENT_LEASE_S", "4")


def on_agents(config: dict[str, Any], **limits: Any) -> dict[str, Any]:
    """Return a config for machines with an agent."""
    return {**config, "executor": "agent", "limits": {"shutdown_timeout_s": 3.0, **limits}}


def ended(client: TrainerClient, run_id: str) -> Any:
    """Return a run once it has ended."""
    eventually(lambda: client.get(run_id).state.terminal, f"the end of {run_id}", 60.0)
    return client.get(run_id)


def running(client: TrainerClient, run_id: str, steps: int = 1) -> Any:
    """Return a run once it has taken steps."""
    eventually(lambda: client.get(run_id).steps >= steps, f"steps of {run_id}", 60.0)
    return client.get(run_id)


def test_a_run_arrives_whole(
    daemon_home: Path, client: TrainerClient, start_agent: Start, random_config: Callable[..., dict[str, Any]]
) -> None:
    agent = start_agent()
    run_id = client.submit(on_agents(random_config(total_steps=2_000, run_name="far")))
    run = ended(client, run_id)
    assert (run.state, run.cause) == (RunState.COMPLETED, "exit code 0")
    assert run.steps == 2_000
    assert run.ledger.lines == run.ledger.stored + run.ledger.log
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok
    eventually(lambda: not agent.runs(), "its disk is free again")
    assert [machine.name for machine in client.machines().machines if machine.name]


#: The agent as it starts programs on Windows.
AS_ON_WINDOWS = """
import sys
from gym_gui.fleet.agent import main
main.WINDOWS = "--launch" not in sys.argv
sys.exit(main.run_agent())
"""


def test_the_single_file_carries_runs_out(
    client: TrainerClient, start_agent: Start, random_config: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    pythons = sorted(Path.home().glob(".pyenv/versions/3.8.*/bin/python3")) or [Path(sys.executable)]
    file = tmp_path / "worker_agent.py"
    file.write_text(single_file("1.2.3"))
    start_agent(program=[str(pythons[0]), str(file)])
    run = ended(client, client.submit(on_agents(random_config(total_steps=500))))
    assert (run.state, run.cause, run.steps) == (RunState.COMPLETED, "exit code 0", 500)
    (machine,) = [each for each in client.fleet() if each.online]
    assert machine.facts.version == "1.2.3"


def test_a_command_as_windows_runs_it(
    daemon_home: Path, client: TrainerClient, start_agent: Start, tmp_path: Path
) -> None:
    agent = start_agent(program=[sys.executable, "-c", AS_ON_WINDOWS])
    code = "import json, sys, time; print(json.load(open(sys.argv[1]))); open('left.txt', 'w').write('kept')"
    entry = {"entry_point": "${python}", "metadata": {"worker": {"config": {"a": [1, 2]}}}}
    first = client.submit(on_agents({"run_name": "w", "arguments": ["-c", code, "${config}"], **entry}))
    run = ended(client, first)
    assert run.state is RunState.COMPLETED, run.cause
    folder = RunFolder.of(daemon_home, first)
    assert folder.stdout_log("000001", 1).read_text() == "{'a': [1, 2]}\n"
    assert (folder.work("000001") / "left.txt").read_text() == "kept"
    second = client.submit(on_agents({"run_name": "w", "arguments": ["-c", "input()", "${config}"], **entry}))
    assert ended(client, second).state is RunState.FAILED
    wait = "import time; print('up', flush=True); time.sleep(600)"
    third = client.submit(on_agents({"run_name": "w", "arguments": ["-c", wait, "${config}"], **entry}))
    eventually(lambda: client.get(third).state is RunState.RUNNING, "it runs", 60.0)
    client.cancel(third)
    assert ended(client, third).state is RunState.CANCELLED
    eventually(lambda: not agent.workers(), "nothing is left on the machine")


def test_files_of_the_worker_are_shipped(daemon_home: Path, client: TrainerClient, start_agent: Start) -> None:
    program = (
        "import os, pathlib, time; run = pathlib.Path(os.environ['MOSAIC_RUN_DIR']);"
        " folder = run / 'checkpoints' / os.environ['WORKER_ID']; folder.mkdir(parents=True);"
        " (folder / 'a.bin').write_bytes(b'x' * 3_000_000); pathlib.Path('notes.txt').write_text('kept')"
    )
    start_agent()
    run_id = client.submit(
        on_agents(
            {
                "run_name": "files",
                "entry_point": sys.executable,
                "arguments": ["-c", program],
                "metadata": {"worker": {}},
            }
        )
    )
    assert ended(client, run_id).state is RunState.COMPLETED
    folder = RunFolder.of(daemon_home, run_id)
    assert (folder.checkpoints("000001") / "a.bin").read_bytes() == b"x" * 3_000_000
    assert (folder.work("000001") / "notes.txt").read_text() == "kept"


def test_cancel_takes_effect_and_the_last_lines_arrive(
    client: TrainerClient, start_agent: Start, endless: dict[str, Any]
) -> None:
    agent = start_agent()
    run_id = client.submit(on_agents(endless))
    running(client, run_id)
    client.cancel(run_id, reason="enough")
    run = ended(client, run_id)
    assert run.state is RunState.CANCELLED
    assert run.workers[0].exit is not None
    eventually(lambda: not agent.workers(), "nothing is left on the machine")


def test_without_a_machine_a_run_waits_and_says_for_what(client: TrainerClient, endless: dict[str, Any]) -> None:
    run_id = client.submit(on_agents(endless))
    time.sleep(0.5)
    assert client.get(run_id).state is RunState.QUEUED
    assert "machine" in client.get(run_id).cause
    client.cancel(run_id)
    assert ended(client, run_id).state is RunState.CANCELLED


def test_a_killed_agent_takes_its_run_up_again(
    client: TrainerClient, start_agent: Start, random_config: Callable[..., dict[str, Any]]
) -> None:
    agent = start_agent()
    run_id = client.submit(on_agents(random_config(total_steps=1_500, step_rate=500.0, run_name="kept")))
    running(client, run_id, 100)
    for _ in range(2):
        agent.kill()
        agent.start()
        time.sleep(0.7)
    run = ended(client, run_id)
    assert (run.state, run.steps, run.attempts) == (RunState.COMPLETED, 1_500, 1)


def test_the_end_of_a_run_is_told_after_the_agent_was_down(
    client: TrainerClient, start_agent: Start, random_config: Callable[..., dict[str, Any]]
) -> None:
    agent = start_agent()
    run_id = client.submit(on_agents(random_config(total_steps=600, step_rate=300.0)))
    running(client, run_id, 50)
    agent.kill()
    eventually(lambda: not agent.workers(), "the worker ends without its agent")
    agent.start()
    run = ended(client, run_id)
    assert (run.state, run.steps, run.attempts) == (RunState.COMPLETED, 600, 1)


def test_a_lost_machine_loses_the_run_to_another_and_can_change_nothing_any_more(
    client: TrainerClient, start_agent: Start, endless: dict[str, Any]
) -> None:
    first = start_agent("m1", slots=1)
    run_id = client.submit(on_agents(endless, max_attempts=2))
    running(client, run_id)
    first.signal(signal.SIGSTOP)
    second = start_agent("m2", slots=1)
    eventually(lambda: client.get(run_id).workers[0].attempt == 2, "a second attempt", 60.0)
    eventually(lambda: second.runs() == [run_id], "the second machine has it", 30.0)
    assert first.workers()
    first.signal(signal.SIGCONT)
    eventually(lambda: not first.workers(), "the first machine ends what it has lost", 30.0)
    assert client.get(run_id).workers[0].attempt == 2
    client.cancel(run_id)
    assert ended(client, run_id).state is RunState.CANCELLED


def test_without_attempts_left_a_lost_machine_ends_the_run(
    client: TrainerClient, start_agent: Start, endless: dict[str, Any]
) -> None:
    agent = start_agent()
    run_id = client.submit(on_agents(endless, max_attempts=1))
    running(client, run_id)
    agent.signal(signal.SIGSTOP)
    run = ended(client, run_id)
    assert run.state is RunState.LOST
    assert "m1" in run.cause or "silent" in run.cause


def test_a_killed_daemon_changes_nothing(
    daemon_home: Path, client: TrainerClient, start_agent: Start, random_config: Callable[..., dict[str, Any]]
) -> None:
    start_agent()
    run_id = client.submit(on_agents(random_config(total_steps=1_500, step_rate=500.0)))
    running(client, run_id, 100)
    os.kill(client.status().pid, signal.SIGKILL)
    with TrainerClient.connect(daemon_home) as following:
        run = ended(following, run_id)
    assert (run.state, run.steps, run.attempts) == (RunState.COMPLETED, 1_500, 1)


def test_a_daemon_that_stood_still_takes_no_run_from_its_machine(client: TrainerClient, start_agent: Start) -> None:
    start_agent()
    config = {
        "run_name": "long", "entry_point": sys.executable, "metadata": {"worker": {}},
        "arguments": ["-c", "import time; time.sleep(15)"],
    }  # fmt: skip
    run_id = client.submit(on_agents(config, max_attempts=2))
    eventually(lambda: client.get(run_id).state is RunState.RUNNING, "it runs", 60.0)
    daemon = client.status().pid
    os.kill(daemon, signal.SIGSTOP)
    time.sleep(8.0)
    os.kill(daemon, signal.SIGCONT)
    run = ended(client, run_id)
    assert (run.state, run.attempts) == (RunState.COMPLETED, 1)


def test_a_program_that_the_machine_lacks_is_refused_with_the_next_step(
    client: TrainerClient, start_agent: Start
) -> None:
    start_agent()
    run_id = client.submit(
        on_agents({"run_name": "x", "entry_point": "/nowhere/else", "arguments": [], "metadata": {"worker": {}}})
    )
    run = ended(client, run_id)
    assert run.state is RunState.FAILED
    assert "/nowhere/else is not on this machine" in run.cause


def test_a_drained_agent_finishes_its_run_and_ends(
    client: TrainerClient, start_agent: Start, random_config: Callable[..., dict[str, Any]]
) -> None:
    agent = start_agent()
    run_id = client.submit(on_agents(random_config(total_steps=900, step_rate=300.0)))
    running(client, run_id)
    agent.signal(signal.SIGTERM)
    assert agent.process.wait(60) == 0
    assert ended(client, run_id).state is RunState.COMPLETED


@pytest.mark.process
def test_a_token_may_begin_with_a_dash(tmp_path: Path) -> None:
    agent = AgentProcess("http://127.0.0.1:1", "-odd--token", tmp_path / "agent", "m1")
    eventually(lambda: "does not answer" in agent.said, "it tries to reach the server")
    agent.end()
    assert "usage" not in agent.said


def test_a_folder_has_one_agent(start_agent: Start, tmp_path: Path) -> None:
    first = start_agent()
    eventually(lambda: "enrolled" in first.said, "the first agent is there")
    second = AgentProcess("http://127.0.0.1:1", "", first.folder, "m1")
    assert second.process.wait(30) == 1
    assert "another agent runs in" in second.said


def test_who_is_not_enrolled_and_has_no_token_is_told_so(dashboard: str, client: TrainerClient, tmp_path: Path) -> None:
    agent = AgentProcess(dashboard.partition("/#")[0], "", tmp_path / "agent", "m9")
    assert agent.process.wait(30) == 1
    assert "--token" in agent.said
