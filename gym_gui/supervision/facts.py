"""Facts about a run at one moment, and actions on it. Plain values."""

from __future__ import annotations

from enum import Enum

import msgspec

from gym_gui.runs import ExitStatus, Limits, RunState


class StopKind(str, Enum):
    """Reason for stopping a worker; decides the state that it ends in."""

    CANCEL = "cancel"
    """The run was cancelled."""
    FAIL_FAST = "fail_fast"
    """Another worker of the run failed."""
    LIMIT = "limit"
    """It broke a limit: the attempt failed."""
    OVERSTAYED = "overstayed"
    """It said how it ended, and did not exit: what it said decides."""


class StopFacts(msgspec.Struct, frozen=True):
    """The first stop signal that a supervisor decided on for an attempt."""

    kind: StopKind
    cause: str
    age_s: float | None
    """Seconds since this supervisor sent it; ``None`` where a predecessor wrote it down and perhaps sent it."""
    at: float = 0.0
    """When it was decided, Unix time."""


class ExitFacts(msgspec.Struct, frozen=True):
    """An exit record. ``code`` and ``signal`` are both ``None`` where the worker was never spawned."""

    code: int | None
    signal: int | None
    reason: str
    error: str = ""
    signalled: bool = False
    """Whether the launcher had signalled the worker before it ended."""
    at: float = 0.0
    """When the worker ended, Unix time."""
    cpu_seconds: float | None = None
    max_rss_bytes: int | None = None
    strays: int = 0
    """Processes that the worker left behind and that were ended."""


class Usage(msgspec.Struct, frozen=True):
    """What a worker and its descendants use."""

    cpu_seconds: float
    """User and system time of those that live, and of the children that they have waited for."""
    memory_bytes: int
    """Sum of resident memory (shared pages count once per process)."""
    gpu_memory_bytes: int | None = None
    """Memory on GPUs; ``None``: they use none, or it is unknown."""


class AttemptFacts(msgspec.Struct, frozen=True):
    """One attempt of a worker. Ages are seconds on the monotonic clock, as far as this supervisor watched."""

    number: int
    launches: int = 0
    """How often a launcher was started for it (more than once only where the launcher died before the worker began)."""
    launcher_alive: bool = False
    worker_alive: bool = False
    survivors: int = 0
    """Processes of the attempt that were found where its launcher is gone."""
    locked: bool = False
    """Whether its launch lock is held, by any process: proof that one of its processes is alive."""
    elsewhere: bool = False
    """Whether its launcher lives in another container or on another machine: it cannot be signalled from here."""
    unobserved: bool = False
    """Its processes cannot be observed: they count as alive."""
    spawning: bool = False
    """The launcher wrote that it was about to spawn the worker: from here on it may have run."""
    pid: int | None = None
    """The worker's process id on its machine, for display and records only."""
    stopped: bool = False
    """Whether the worker is stopped (SIGSTOP)."""
    same_boot: bool = True
    exit: ExitFacts | None = None
    drained: bool = False
    """The attempt's whole log has been read; no timeout is checked before."""
    closed: bool = False
    """The log was read to its end, a torn last line included; the exit is classified only then."""
    final_event: str = ""
    """The last of ``run_completed run_failed run_cancelled`` that the worker printed."""
    final_s: float = 0.0
    """How long it has lived on since that was seen."""
    run_started: bool = False
    """It said ``run_started``: a worker that knows the lifecycle's events."""
    steps: int = 0
    target_steps: int | None = None
    error: str = ""
    """What ``run_failed`` said, else the last line of stderr."""
    log_fault: str = ""
    """Why its log could not be read to the end, e.g. ``is a FIFO, not a file``."""
    disk_full: bool = False
    """No room on the disk, or stderr says so."""
    heartbeat_seen: bool = False
    output_seen: bool = False
    quiet_s: float = 0.0
    """Time without output of any kind."""
    idle_s: float = 0.0
    """Time without output and without CPU time of the process group."""
    age_s: float = 0.0
    stop: StopFacts | None = None

    @property
    def said_failed(self) -> bool:
        """Whether the worker's last word was that it failed."""
        return self.final_event == "run_failed"

    @property
    def begun(self) -> bool:
        """Whether the worker was spawned, or may have been."""
        return self.spawning or self.exit is not None

    @property
    def over(self) -> bool:
        """Whether none of its processes is alive."""
        return not (self.launcher_alive or self.worker_alive or self.survivors or self.locked or self.unobserved)


class WorkerFacts(msgspec.Struct, frozen=True):
    """One worker: its recorded state and its current attempt (in state ``queued``: the one to come)."""

    worker_id: str
    state: RunState
    attempt: AttemptFacts
    cause: str = ""
    retry_in_s: float = 0.0


class RunFacts(msgspec.Struct, frozen=True):
    """A run: its recorded state and its workers."""

    state: RunState
    limits: Limits
    workers: tuple[WorkerFacts, ...]
    fail_fast: bool = True
    cancel: str | None = None
    """Cause of the cancellation that was asked for."""
    disk_full: bool = False
    """Nothing new is launched on a full disk."""
    pause: str | None = None
    """Cause of the pause that the run is to be in."""


class Launch(msgspec.Struct, frozen=True):
    """Start a launcher for an attempt; a later one resumes from the last checkpoint, where the worker can."""

    worker_id: str
    attempt: int


class Stop(msgspec.Struct, frozen=True):
    """Ask an attempt to end: SIGTERM to its launcher, or to its processes where that is gone."""

    worker_id: str
    attempt: int
    kind: StopKind
    cause: str
    recorded: bool = False
    """A predecessor wrote this stop down: send it again, write nothing."""


class Kill(msgspec.Struct, frozen=True):
    """SIGKILL whatever is left of an attempt, and the launcher too where it does not do its work."""

    worker_id: str
    attempt: int
    launcher: bool
    cause: str


class Pause(msgspec.Struct, frozen=True):
    """Stop all processes of an attempt (SIGSTOP)."""

    worker_id: str
    attempt: int
    cause: str
    recorded: bool = False
    """It is on record: send the signals again, write nothing."""


class Unpause(msgspec.Struct, frozen=True):
    """Let all processes of an attempt go on (SIGCONT)."""

    worker_id: str
    attempt: int


class WorkerTransition(msgspec.Struct, frozen=True):
    """A worker goes from one state to another. ``queued`` means that ``attempt`` is over and the next one waits."""

    worker_id: str
    attempt: int
    state: RunState
    cause: str
    exit: ExitStatus | None = None


class RunTransition(msgspec.Struct, frozen=True):
    """The run goes from one state to another."""

    state: RunState
    cause: str


Action = Launch | Stop | Kill | Pause | Unpause | WorkerTransition | RunTransition
