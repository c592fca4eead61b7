"""What jobs came to, in words."""

from __future__ import annotations

from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, Problem, UsageError
from gym_gui.jobs import Job, JobError, job_error, outcome_text, trial_text
from gym_gui.runs import RunState


def job(kind: str, **words: Any) -> Job:
    return Job(
        job_id="J", kind=kind, subject="sb3", title=kind, by="", state=RunState.COMPLETED, created_at=0.0, **words
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "result", "text"),
    [
        ("install", {"packages": 12, "size_bytes": 1 << 20}, "installed: 12 packages, 1.0 MiB"),
        ("remove", {"freed_bytes": 1 << 20}, "removed: 1.0 MiB freed"),
        ("check", {"certified": True, "errors": 0, "warnings": 1}, "✓ certified: 0 errors, 1 warnings"),
        ("doctor", {"ok": True, "findings": [{"verdict": "ok", "name": "python"}]}, "✓ nothing is broken"),
        ("dry_run", {"valid": True}, "✓ nothing is wrong"),
        ("dry_run", {}, ""),
        ("install", {}, ""),
    ],
)
def test_the_end_of_a_job(kind: str, result: dict[str, Any], text: str) -> None:
    assert outcome_text(job(kind, result=result)) == text


def test_what_is_to_be_changed_is_named() -> None:
    broken = {"outcome": "broken", "level": "error", "name": "cancel", "seen": "it went on", "mend": "handle SIGTERM"}
    kept = {**broken, "outcome": "kept", "name": "start"}
    result = {"certified": False, "errors": 1, "warnings": 0, "findings": [broken, kept]}
    text = outcome_text(job("check", result=result))
    assert text == "✕ not certified: 1 errors, 0 warnings\nerror cancel: it went on; change: handle SIGTERM"
    finding = {"verdict": "doubtful", "name": "disk", "detail": "1 GiB free", "next_step": "make room"}
    assert "doubtful disk: 1 GiB free; next: make room" in outcome_text(
        job("doctor", result={"ok": True, "findings": [finding]})
    )


def test_why_it_failed() -> None:
    error = JobError(what="pip failed", why="no network", next_step="mosaic doctor")
    assert "no network" in outcome_text(job("install", error=error))


def test_a_dry_run_says_what_is_wrong_and_nothing_else() -> None:
    assert trial_text(job("dry_run")) == "dry run: nothing is wrong"
    problems = [Problem("metadata.worker.config.lr", "is not a number"), Problem("seed", "is negative")]
    found = trial_text(job("dry_run", error=job_error(ConfigError("the config is not valid", problems))))
    assert found.splitlines()[0].startswith("metadata.worker.config.lr")
    assert len(found.splitlines()) == 2
    broken = job_error(UsageError("worker sb3 is broken", next_step="mosaic workers install sb3"))
    assert "worker sb3 is broken" in trial_text(job("dry_run", error=broken))
