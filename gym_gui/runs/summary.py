"""What is known of a run at one moment: the rows of ``runs list`` and the whole of ``runs show``."""

from __future__ import annotations

from typing import Any

import msgspec

from gym_gui.runs.states import RunState

#: What databases, messages and JSON readers of any kind can hold.
MAX_COUNT = (1 << 63) - 1


class Ledger(msgspec.Struct, kw_only=True):
    """Where every line that a run's workers printed has gone. ``lines == stored + log + quarantined``."""

    lines: int = 0
    """Lines read from the workers' logs."""
    stored: int = 0
    """Lines of which at least one record was stored."""
    log: int = 0
    """Lines that are program output."""
    quarantined: int = 0
    """Lines kept aside with a reason, none of whose records was stored."""
    records: int = 0
    """Records stored: more than ``stored`` where a line held several."""
    dropped: int = 0
    """Events that the kernel refused (disk full), as the SDK counted them."""
    sampled: int = 0
    """Steps left out by a sampling rule, as the SDK counted them."""

    @property
    def balanced(self) -> bool:
        return self.lines == self.stored + self.log + self.quarantined

    def add(self, other: Ledger) -> None:
        """Add another ledger's counts (to at most 2**63 - 1 each: workers say some of them themselves)."""
        for name in self.__struct_fields__:
            setattr(self, name, min(getattr(self, name) + getattr(other, name), MAX_COUNT))


class ExitStatus(msgspec.Struct, kw_only=True):
    """How a process ended. ``code`` and ``signal`` are both null where nobody lived to see it."""

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
    """How the returns of some episodes are spread."""

    episodes: int
    """How many."""
    mean: float
    std: float
    """Standard deviation, of these episodes alone (population)."""
    min: float
    max: float


class AttemptSummary(msgspec.Struct, kw_only=True):
    """One attempt of a worker that was launched."""

    attempt: int
    state: RunState = RunState.STARTING
    """Where it stands; ``queued``: it ended, and the worker was to be tried again."""
    cause: str = ""
    exit: ExitStatus | None = None
    started_at: float | None = None
    ended_at: float | None = None
    episodes: int = 0
    """Training episodes."""
    steps: int = 0
    mean_return_100: float | None = None
    recent_episodes: int = 0
    """Training episodes that the mean is made of: at most 100."""
    lines: int = 0
    """Lines that it printed."""


class AgentSummary(msgspec.Struct, kw_only=True):
    """One of several agents in a worker's environments."""

    agent_id: str
    episodes: int = 0
    """Training episodes that it took part in."""
    mean_return_100: float | None = None
    """Its mean return over the last of them."""
    recent_episodes: int = 0
    """How many the mean is made of: at most 100."""
    eval_episodes: int = 0
    eval_mean_return: float | None = None
    """Over the last 100 evaluation episodes."""


class WorkerSummary(msgspec.Struct, kw_only=True):
    """One worker of a run, its current attempt."""

    worker_id: str
    worker_type: str
    algorithm: str = ""
    """What it trains with; empty where its config does not say."""
    env_id: str = ""
    """What it trains in, likewise."""
    state: RunState = RunState.QUEUED
    cause: str = ""
    attempt: int = 0
    pid: int | None = None
    exit: ExitStatus | None = None
    episodes: int = 0
    """Training episodes, all attempts."""
    steps: int = 0
    """Environment steps taken, as far as telemetry tells (last attempt): in training; in evaluation without one."""
    eval_steps: int = 0
    target_steps: int | None = None
    mean_return_100: float | None = None
    """Mean return of the last training episodes."""
    recent_episodes: int = 0
    """How many the mean is made of: at most 100."""
    nan_episodes: int = 0
    """Training episodes, all attempts, whose return is no finite number."""
    steps_per_second: float | None = None
    """Average from the first steps that the worker told of to the last, pauses left out."""
    last_event: str = ""
    last_heartbeat_at: float | None = None
    last_step_at: float | None = None
    """When a living worker last told of a step, an episode or a metric: a heartbeat is none. As its proxy saw it."""
    phase: str = ""
    """What a living worker is busy with while it takes no steps, as it announced: at most 80 characters."""
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
    """Where episodes tell the returns of several."""
    attempts: list[AttemptSummary] = []
    """Each that was launched, in order."""


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
    """Number of the proxy's report this came from; a newer one replaces it whole."""
    group: str = ""
    tags: list[str] = []
    seed: int | None = None
    executor: str = "local"
    parent_run_id: str | None = None
    attempts: int = 0
    workers: list[WorkerSummary] = []
    episodes: int = 0
    """Training episodes."""
    steps: int = 0
    target_steps: int | None = None
    mean_return_100: float | None = None
    """Mean over the workers of each one's mean return over its last training episodes (at most 100)."""
    recent_episodes: int = 0
    """How many episodes that is made of, over all workers."""
    nan_episodes: int = 0
    """Training episodes whose return is no finite number."""
    eval_episodes: int = 0
    eval_steps: int = 0
    evaluation: ReturnSpread | None = None
    """Of each worker's last 100 evaluation episodes, all taken together."""
    eval_nan_episodes: int = 0
    steps_per_second: float | None = None
    """Average from the first steps that a worker told of to the last, pauses left out."""
    measured_at: float | None = None
    """When these figures were taken."""
    ledger: Ledger = msgspec.field(default_factory=Ledger)
    lag_bytes: int = 0
    """Bytes of the logs that are not yet in the database."""
    proxy_pid: int | None = None
    created_at: float | None = None
    started_at: float | None = None
    ended_at: float | None = None
    exit: ExitStatus | None = None
    """Exit of the first worker that failed, else of the last that ended."""


def to_json_dict(summary: Any) -> dict[str, Any]:
    """Return a summary as a JSON-ready dict (NaN and infinities stay floats)."""
    built: dict[str, Any] = msgspec.to_builtins(summary)
    return built
