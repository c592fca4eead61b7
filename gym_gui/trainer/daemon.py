"""The trainer daemon: what it is made of, how it starts, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import gym_gui
from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import UsageError
from gym_gui.jobs import Jobs
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_DAEMON_RECONCILED, LOG_DAEMON_STARTED, LOG_DAEMON_STOPPED
from gym_gui.runs import CLAIM_EXECUTOR, FileLock, RunSummary, is_run_id
from gym_gui.supervision import ProcessIdentity
from gym_gui.trainer._disk_guard import make_room
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.certificate import Validity
from gym_gui.trainer.claims import Claims
from gym_gui.trainer.disk_quota import DiskQuota
from gym_gui.trainer.dispatcher import Dispatcher
from gym_gui.trainer.executors.claim import ClaimExecutor
from gym_gui.trainer.executors.installed import installed_executors
from gym_gui.trainer.feed import Encode
from gym_gui.trainer.home import DaemonHome, DaemonInfo
from gym_gui.trainer.housekeeping import Housekeeping
from gym_gui.trainer.inventory import read_inventory
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.log_retention import LogRetention
from gym_gui.trainer.machine import THIS_MACHINE, Machine
from gym_gui.trainer.machines import Machines
from gym_gui.trainer.reconcile import Reconciliation, adopt_ended, reconcile
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.submission import Submission
from gym_gui.trainer.super_studies import SuperStudies
from gym_gui.trainer.tasks import keep_going
from gym_gui.trainer.trainer import Trainer

logger = logging.getLogger(__name__)
T = TypeVar("T")

LOCK_PATIENCE_S = 0.5
#: Seconds between looks whether the home is still there.
HOME_S = 0.25


class Endpoint(NamedTuple):
    """Where a daemon is reached."""

    address: str
    """For programs of this machine."""
    socket: str
    """Its Unix socket, relative to the home."""
    public_address: str = ""
    """For other machines, with TLS; empty: they cannot reach it."""
    validity: Validity = Validity(0.0, 0.0)
    """From when until when its certificate is valid."""


class Face(Protocol):
    """Answers the calls of clients."""

    async def open(self, daemon: TrainerDaemon[Any]) -> Endpoint:
        """Answer calls from here on.

        Raises:
            UsageError: It cannot listen where it should.
        """

    def is_reachable(self) -> bool:
        """Return whether the home's own programs can still find it."""

    async def close(self) -> None:
        """End the calls and stop listening."""


