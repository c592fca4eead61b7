"""Runs of several workers as the command line shows them."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console

from gym_gui.app.progress import RunProgress
from gym_gui.cli.commands.runs_show import _print
from gym_gui.cli.progress.ending import show_results
from gym_gui.cli.progress.live import table_of
from gym_gui.cli.progress.plain import PlainView
from gym_gui.reading.details import RunDetails
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import ExitStatus, RunSummary, WorkerSummary

KILLED = "killed by signal 9"


def run_of(steps: int, *, workers: int = 3, ended: bool = False) -> RunSummary:
    going = RunState.COMPLETED if ended else RunState.RUNNING
    parts = [
        WorkerSummary(worker_id=f"{number:06d}", worker_type="random", state=going, attempt=1, steps=steps * number,
                      target_steps=1000, episodes=number)
        for number in range(1, workers + 1)
    ]  # fmt: skip
    if ended:
        parts[1].state, parts[1].cause, parts[1].exit = RunState.FAILED, KILLED, ExitStatus(signal=9)
    return RunSummary(run_id="r", run_name="many", state=RunState.FAILED if ended else going, workers=parts,
                      steps=sum(part.steps for part in parts), target_steps=1000 * workers)  # fmt: skip


def shown(what: Any, width: int = 100) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(what)
    return console.export_text()


def progress_of(**more: Any) -> RunProgress:
    progress = RunProgress("many")
    progress.update(run_of(100, **more), 0.0)
    progress.update(run_of(200, **more), 1.0)
    return progress


def test_the_live_view_has_a_row_for_each() -> None:
    lines = shown(table_of([progress_of()], 1.0, 100)).splitlines()
    rows = {line.split()[0]: line for line in lines if line.strip()}
    assert list(rows)[1:5] == ["many", "000001", "000002", "000003"]
    for number in (1, 2, 3):
        assert f"{200 * number}/1k" in rows[f"{number:06d}"]
        assert f" {100 * number} " in rows[f"{number:06d}"]  # steps/s
    assert "000001" not in shown(table_of([progress_of(workers=1)], 1.0, 100))
    crowd = shown(table_of([progress_of(workers=40)], 1.0, 80), width=80)
    assert "000016" in crowd
    assert "000017" not in crowd
    assert "and 24 more" in crowd
    assert all(len(line) <= 80 for line in crowd.splitlines())


def test_lines_tell_once_how_each_has_ended() -> None:
    stream = io.StringIO()
    progress = progress_of()
    with PlainView(stream) as view:
        view.show([progress], {"r"}, 0.0)
        progress.update(run_of(300, ended=True), 2.0)
        for now in (2.0, 3.0, 9.0):
            view.show([progress], set(), now)
    lines = [line for line in stream.getvalue().splitlines() if "worker" in line]
    assert len(lines) == 3
    assert f"many, worker 000002: failed ({KILLED}) · 600 steps · 2 episodes" in lines[1]


def test_results_and_show_tell_each_story(tmp_path: Any) -> None:
    run = run_of(300, ended=True)
    console = Console(width=120, record=True, file=io.StringIO())
    show_results(console, [run])
    text = console.export_text()
    assert all(f"{number:06d}" in text for number in (1, 2, 3))
    console = Console(width=160, record=True, file=io.StringIO())
    _print(console, tmp_path, run, RunDetails(), wide=False)
    text = console.export_text()
    assert f"000002 failed: {KILLED}" in text
    assert "signal 9" in text


def test_an_evaluation_is_told_for_each_and_called_one() -> None:
    run = run_of(300, workers=2, ended=True)
    run.state = RunState.COMPLETED
    for number, worker in enumerate(run.workers, 1):
        worker.episodes, worker.eval_episodes, worker.eval_mean_return = 0, 5, float(number)
    console = Console(width=120, record=True, file=io.StringIO())
    show_results(console, [run])
    rows = {line.split()[0]: line.split() for line in console.export_text().splitlines() if line.split()}
    assert [rows[name][2:4] for name in ("many", "000001", "000002")] == [["1.5", "10"], ["1.0", "5"], ["2.0", "5"]]
    progress, stream = RunProgress("many"), io.StringIO()
    progress.update(run, 0.0)
    PlainView(stream).show([progress], {"r"}, 0.0)
    assert "10 episodes · return 1.5 (mean of 10 evaluation episodes)" in stream.getvalue()


def test_the_command_itself(script: Any, tmp_path: Any) -> None:
    """``train --replicas`` and ``runs show`` of a run of which one worker fails."""
    code = (
        "import os\nfor i in range(5):\n    say(event_type='step', step_index=i, ep_index=0, reward=1.0)\n"
        "say(event_type='episode', ep_index=0, total_reward=5.0, steps=5)\n"
        "if os.environ['WORKER_ID'] == '000002':\n    os.kill(os.getpid(), 9)"
    )
    payload = {
        "run_name": "three", "on_worker_failure": "continue",
        "metadata": {"worker": {"worker_id": "script", "replicas": 3, "config": {"code": code, "seed": 4}}},
    }  # fmt: skip
    path = tmp_path / "three.json"
    path.write_text(json.dumps(payload))
    ended = script("run", str(path), "--no-check")
    assert ended.code == 1
    assert "worker 000002: failed" in ended.stdout + ended.stderr
    told = script("runs", "show", "latest", "--json").json
    assert told["state"] == "failed"
    workers = {worker["worker_id"]: worker for worker in told["workers"]}
    assert list(workers) == ["000001", "000002", "000003"]
    for worker_id, worker in workers.items():
        failed = worker_id == "000002"
        assert (worker["state"], worker["attempt"]) == ("failed" if failed else "completed", 1)
        assert (worker["exit"]["code"], worker["exit"]["signal"]) == ((None, 9) if failed else (0, None))
        assert (worker["steps"], worker["episodes"], len(worker["curve"])) == (5, 1, 1)
    text = script("runs", "show", "latest").stdout
    assert "000002 failed: " in text


def test_workers_are_called_what_the_user_likes(script: Any) -> None:
    dry = ("train", "script", "--seed", "4", "--dry-run", "--no-check", "--json")
    config = script(*dry, "--worker-id", "left", "--worker-id", "right").runs[0]["config"]
    assert [part["config"] for part in config["metadata"]["workers"]] == [
        {"seed": 4, "worker_id": "left"},
        {"worker_id": "right"},
    ]
    one = script(*dry, "--worker-id", "left").runs[0]["config"]
    assert one["metadata"]["worker"]["config"] == {"seed": 4, "worker_id": "left"}
    twice = script(*dry, "--worker-id", "left", "--worker-id", "left")
    assert twice.code == 2
    assert "as metadata.workers[0].config.worker_id" in twice.json["error"]["problems"][0]["message"]
    assert script(*dry, "--worker-id", "Left Arm").code == 2
    assert script(*dry, "--worker-id", "left", "--replicas", "2").code == 2
