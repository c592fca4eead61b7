"""``mosaic study``: made, followed, saved, retried and removed as a user does it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gym_gui.app.documents import DeletedStudy, StudyList, StudyOutcome, schema_of
from gym_gui.fleet import StudyState

pytestmark = pytest.mark.process

PROGRAM = """
import json, pathlib, sys
config = json.loads(pathlib.Path(sys.argv[1]).read_text())
pathlib.Path("out put").mkdir(exist_ok=True)
pathlib.Path("out put", "n:1.txt").write_text(config["phantom"])
sys.exit(0 if config["phantom"] == "duke" or pathlib.Path(sys.argv[2]).exists() else 42)
"""


def faults(kind: type, document: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema_of(kind)).iter_errors(document)]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    path = tmp_path / "base.json"
    path.write_text(json.dumps({
        "run_name": "base",
        "metadata": {"worker": {"worker_id": "random", "config": {"env_id": "CartPole-v1", "total_steps": 30}}},
    }))  # fmt: skip
    return path


def ended(mosaic: Any, wait_until: Any, name: str) -> Any:
    def over() -> bool:
        state = mosaic("study", "show", name, "--json").json
        return not state["submitting"] and not {"pending", "running"} & state["counts"].keys()

    wait_until(over, f"study {name} ends", 60)
    return mosaic("study", "show", name, "--json").json


def test_a_study_from_its_config_to_its_results(mosaic: Any, base: Path, tmp_path: Path, wait_until: Any) -> None:
    assert "make one: mosaic study create" in mosaic("study", "list").stderr
    words = ("study", "create", str(base), "--name", "rates", "--split", "total_steps=30,60", "--seeds", "1-2")
    checked = mosaic(*words, "--dry-run", "--json")
    assert (checked.code, faults(StudyState, checked.json)) == (0, [])
    assert checked.json["assignments"][3]["split"] == {"total_steps": 60, "seed": 2}
    assert mosaic("study", "list", "--json").json == {"studies": []}
    made = mosaic(*words)
    assert made.code == 0
    study_id = made.stdout.strip()
    state = ended(mosaic, wait_until, study_id[:12])
    assert (state["counts"], state["progress"], faults(StudyState, state)) == ({"completed": 4}, 1.0, [])
    shown = mosaic("study", "show", "rates").stdout
    assert "0 pending, 0 running, 4 completed, 0 failed" in shown
    assert "100.0%" in shown
    assert "total_steps=60 seed=2" in shown
    listed = mosaic("study", "list", "--json").json
    assert ([each["name"] for each in listed["studies"]], faults(StudyList, listed)) == (["rates"], [])
    assert "rates" in mosaic("study", "list").stdout
    assert len(mosaic("runs", "list", "--query", "study=rates", "--json").runs) == 4
    run_id = state["assignments"][2]["runs"][0]["run_id"]
    assert "rates #2: total_steps=60 seed=1" in mosaic("runs", "show", run_id).stdout
    rows = list(csv.DictReader(io.StringIO(mosaic("study", "results", "rates").stdout)))
    assert [(row["index"], row["split.total_steps"], row["steps"]) for row in rows] == [
        ("0", "30", "30"), ("1", "30", "30"), ("2", "60", "60"), ("3", "60", "60"),
    ]  # fmt: skip
    saved = mosaic("study", "results", "rates", "-o", str(tmp_path / "r.zip"), "--json").json
    assert (saved["saved"]["failed"], faults(StudyOutcome, saved)) == ({}, [])
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        assert {"results.csv", "results.json", "0000/analytics.json", "0003/analytics.json"} <= {*archive.namelist()}
        assert len(json.loads(archive.read("results.json"))["rows"]) == 4
    assert "no terminal to ask on" in mosaic("study", "delete", "rates").stderr
    gone = mosaic("study", "delete", "rates", "--runs", "--yes", "--json").json
    assert (gone, faults(DeletedStudy, gone)) == ({"study_id": study_id, "runs": 4}, [])
    assert mosaic("runs", "list", "--json").runs == []


def test_a_command_is_retried_and_its_files_are_saved(mosaic: Any, tmp_path: Path, wait_until: Any) -> None:
    program, fixed, config = tmp_path / "p.py", tmp_path / "fixed", tmp_path / "c.json"
    program.write_text(PROGRAM)
    config.write_text('{"phantom": "?"}')
    mosaic("study", "create", str(config), "--name", "g", "--command", f"{{python}} {program} {{config}} {fixed}",
           "--split", "phantom=duke,ella", "--weights", "1,3")  # fmt: skip
    state = ended(mosaic, wait_until, "g")
    assert (state["counts"], state["progress"]) == ({"completed": 1, "failed": 1}, 0.25)
    shown = mosaic("study", "show", "g")
    assert "exit code 42" in shown.stdout
    assert "mosaic study retry" in shown.stderr
    assert mosaic("study", "retry", "g", "0").code == 2
    fixed.touch()
    assert mosaic("study", "retry", "g", "1").code == 0
    state = ended(mosaic, wait_until, "g")
    assert [[run["state"] for run in each["runs"]] for each in state["assignments"]] == [
        ["completed"], ["failed", "completed"],
    ]  # fmt: skip
    folder = tmp_path / "out"
    assert mosaic("study", "results", "g", "-o", str(folder)).code == 0
    (work,) = (folder / "0001" / "work").iterdir()
    assert (work / "out put" / "n_1.txt").read_text() == "ella"
    again = mosaic("study", "results", "g", "-o", str(folder))
    assert (again.code, "a folder of their own" in again.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--split", "total_stepz=1,2"), "did you mean 'total_steps'"),
        (("--split", "total_steps"), "--num-splits N"),
        (("--split", "=1"), "names no key"),
        (("--weights", "1,x"), "could not convert"),
        (("--weights", "1,2"), "are 2, but there are 1 assignments"),
        (("--seeds", "5-1"), "--seeds"),
        (("--command", "goliath"), "did you mean 'goliat'"),
        (("--worker", "random"), "leave --worker out"),
        (("--executor", "lokal"), "did you mean 'local'"),
    ],
)
def test_what_cannot_be_made_is_refused(mosaic: Any, home: Path, base: Path, words: tuple[str, ...], said: str) -> None:
    refused = mosaic("study", "create", str(base), "--name", "rates", *words)
    assert refused.code == 2
    assert said in refused.stderr.replace("Did you", "did you")
    assert not (home / "studies").exists()


def test_a_cancelled_study(mosaic: Any, base: Path, wait_until: Any) -> None:
    words = ("--split", "total_steps=1000000000", "--split", "+step_rate=100", "--seeds", "1-3")
    assert mosaic("study", "create", str(base), "--name", "rates", *words, "--json").code == 0
    assert mosaic("study", "delete", "rates", "--yes").code == 2
    assert "is being cancelled" in mosaic("study", "cancel", "rates").stdout
    assert ended(mosaic, wait_until, "rates")["counts"] == {"cancelled": 3}
    missing = mosaic("study", "show", "rate")
    assert (missing.code, "did you mean 'rates'?" in missing.stderr) == (2, True)
