"""How far a study is: the state of each assignment, counts, weighted progress. Pure functions over summaries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from gym_gui.fleet.study import Assignment, Study, StudyRun
from gym_gui.fleet.study_words import shown_split
from gym_gui.runs import RunState, RunSummary, return_of

PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, MISSING = (
    "pending", "running", "completed", "failed", "cancelled", "missing",
)  # fmt: skip
#: States of an assignment, in the order in which they are shown.
ASSIGNMENT_STATES = (PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, MISSING)
#: States that a retry is for.
RETRIED = (FAILED, CANCELLED, MISSING)
_OF_RUN = {
    RunState.QUEUED: PENDING,
    RunState.STARTING: RUNNING,
    RunState.RUNNING: RUNNING,
    RunState.PAUSED: RUNNING,
    RunState.COMPLETED: COMPLETED,
    RunState.FAILED: FAILED,
    RunState.LOST: FAILED,
    RunState.CANCELLED: CANCELLED,
}
_SHOWN = {state.value: shown for state, shown in _OF_RUN.items()}
#: A run that has not completed shows no more than this share.
_UNFINISHED = 0.99


class AssignmentRun(msgspec.Struct, kw_only=True):
    """One run of an assignment, as it stands."""

    run_id: str
    state: str
    """The run's; ``pending``: it is not submitted yet; ``missing``: it was removed."""
    cause: str = ""
    machine: str = ""
    """Where it was placed; empty: on the daemon's machine, or nowhere yet."""
    progress: float = 0.0
    """0 to 1."""
    attempts: int = 0
    """How often it was begun."""
    steps: int = 0
    target_steps: int | None = None
    episodes: int = 0
    mean_return: float | None = None
    seed: int | None = None
    created_at: float | None = None
    """Unix time, seconds; likewise the others."""
    started_at: float | None = None
    ended_at: float | None = None


class AssignmentState(msgspec.Struct, kw_only=True):
    """One assignment, as it stands."""

    index: int
    state: str
    """``pending``, ``running``, ``completed``, ``failed``, ``cancelled``; ``missing``: its run was removed."""
    split: dict[str, Any] = {}
    weight: float
    runs: list[AssignmentRun]
    """The newest last; the others are earlier attempts."""

    @property
    def attempt(self) -> int:
        """How often it was begun: by a run of its own, or again within one."""
        return sum(max(1, run.attempts) for run in self.runs)


class StudyState(msgspec.Struct, kw_only=True):
    """A study, as it stands."""

    study_id: str
    name: str
    description: str = ""
    created_at: float
    submitter: str = ""
    worker: str = ""
    command: str = ""
    executor: str = ""
    submitting: bool = False
    """Some runs are not submitted yet."""
    total: int = 0
    """Number of assignments."""
    counts: dict[str, int] = {}
    """By state of the assignments."""
    progress: float = 0.0
    """0 to 1, weighted."""
    assignments: list[AssignmentState] = []
    """Empty in lists."""


class ResultFile(msgspec.Struct, kw_only=True):
    """A file that a run left."""

    path: str
    """Below the run's folder."""
    bytes: int


class ResultRow(msgspec.Struct, kw_only=True):
    """What an assignment came to: that of its newest run."""

    index: int
    split: dict[str, Any] = {}
    state: str
    run: AssignmentRun
    files: list[ResultFile] = []


class StudyResults(msgspec.Struct, kw_only=True):
    """What a study came to."""

    study_id: str
    name: str
    rows: list[ResultRow]


def state_of_study(
    study: Study, runs: Mapping[str, RunSummary], machines: Mapping[str, str] | None = None, *, whole: bool = True
) -> StudyState:
    """Return how a study stands.

    Args:
        study: The study.
        runs: The runs of it that there are, by id.
        machines: By run id where each was placed.
        whole: With the assignments.
    """
    states = [_assignment(assignment, runs, machines or {}) for assignment in study.assignments]
    counts = Counter(state.state for state in states)
    weight = sum(state.weight for state in states)
    done = sum(state.weight * state.runs[-1].progress for state in states)
    return StudyState(
        study_id=study.study_id,
        name=study.name,
        description=study.spec.description,
        created_at=study.created_at,
        submitter=study.submitter,
        worker=study.spec.worker,
        command=study.spec.command,
        executor=study.spec.executor,
        submitting=next(study.pending, None) is not None,
        total=len(states),
        counts={name: counts[name] for name in ASSIGNMENT_STATES if counts[name]},
        progress=done / weight if weight else 0.0,
        assignments=states if whole else [],
    )


def _assignment(assignment: Assignment, runs: Mapping[str, RunSummary], machines: Mapping[str, str]) -> AssignmentState:
    found = [_run(run, runs.get(run.run_id), machines.get(run.run_id, "")) for run in assignment.runs]
    newest = found[-1]
    return AssignmentState(
        index=assignment.index,
        state=_SHOWN.get(newest.state, newest.state),
        split=shown_split(assignment.split),
        weight=assignment.weight,
        runs=found,
    )


def _run(run: StudyRun, summary: RunSummary | None, machine: str) -> AssignmentRun:
    if summary is None:
        state = CANCELLED if run.cancelled else FAILED if run.error else MISSING if run.submitted else PENDING
        return AssignmentRun(run_id=run.run_id, state=state, cause=run.error, created_at=run.created_at)
    return AssignmentRun(
        run_id=run.run_id,
        state=summary.state.value,
        cause=summary.cause,
        machine=machine,
        progress=run_progress(summary),
        attempts=summary.attempts,
        steps=summary.steps,
        target_steps=summary.target_steps,
        episodes=summary.episodes or summary.eval_episodes,
        mean_return=return_of(summary),
        seed=summary.seed,
        created_at=summary.created_at,
        started_at=summary.started_at,
        ended_at=summary.ended_at,
    )


def run_progress(run: RunSummary) -> float:
    """Return the share of a run that is done, 0 to 1; only a completed one has 1."""
    if run.state is RunState.COMPLETED:
        return 1.0
    return min(run.steps / run.target_steps, _UNFINISHED) if run.target_steps else 0.0


def safe_path(index: int, path: str) -> str:
    """Return the name of a run's file among a study's results: it leads nowhere else, on any system.

    Args:
        index: The assignment's.
        path: The file, below the run's folder.
    """
    parts = [_safe(part) for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join([f"{index:04d}", *parts])


def _safe(part: str) -> str:
    name = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", part).rstrip(". ")
    reserved = re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
    return f"_{name}" if reserved or not name else name