class TrainerDaemon(Generic[T]):
    """One home's daemon. Make it, then :meth:`run` it.

    Args:
        home: The home; created if missing.
        encode: Makes of a batch of rows what the face sends to their readers.
        on_demand: End when idle for the setting ``daemon_idle_timeout_s``.

    Raises:
        UsageError: The home cannot be used, or a daemon runs there.
    """

    def __init__(self, home: Path, encode: Encode[T], *, on_demand: bool = False) -> None:
        self.paths = DaemonHome(home.absolute())
        self._stopping = asyncio.Event()
        self.paths.prepare()
        self.lock = self._only_one()
        self.predecessor = self._forget_predecessor()
        make_room(self.paths.path)
        self.registry = Registry(self.paths.registry)
        self.board = RunBoard(self.registry)
        self.executors = installed_executors(self.paths.path)
        here = Machine(THIS_MACHINE, int(get_setting("max_running_runs")), read_inventory())
        self.machines = Machines(here, self.executors.ready, int(get_setting("max_running_runs_per_submitter")))
        self.log_retention = LogRetention(self.paths.path, LiveRuns(self.paths.path / "runs"))
        self.dispatcher = Dispatcher(
            self.board, self.executors.ready, self.machines, self.paths.path, self.log_retention.add
        )
        limit_bytes = int(float(get_setting("max_run_disk_mb")) * (1 << 20))
        self.quota = DiskQuota(self.paths.path, self.dispatcher, limit_bytes)
        self.jobs = Jobs(self.paths.path)
        submission = Submission(self.paths.path, self.registry, self.executors, self.machines)
        idle_timeout_s = float(get_setting("daemon_idle_timeout_s")) if on_demand else None
        self.chores = Housekeeping(
            self.paths.path,
            self.board,
            self.dispatcher,
            idle_timeout_s,
            self.stop,
            self.log_retention,
            lambda: self.trainer.busy or self.jobs.busy,
        )
        self.board.read_unentered = self._read_unentered
        self.trainer = Trainer(self.board, self.dispatcher, submission, self.chores.backlog, encode, self.stop)
        self.claims = self._claims()

    async def run(self, face: Face, on_ready: Callable[[str], None] | None = None) -> None:
        """Serve until told to stop.

        Args:
            face: Answers the calls.
            on_ready: Called with the address once calls are answered.

        Raises:
            UsageError: The face cannot listen.
        """
        endpoint = await face.open(self)
        self._announce(endpoint)
        if on_ready is not None:
            on_ready(endpoint.address)
        work = asyncio.create_task(self._work(face))
        try:
            await self._stopping.wait()
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self.paths.withdraw()
            await face.close()
            await self.trainer.close()
            await self.jobs.close()
            await self.dispatcher.close()
            self.registry.close()
            log_constant(logger, LOG_DAEMON_STOPPED)
            self.lock.release()

    def _claims(self) -> Claims | None:
        """Return what gives runs to programs that claim them; ``None`` without their executor."""
        executor = self.executors.ready.get(CLAIM_EXECUTOR)
        if not isinstance(executor, ClaimExecutor):
            return None
        studies = self.trainer.studies
        super_studies = SuperStudies(self.paths.path, studies, self.board, executor.attempts)
        return Claims(executor, super_studies, studies, self.dispatcher)

    def stop(self) -> None:
        """End the daemon; runs go on."""
        self._stopping.set()

    def notes(self) -> list[str]:
        """Return what the user who started the daemon should know."""
        return [
            f"the registry could not be used ({fault}); it is rebuilt from the run folders, no run is lost"
            + (f", and the old file is kept: {kept}" if kept else "")
            for kept, fault in self.registry.replaced
        ]

    async def _work(self, face: Face) -> None:
        """Do the daemon's work until cancelled, while all calls are answered."""
        await asyncio.gather(self._watch_home(face), self._load_and_do_chores())

    async def _load_and_do_chores(self) -> None:
        await self.trainer.loading.run(self._load)
        await keep_going(self.jobs.load)
        await keep_going(self.trainer.studies.resume)
        claims = () if self.claims is None else (self.claims.run,)
        background = (executor.background for executor in self.executors.ready.values())
        chores = (
            self.chores.run,
            self.quota.run,
            self.log_retention.run,
            self.dispatcher.follow_machines,
            *background,
            *claims,
        )
        await asyncio.gather(*(keep_going(chore) for chore in chores))

    async def _watch_home(self, face: Face) -> None:
        """End the daemon if the home is removed: the next command in that place starts a daemon of its own."""
        while self.paths.locked_by(self.lock) and face.is_reachable():
            await asyncio.sleep(HOME_S)
        logger.warning("the home %s is gone", self.paths.path)
        self.stop()

    def _only_one(self) -> FileLock:
        lock = FileLock(self.paths.lock_file)
        if lock.acquire(LOCK_PATIENCE_S):
            return lock
        running = self.paths.daemon()
        raise UsageError(
            "a trainer daemon runs in this home already" + (f", at {running.address}" if running else ""),
            where=str(self.paths.path),
            why=f"{self.paths.lock_file.name} is held by "
            + (running.process.place if running else "a process that cannot be seen from here, or that is starting"),
            next_step="use it, or stop it first, where it runs: mosaic daemon stop",
        )

    def _forget_predecessor(self) -> DaemonInfo | None:
        """Remove what a killed daemon left behind, so that its address is not believed; return what it was."""
        left = self.paths.last_daemon()
        self.paths.withdraw()
        if self.paths.renew_exposed_token():
            logger.warning("other users could read the token of %s: it was replaced by another", self.paths.path)
        return left

    async def _load(self) -> None:
        found = await asyncio.to_thread(self._reconcile)
        for run, plan in found.started:
            self.dispatcher.adopt(run, plan)
        self.dispatcher.enqueue(found.waiting)
        for run_id in found.ended:
            self.log_retention.add(run_id)
        self.chores.backlog.add(found.unread)
        self.registry.refill = self._refill
        counts = {"started": len(found.started), "waiting": len(found.waiting), "unread": len(found.unread)}
        log_constant(logger, LOG_DAEMON_RECONCILED, extra=counts)

    def _reconcile(self) -> Reconciliation:
        while True:
            before = len(self.registry.replaced)
            found = reconcile(self.paths.path, self.registry)
            if len(self.registry.replaced) == before:  # else much of it was entered into the file that is renamed now
                return found

    def _refill(self) -> None:
        """Enter all runs into an empty registry: at once those under way, the others one after the other."""
        run_ids = sorted(path.name for path in self.paths.runs.iterdir() if is_run_id(path.name))
        first = self.registry.reserve(len(run_ids))
        sequence_of = dict(zip(run_ids, range(first, first + len(run_ids)), strict=True))
        self.registry.enter(self.board.renumber(sequence_of))
        others = [(sequence_of[run_id], run_id) for run_id in reversed(run_ids) if not self.board.holds(run_id)]
        self.chores.backlog.add(others)

    def _read_unentered(self, run_id: str) -> RunSummary | None:
        return self.chores.backlog.read(run_id) or adopt_ended(self.paths.path, self.registry, run_id)

    def _announce(self, endpoint: Endpoint) -> None:
        me = ProcessIdentity.own()
        info = DaemonInfo(
            address=endpoint.address,
            public_address=endpoint.public_address,
            certificate_starts_at=endpoint.validity.starts_at,
            certificate_ends_at=endpoint.validity.ends_at,
            socket=endpoint.socket,
            pid=me.pid,
            home_id=self.paths.home_id(),
            version=gym_gui.__version__,
            boot_id=me.boot_id,
            pid_ns=me.pid_ns,
            start_ticks=me.start_ticks,
        )
        self.trainer.announce(info.address, info.home_id, info.public_address)
        self.paths.announce(info)
        if info.certificate_warning():
            logger.warning("%s", info.certificate_warning())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        log_constant(logger, LOG_DAEMON_STARTED, extra={"address": info.address, "home": str(self.paths.path)})
