"""Summary of a run at one moment, for ``runs list`` and ``runs show``."""

from __future__ import annotations

from typing import Any

import msgspec

from gym_gui.runs.states import RunState

#: The largest number that databases, messages and JSON parsers all support.
MAX_COUNT = (1 << 63) - 1


class Ledger(msgspec.Struct, kw_only=True):
    """Counts of all lines printed by a run's workers: ``lines == stored + log + quarantined``."""

    lines: int = 0
    """Lines read from the workers' logs."""
    stored: int = 0
    """Lines with at least one stored record."""
    log: int = 0
    """Lines that are program output."""
    quarantined: int = 0
    """Lines stored with a reason why they are invalid, without a stored record."""
    records: int = 0
    """Stored records: more than ``stored`` if a line had several."""
    dropped: int = 0
    """Events that could not be written (disk full), as counted by the SDK."""
    sampled: int = 0
    """Steps dropped by a sampling rule, as counted by the SDK."""

    @property
    def balanced(self) -> bool:
        return self.lines == self.stored + self.log + self.quarantined

    def add(self, other: Ledger) -> None:
        """Add another ledger's counts, each up to 2**63 - 1 (workers print some of them)."""
        for name in self.__struct_fields__:
            setattr(self, name, min(getattr(self, name) + getattr(other, name), MAX_COUNT))


class ExitStatus(msgspec.Struct, kw_only=True):
    """Exit of a process; ``code`` and ``signal`` are null if it was not observed."""

    code: int | None = None
    signal: int | None = None
    reason: str = ""


class CurvePoint(msgspec.Struct, kw_only=True, array_like=True, gc=False):
    """One bucket of a learning curve: training episodes that ended around ``step``."""

    step: int
    """Environment steps of the worker at the bucket's last episode."""
    episodes: int
    mean_return: float
    min_return: float
    max_return: float


class ReturnSpread(msgspec.Struct, kw_only=True):
    """Spread of the returns of some episodes."""

    episodes: int
    """Their number."""
    mean: float
    std: float
    """Standard deviation, of these episodes alone (population)."""
    min: float
    max: float


class AttemptSummary(msgspec.Struct, kw_only=True):
    """One attempt of a worker that was launched."""

    attempt: int
    state: RunState = RunState.STARTING
    """Its state; ``queued``: it ended, and the worker was to be started again."""
    cause: str = ""
    exit: ExitStatus | None = None
    started_at: float | None = None
    ended_at: float | None = None
    episodes: int = 0
    """Training episodes."""
    steps: int = 0
    mean_return_100: float | None = None
    recent_episodes: int = 0
    """Training episodes in that mean: at most 100."""
    lines: int = 0
    """Printed lines."""


class AgentSummary(msgspec.Struct, kw_only=True):
    """One of several agents in a worker's environments."""

    agent_id: str
    episodes: int = 0
    """Training episodes with this agent."""
    mean_return_100: float | None = None
    """Its mean return over the last of them."""
    recent_episodes: int = 0
    """Episodes in that mean: at most 100."""
    eval_episodes: int = 0
    eval_mean_return: float | None = None
    """Over the last 100 evaluation episodes."""


