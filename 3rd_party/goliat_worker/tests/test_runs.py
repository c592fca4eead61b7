"""Studies from start to end, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.process
QUICK = {"simulations": 2, "seconds": 0.05}


def test_a_study_is_followed_to_its_end(worker: Any, tmp_path: Path) -> None:
    ran = worker("--worker-id", "000002", study_config=QUICK, metrics_interval_s=0)
    assert ran.code == 0, ran.errors
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert {event["worker_id"] for event in ran.events} == {"000002"}
    progress = ran.metric("overall_progress")
    assert progress == sorted(progress)
    assert progress[-1] == 100.0
    assert progress.count(100.0) == 1
    assert ran.metric("stage/Run")
    assert ran.metric("eta_seconds")[-1] == 0.0
    assert ran.last()["message"] == "Study finished successfully"
    assert "INFO simulation 2 of 2 is done" in ran.errors
    assert json.loads((tmp_path / "study.json").read_text()) == QUICK


@pytest.mark.parametrize(
    ("ending", "kind", "said"),
    [
        ("fatal", "Fatal", "the solver has no licence"),
        ("errors", "StudyFailed", "with errors"),
        ("crash", "StudyFailed", "exit code 1"),
    ],
)
def test_a_failed_study_fails_its_run(worker: Any, ending: str, kind: str, said: str) -> None:
    ran = worker(study_config={**QUICK, "ending": ending})
    assert ran.code == 1
    assert ran.lifecycle() == ["run_started", "run_failed"]
    assert ran.last()["error_type"] == kind
    assert said in ran.last()["error"]
    assert 100.0 not in ran.metric("overall_progress")
    assert ran.last()["exit_code"] == (1 if ending == "crash" else 0)
    assert ending != "crash" or "the practice study crashes" in " ".join(ran.last()["output"])


def test_a_study_that_ran_out_of_memory_is_started_again(worker: Any) -> None:
    ran = worker(study_config={**QUICK, "ending": "memory", "memory_errors": 1})
    assert ran.code == 0, ran.errors
    assert ran.last()["starts"] == 2
    assert "It is started again (1 of 2 times)." in ran.errors


@pytest.mark.parametrize("session", [False, True], ids=["same-session", "own-session"])
def test_what_a_study_left_behind_is_ended_before_it_is_started_again(
    worker: Any, tmp_path: Path, session: bool
) -> None:
    program = tmp_path / "study.py"
    program.write_text(
        "import pathlib, subprocess, sys\n"
        "noted = pathlib.Path('solver')\n"
        "if noted.exists():\n"
        "    solver = pathlib.Path('/proc', noted.read_text(), 'cmdline')\n"
        "    lives = solver.exists() and bool(solver.read_bytes())  # one that has ended may wait for its parent\n"
        "    pathlib.Path('lives').write_text(str(lives))\n"
        "    sys.exit(0)\n"
        f"solver = subprocess.Popen(['sleep', '600'], start_new_session={session})\n"
        "noted.write_text(str(solver.pid))\n"
        "sys.exit(42)\n"
    )
    ran = worker(command=f"{{python}} {program} {{config}}", study_config={"a": 1})
    assert ran.code == 0, ran.errors
    assert ran.last()["starts"] == 2
    assert (tmp_path / "lives").read_text() == "False"


def test_memory_errors_end_the_run_with_their_own_exit_code(worker: Any) -> None:
    ran = worker(study_config={**QUICK, "ending": "memory", "memory_errors": 9}, memory_retries=1)
    assert ran.code == 42
    assert (ran.last()["error_type"], ran.last()["exit_code"], ran.last()["starts"]) == ("MemoryError", 42, 2)
    assert "out of memory on the GPU" in ran.last()["error"]


def test_a_process_that_lives_on_is_ended(worker: Any) -> None:
    ran = worker(study_config={**QUICK, "ending": "stays"}, finish_grace_s=0.1)
    assert ran.code == 0, ran.errors
    assert ran.last()["closed_by_worker"] is True


def test_the_variables_of_a_study(worker: Any, tmp_path: Path) -> None:
    program = tmp_path / "show.py"
    program.write_text(
        "import json, os, sys\n"
        "names = ('GOLIAT_WEBGUI_ENABLED', 'GOLIAT_MONITORING_URL', 'GOLIAT_MACHINE_ID', 'GOLIAT_ASSIGNMENT_ID',\n"
        "         'MOSAIC_SEED', 'MOSAIC_LOG', 'MORE')\n"
        "json.dump([[os.environ.get(name) for name in names], sys.argv[1:], os.getcwd()], open('seen.json', 'w'))\n"
    )
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "s.json").write_text("{}")
    ran = worker(
        command=f"{{python}} {program} {{config}} {{seed}}",
        study="s.json",
        working_directory=str(tmp_path / "folder"),
        environment={"MORE": "m"},
        machine_id="here",
    )
    assert ran.code == 0, ran.errors
    variables, arguments, folder = json.loads((tmp_path / "folder" / "seen.json").read_text())
    assert variables[0] == "true"
    assert variables[1].startswith("http://127.0.0.1:")
    assert variables[2:] == ["here", "run1", "3", None, "m"]
    assert arguments == [str(tmp_path / "folder" / "s.json"), "3"]
    assert folder == str(tmp_path / "folder")


def test_a_cancelled_run_ends_its_study(start: Any) -> None:
    process = start(study_config={"simulations": 1000, "seconds": 0.05}, metrics_interval_s=0)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "overall_progress" in line:
            break
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGTERM)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 143, errors
    assert json.loads(output.splitlines()[-1])["event"] == "run_cancelled"
    assert len(children) == 1
    assert not Path(f"/proc/{children[0]}").exists()


def test_heartbeats_carry_progress(start: Any) -> None:
    process = start(study_config={"simulations": 1000, "seconds": 0.05}, heartbeat_interval_s=0.05)
    assert any('"stage":"Run"' in line.replace(" ", "") for line in process.stdout)


def test_a_dry_run_starts_nothing(worker: Any) -> None:
    ran = worker("--dry-run", study_config=QUICK)
    assert ran.code == 0, ran.errors
    assert ran.lifecycle() == ["run_started", "run_completed"]
    assert "practice study" not in ran.errors
    refused = worker("--dry-run", command="goliat", study_config=QUICK)
    assert refused.code == 2
    assert refused.last()["problems"][0]["path"] == "python"


def test_the_same_runs_without_mosaic(tmp_path: Path) -> None:
    import subprocess

    (tmp_path / "c.json").write_text(json.dumps({"run_id": "r", "command": "practice", "study_config": QUICK}))
    program = (
        "import sys; sys.modules['gym_gui'] = None\n"
        "import goliat_worker.cli\n"
        "sys.exit(goliat_worker.cli.main(['--config', 'c.json']))\n"
    )
    package = str(Path(__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": package},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["event"] == "run_completed"


@pytest.mark.library
def test_tensorboard_and_weights_and_biases(worker: Any, tmp_path: Path) -> None:
    pytest.importorskip("wandb", reason="needs the extra 'tracking'")
    ran = worker(study_config=QUICK, tensorboard=True, wandb="offline")
    assert ran.code == 0, ran.errors
    assert list(tmp_path.rglob("events.out.tfevents.*"))
    assert list((tmp_path / "wandb").rglob("*.wandb"))
    manifest = json.loads(Path(ran.last()["analytics_manifest"]).read_text())
    assert manifest["artifacts"]["tensorboard"]
    assert manifest["artifacts"]["wandb"]
