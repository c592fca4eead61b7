"""What a job did and came to, in words."""

from __future__ import annotations

from typing import Any

from gym_gui.core.worker.errors import ConfigError
from gym_gui.jobs.job import Job, JobEvent, raised_error
from gym_gui.look import figures


def outcome_text(job: Job) -> str:
    """Return what a job that has ended came to, or why it did not; empty: nothing is known.

    Args:
        job: The job.
    """
    if job.error is not None:
        return str(raised_error(job.error))
    found: dict[str, Any] = job.result
    if job.kind == "install" and "packages" in found:
        return f"installed: {found['packages']} packages, {figures.size(found.get('size_bytes'))}"
    if job.kind == "remove" and "freed_bytes" in found:
        return f"removed: {figures.size(found['freed_bytes'])} freed"
    if job.kind == "check" and "certified" in found:
        result = "✓ certified" if found["certified"] else "✕ not certified"
        return "\n".join([f"{result}: {found['errors']} errors, {found['warnings']} warnings", *_findings(found)])
    if job.kind == "dry_run" and "valid" in found:
        return "✓ nothing is wrong"
    if job.kind == "doctor" and "ok" in found:
        result = "✓ nothing is broken" if found["ok"] else "✕ something is broken"
        return "\n".join([result, *_findings(found)])
    return ""


def trial_text(job: Job) -> str:
    """Return what a dry run found that has ended: its problems alone, a line each, where it has some.

    Args:
        job: The dry run.
    """
    if job.error is None:
        return "dry run: nothing is wrong"
    error = raised_error(job.error)
    problems = error.problems if isinstance(error, ConfigError) else []
    return "\n".join(map(str, problems)) or str(error)


def event_text(event: JobEvent) -> str:
    """Return a line of a job's log."""
    if event.kind == "finding":
        return f"{event.data.get('outcome') or event.data.get('verdict') or ''} {event.text}".lstrip()
    return f"{event.text}, {figures.duration(event.seconds)}" if event.kind == "done" and event.seconds else event.text


def _findings(found: dict[str, Any]) -> list[str]:
    """Return what is to be changed."""
    lines = []
    for each in found.get("findings", ()):
        if each.get("outcome") == "broken":
            lines.append(f"{each['level']} {each['name']}: {each['seen']}; change: {each['mend']}")
        elif each.get("verdict") in ("broken", "doubtful"):
            fix = f"; next: {each['next_step']}" if each.get("next_step") else ""
            lines.append(f"{each['verdict']} {each['name']}: {each['detail']}{fix}")
    return lines