class WorkerSummary(msgspec.Struct, kw_only=True):
    """One worker of a run, its current attempt."""

    worker_id: str
    worker_type: str
    algorithm: str = ""
    """Its algorithm; empty if its config has none."""
    env_id: str = ""
    """Its environment, likewise."""
    state: RunState = RunState.QUEUED
    cause: str = ""
    attempt: int = 0
    pid: int | None = None
    exit: ExitStatus | None = None
    episodes: int = 0
    """Training episodes, all attempts."""
    steps: int = 0
    """Environment steps of the last attempt according to telemetry: in training, or without one in evaluation."""
    eval_steps: int = 0
    target_steps: int | None = None
    mean_return_100: float | None = None
    """Mean return of the last training episodes."""
    recent_episodes: int = 0
    """Episodes in that mean: at most 100."""
    nan_episodes: int = 0
    """Training episodes, all attempts, with a non-finite return."""
    steps_per_second: float | None = None
    """Average between the first and the last report of steps, without pauses."""
    last_event: str = ""
    last_heartbeat_at: float | None = None
    last_step_at: float | None = None
    """Time at which the proxy received a living worker's last step, episode or metric (not heartbeat)."""
    phase: str = ""
    """Announced phase of a living worker while it takes no steps: at most 80 characters."""
    cpu_seconds: float | None = None
    memory_bytes: int | None = None
    curve: list[CurvePoint] = []
    eval_episodes: int = 0
    eval_mean_return: float | None = None
    """Over the last 100 evaluation episodes."""
    evaluation: ReturnSpread | None = None
    """Of the last 100 evaluation episodes."""
    eval_nan_episodes: int = 0
    agents: list[AgentSummary] = []
    """If episodes report the returns of several."""
    attempts: list[AttemptSummary] = []
    """The launched ones, in order."""


class RunSummary(msgspec.Struct, kw_only=True):
    """One run: identity, state, rollups, ledger."""

    run_id: str
    run_name: str = ""
    state: RunState = RunState.QUEUED
    cause: str = ""
    digest: str = ""
    sequence: int = 0
    """Order of submission within a home (``latest`` is the highest)."""
    report: int = 0
    """Number of the proxy's report with this summary; a newer one replaces it entirely."""
    group: str = ""
    tags: list[str] = []
    seed: int | None = None
    executor: str = "local"
    parent_run_id: str | None = None
    starred: bool = False
    """Marked by a user."""
    notes: str | None = None
    """Notes that a user wrote after the submission; ``None``: as submitted."""
    attempts: int = 0
    workers: list[WorkerSummary] = []
    episodes: int = 0
    """Training episodes."""
    steps: int = 0
    target_steps: int | None = None
    mean_return_100: float | None = None
    """Mean over the workers of their mean returns over the last training episodes (at most 100)."""
    recent_episodes: int = 0
    """Episodes in these means, of all workers."""
    best_return: float | None = None
    """Highest mean return of at least 20 consecutive training episodes of a worker, or of all if there are fewer."""
    nan_episodes: int = 0
    """Training episodes with a non-finite return."""
    eval_episodes: int = 0
    eval_steps: int = 0
    evaluation: ReturnSpread | None = None
    """Of each worker's last 100 evaluation episodes together."""
    eval_nan_episodes: int = 0
    steps_per_second: float | None = None
    """Average between the first and the last report of steps, without pauses."""
    measured_at: float | None = None
    """Time of these measurements."""
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    lag_bytes: int = 0
    """Bytes of the logs that are not indexed yet."""
    proxy_pid: int | None = None
    created_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    exit: ExitStatus | None = None
    """Exit of the first failed worker, else of the last ended one."""


def return_of(run: RunSummary) -> float | None:
    """Return the mean return that stands for a run: of its training, else of its evaluation."""
    if run.mean_return_100 is not None:
        return run.mean_return_100
    if run.evaluation is not None:
        return run.evaluation.mean
    measured = [worker.eval_mean_return for worker in run.workers if worker.eval_mean_return is not None]
    return sum(measured) / len(measured) if measured else None


def without_curves(run: RunSummary) -> RunSummary:
    """Return a summary without its workers' learning curves; itself if it has none."""
    if not any(worker.curve for worker in run.workers):
        return run
    workers = [msgspec.structs.replace(worker, curve=[]) if worker.curve else worker for worker in run.workers]
    return msgspec.structs.replace(run, workers=workers)


def to_json_dict(summary: Any) -> dict[str, Any]:
    """Return a summary as a JSON-ready dict (with NaN and infinities as floats)."""
    built: dict[str, Any] = msgspec.to_builtins(summary)
    return built
