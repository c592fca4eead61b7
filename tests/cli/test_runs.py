"""Runs from the command line to their end: exit codes, views, what is printed of them."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

FIVE_STEPS = "[say(event_type='step', step_index=i, ep_index=0, reward=1.0) for i in range(5)]"
EPISODE = "; say(event_type='episode', ep_index=0, total_reward={}, steps=5)"
FOREVER = "import time\nwhile True: time.sleep(0.1)"


def code(text: str) -> str:
    return f"--set=code={text}"


def test_a_run_completes_and_can_be_looked_at(script: Any, home: Path) -> None:
    noise = "print('some words')"
    ended = script("train", "script", code(FIVE_STEPS + EPISODE.format(7.5) + "; " + noise), "--set", "total_steps=5",
                   "--seed", "3", "--name", "my run", "--tag", "t1", "--notes", "n", "--priority", "2")  # fmt: skip
    assert ended.code == 0, ended.stderr
    assert "my run: queued" in ended.stdout
    assert "my run: completed · 5/5 steps (100%)" in ended.stdout
    assert "balanced" in ended.stdout

    shown = script("runs", "show", "latest", "--json").json
    assert shown["state"] == "completed"
    assert (shown["steps"], shown["episodes"], shown["seed"], shown["tags"]) == (5, 1, 3, ["t1"])
    assert shown["mean_return_100"] == 7.5
    assert shown["ledger"] == {
        "lines": 9,
        "stored": 8,
        "log": 1,
        "quarantined": 0,
        "records": 8,
        "dropped": 0,
        "sampled": 0,
    }
    wanted = (
        "run_id state digest attempts workers episodes steps mean_return_100 ledger proxy_pid started_at ended_at exit"
    )
    assert set(wanted.split()) <= set(shown)
    assert {"worker_id", "worker_type", "pid", "state", "exit", "steps", "episodes"} <= set(shown["workers"][0])
    assert shown["exit"]["code"] == 0
    assert Path(shown["folder"]).is_dir()

    run_id = shown["run_id"]
    assert [run["run_id"] for run in script("runs", "list", "--json", "--tag", "t1").runs] == [run_id]
    assert script("runs", "list", "--json", "--state", "failed").runs == []
    assert run_id in script("runs", "list").stdout
    for reference in (run_id, run_id[:20], run_id.lower(), "latest"):
        assert script("runs", "show", reference).stdout.split()[:2] == ["run", run_id]

    logs = script("runs", "logs", "latest").stdout.splitlines()
    assert len(logs) == 9
    assert script("runs", "logs", "latest", "--text").stdout == "some words\n"
    assert script("runs", "logs", "latest", "-n", "1", "--json").json["lines"] == logs[-1:]
    assert '"launch"' in script("runs", "logs", "latest", "--supervisor", "-n", "0").stdout
    assert script("runs", "logs", "latest", "--grep", "s.me [w]ords").stdout == "some words\n"
    assert "regular expression" in script("runs", "logs", "latest", "--grep", "(").stderr
    refused = script("runs", "logs", "latest", "--worker", "000002")
    assert refused.code == 2
    assert "did you mean '000001'?" in refused.stderr

    assert script("runs", "verify", "latest").code == 0
    assert script("runs", "verify", "latest", "--json").runs[0]["ok"] is True
    assert script("runs", "reindex", "latest").code == 0
    assert script("runs", "verify", "latest").code == 0
    assert script("runs", "watch", "latest", "--json").runs[0]["state"] == "completed"
    assert script("runs", "watch").code == 0

    assert script("runs", "delete", "latest").code == 2  # it asks, and nobody is there
    assert script("runs", "delete", "latest", "--yes", "--json").json == {"deleted": [run_id], "dry_run": False}
    assert script("runs", "list", "--json").runs == []
    assert not [path for path in (home / "runs").iterdir() if path.name != ".live"]


def test_what_was_kept_aside_is_shown_with_its_reason(script: Any) -> None:
    ended = script("train", "script", code('print(\'{"event_type": "step"}\')'))
    assert ended.code == 0
    assert "--quarantine" in ended.stdout
    (kept,) = script("runs", "logs", "latest", "--quarantine", "--json").json["quarantined"]
    assert (kept["worker_id"], kept["attempt"], kept["reason"]) == ("000001", 1, "missing_field")
    assert kept["excerpt"].strip() == '{"event_type": "step"}'
    assert "missing_field" in script("runs", "logs", "latest", "--quarantine").stdout


def test_reading_commands_start_no_daemon(script: Any, home: Path) -> None:
    script("train", "script", "--json")
    script("daemon", "stop")
    for command in (["list"], ["show", "latest"], ["logs", "latest"], ["verify", "latest"], ["reindex", "latest"],
                    ["watch", "latest"], ["delete", "latest", "--yes"]):  # fmt: skip
        assert script("runs", *command).code == 0, command
    assert script("daemon", "status").code == 1
    assert not (home / "daemon.json").exists()


def test_a_failed_run_shows_its_cause_and_the_end_of_stderr(script: Any) -> None:
    ended = script("train", "script", code("import sys; print('all is lost', file=sys.stderr); sys.exit(5)"))
    assert ended.code == 1
    assert "failed: exit code 5" in ended.stderr
    assert "  all is lost" in ended.stderr
    assert "mosaic runs logs " in ended.stderr
    assert script("runs", "watch", "latest").code == 1


def test_of_several_seeds_the_worst_counts(script: Any) -> None:
    ended = script("train", "script", code("if config['seed'] == 2: raise SystemExit(1)"), "--seeds", "1-3", "--json")
    assert ended.code == 1
    assert [run["state"] for run in ended.runs] == ["completed", "failed", "completed"]
    assert [run["seed"] for run in ended.runs] == [1, 2, 3]
    assert len({run["group"] for run in ended.runs}) == 1
    assert len(script("runs", "list", "--group", ended.runs[0]["group"], "--json").runs) == 3


def test_detached_runs_print_their_ids(script: Any) -> None:
    one = script("train", "script", "--detach", "--json").json
    assert one == {"run_id": one["run_id"], "runs": [{"run_id": one["run_id"]}]}
    many = script("train", "script", "--seeds", "1,2", "--detach", "--json").runs
    assert [list(entry) for entry in many] == [["run_id"], ["run_id"]]
    assert script("runs", "watch", one["run_id"], *(entry["run_id"] for entry in many)).code == 0
    plain = script("train", "script", "--detach")
    assert script("runs", "watch", plain.stdout.strip()).code == 0


def test_cancel(script: Any, wait_until: Any) -> None:
    run_id = script("train", "script", code(FOREVER), "--detach", "--json").json["run_id"]
    wait_until(lambda: script("runs", "show", run_id, "--json").json["state"] == "running", "the run runs")
    refused = script("runs", "delete", run_id, "--yes")
    assert refused.code == 2
    assert "has not ended" in refused.stderr
    assert f"mosaic runs cancel {run_id}" in refused.stderr
    cancelled = script("runs", "cancel", run_id, "--wait", "--reason", "enough", "--json")
    assert cancelled.code == 0
    assert cancelled.runs[0]["state"] == "cancelled"
    assert script("runs", "watch", run_id).code == 3
    assert "had ended already: cancelled" in script("runs", "cancel", run_id).stdout


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_ctrl_c_without_a_terminal_and_sigterm_cancel(script: Any, wait_until: Any, number: int, name: str) -> None:
    command = script.start("train", "script", code(FOREVER), "--json")
    wait_until(
        lambda: [run for run in script("runs", "list", "--json").runs if run["state"] == "running"], "the run runs"
    )
    command.send_signal(number)
    stdout, stderr = command.communicate(timeout=60)
    assert command.returncode == 130
    (ended,) = json.loads(stdout)["runs"]
    assert ended["state"] == "cancelled"
    assert name in ended["cause"]
    assert f"{name}: cancelling" in stderr


def test_watching_can_be_left_without_harm(script: Any, wait_until: Any) -> None:
    run_id = script("train", "script", code(FOREVER), "--detach", "--json").json["run_id"]
    watcher = script.start("runs", "watch", run_id)
    assert watcher.stdout is not None
    wait_until(lambda: "running" in watcher.stdout.readline(), "the view shows the run")
    watcher.send_signal(signal.SIGINT)
    watcher.communicate(timeout=60)
    assert watcher.returncode == 130
    assert script("runs", "show", run_id, "--json").json["state"] == "running"
    assert script("runs", "cancel", run_id, "--wait").code == 0


def test_the_view_outlives_the_daemon(script: Any, wait_until: Any) -> None:
    release = Path(script.environment["MOSAIC_HOME"]) / "go-on"
    waiting = f"import os, time\nwhile not os.path.exists({str(release)!r}): time.sleep(0.05)"
    command = script.start("train", "script", code(waiting), "--json")
    wait_until(
        lambda: [run for run in script("runs", "list", "--json").runs if run["state"] == "running"], "the run runs"
    )
    assert script("daemon", "stop").code == 0
    release.touch()
    stdout, stderr = command.communicate(timeout=60)
    assert command.returncode == 0, stderr
    assert json.loads(stdout)["runs"][0]["state"] == "completed"


def test_values_that_json_does_not_know(script: Any) -> None:
    ended = script("train", "script", code(FIVE_STEPS + EPISODE.format("float('nan')")), "--json")
    assert ended.code == 0
    assert "NaN" not in ended.stdout.replace('"NaN"', "")
    assert ended.runs[0]["mean_return_100"] is None
    assert ended.runs[0]["non_finite"] == {"mean_return_100": "NaN"}
    assert ended.runs[0]["nan_episodes"] == 1


def test_a_worker_that_cannot_resume_is_refused(script: Any) -> None:
    script("train", "script")
    for command in ("resume", "evaluate"):
        refused = script(command, "latest")
        assert refused.code == 2
        assert f"worker script cannot {command} a run" in refused.stderr
        assert "mosaic workers describe script" in refused.stderr


def test_a_whole_run_config(script: Any, tmp_path: Path) -> None:
    worker = {"worker_id": "script", "replicas": 2, "config": {"code": "", "seed": 4}}
    config = tmp_path / "run.json"
    config.write_text(json.dumps({"run_name": "pair", "metadata": {"worker": worker}}))
    assert script("run", str(config), "--dry-run").code == 0
    ended = script("run", str(config), "--json")
    assert ended.code == 0, ended.stderr
    assert [worker["worker_id"] for worker in ended.runs[0]["workers"]] == ["000001", "000002"]
