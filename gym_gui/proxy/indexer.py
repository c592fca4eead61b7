"""Indexes a run's logs for its proxy, on full disks too, and evaluates them for supervision."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import sqlite3
from collections.abc import Callable

from gym_gui.logging_config.components.proxy import LOG_PROXY_INGEST_DISK_FULL
from gym_gui.logging_config.helpers import log_constant
from gym_gui.proxy._ending import FINAL_EVENTS, error_line, is_disk_full, last_event, last_line, stderr_tail
from gym_gui.runs import Ledger, RunFolder, RunPlan, WorkerPlan
from gym_gui.supervision import AttemptWatch, LogFacts, RunHistory
from gym_gui.telemetry import DatabaseGone, DiskFull, Ingestor, WorkerRollup, move_database_away, open_ingestor
from gym_gui.telemetry.logs import LogWatch, Segment

logger = logging.getLogger(__name__)

#: Seconds before the next try on a full disk.
RETRY_S = 1.0
#: Maximum age of the rollups that supervision uses, seconds.
ROLLUP_AGE_S = 1.0
#: Bytes per transaction: few at first, more if that is quick, so that readers see new rows several times a second.
LEAST_BYTES, MOST_BYTES = 256 << 10, 4 << 20
#: Maximum number of rebuilds of the database by one process; a further fault needs a user.
MAX_REBUILDS = 5
#: A transaction shorter than the first may be followed by a larger one, one longer than the second by a smaller one.
QUICK_S, SLOW_S = 0.05, 0.15


class Indexer:
    """Feeds a run's logs to the :class:`Ingestor` and keeps trying while the disk is full.

    Args:
        folder: The run's folder; the caller holds the proxy lock.
        plan: The run.
        clock: Monotonic clock, seconds.
        beat: Called now and then during long operations.
        watch: Reports the files that get the names of logs.
        on_segment: Called when a segment of a log ends, before the database records it.
    """

    def __init__(
        self,
        folder: RunFolder,
        plan: RunPlan,
        clock: Callable[[], float],
        beat: Callable[[], None] = lambda: None,
        *,
        watch: LogWatch | None = None,
        on_segment: Callable[[Segment], None] = lambda _segment: None,
    ) -> None:
        self._watch = watch
        self._on_segment = on_segment
        self.folder = folder
        self.plan = plan
        self.disk_full = False
        """The last try failed because of a full disk."""
        self.caught_up = False
        """Everything in the logs at the last read is indexed."""
        self.behind = False
        """The last read left lines to be read at once."""
        self.rebuilds: list[str] = []
        """Causes of rebuilds of the database, to be recorded and removed by the caller."""
        self._clock = clock
        self._beat = beat
        self._ingestor: Ingestor | None = None
        self._added: set[tuple[int, int]] = set()
        self._closed: set[tuple[int, int]] = set()
        self._over_at: dict[tuple[int, int], int] = {}
        self._final_events: dict[tuple[int, int], tuple[float, str]] = {}
        self._share = LEAST_BYTES
        self._pumps = 0
        self._last_read = 0
        self._retry_at = float("-inf")
        self._rebuilt = 0
        self._gone = False
        """The database was discarded, and is not rebuilt yet."""
        self._read_at = clock()
        self._rollups: list[WorkerRollup] = []
        self._rollups_at = float("-inf")

    @property
    def quiet_s(self) -> float:
        """Seconds since the last line was read."""
        return self._clock() - self._read_at

    @property
    def note(self) -> str:
        """The present obstacle as text, else empty."""
        if self.disk_full:
            return "disk full: training continues, its log is indexed as soon as there is space"
        if is_disk_full(self.folder.path):
            return "disk full: training continues, events without space are counted as dropped"
        return ""

    def pump(self, history: RunHistory) -> int:
        """Index the next lines of every log of the run.

        Args:
            history: The run's attempts so far.

        Returns:
            Number of bytes read; 0 while the disk is full.

        Raises:
            Fenced: Another proxy has taken over.
        """
        if self._clock() < self._retry_at:
            return 0
        read = 0
        if self._guarded(lambda: self._add_sources(history)):
            self._guarded(self._pump_once)
            read = self._last_read
        if read:
            self._read_at = self._clock()
        return read

    def log_facts(self, worker: WorkerPlan, watch: AttemptWatch) -> LogFacts:
        """Return facts from an attempt's log, which is closed once it is complete."""
        key = (worker.worker_no, watch.number)
        # Its own log alone: those of the other workers may always be growing.
        drained = not self.disk_full and self._ingestor is not None and self._ingestor.drained(*key)
        # Read once more after the attempt's last process ended, so that even a new log is added and read completely.
        if watch.over and drained and self._pumps > self._over_at.setdefault(key, self._pumps):
            self._guarded(lambda: self._close(key))
        if key in self._closed:
            return self._closed_log_facts(worker, watch)
        rollup = self._rollup(*key)
        # A heartbeat that only announces a phase need not be followed by others until the phase is over.
        seen = rollup is not None and rollup.heartbeats > rollup.phase_heartbeats
        progress = 0 if rollup is None else rollup.ledger.records - rollup.heartbeats
        return LogFacts(drained=drained, heartbeat_seen=seen, progress=progress, final_event=self._final_event(key))

    def worker_rollups(self) -> list[WorkerRollup]:
        """Return the rollups of all attempts."""
        return [] if self._ingestor is None else self._ingestor.worker_rollups()

    def ledger(self) -> Ledger:
        """Return the run's ledger."""
        return Ledger() if self._ingestor is None else self._ingestor.ledger()

    def lag_bytes(self) -> int:
        """Return how many bytes of the logs are not indexed."""
        return 0 if self._ingestor is None else self._ingestor.lag_bytes()

    def complete(self, history: RunHistory) -> bool:
        """Index the rest of an ended run and close its logs; return whether done."""
        self.pump(history)
        if not self.caught_up or self.disk_full:
            return False
        left = sorted(self._added - self._closed)
        return all(self._guarded(functools.partial(self._close, key)) for key in left)

    def restore_log_names(self) -> None:
        """Link the open logs under their names again: their folder was replaced."""
        if self._ingestor is not None:
            self._ingestor.restore_log_names()

    def merge(self) -> bool:
        """Merge the database into one file, unless a reader has it open now; with a full disk it stays as it is.

        Returns:
            ``False``: a reader has it open.
        """
        merged = True

        def act() -> None:
            nonlocal merged
            assert self._ingestor is not None
            merged = self._ingestor.try_finish()

        if self._ingestor is not None and self._guarded(act) and merged:
            self._ingestor = None
        return merged

    def finish(self) -> bool:
        """Close the database as it is, merged or not; return whether it is intact: otherwise it has to be rebuilt."""
        self.close()
        return not self._gone

    def close(self) -> None:
        """Close the database as it is."""
        if self._ingestor is not None:
            self._ingestor.close()
            self._ingestor = None

    def _pump_once(self) -> None:
        assert self._ingestor is not None
        began = self._clock()
        result = self._ingestor.pump(self._share)
        took = self._clock() - began
        self.behind = result.more or result.bytes_read >= self._share // 2
        if took > SLOW_S:
            self._share = max(LEAST_BYTES, self._share // 2)
        elif took < QUICK_S and self.behind:
            self._share = min(MOST_BYTES, self._share * 2)
        self._pumps += 1
        self.caught_up = result.caught_up
        self._last_read = result.bytes_read

    def _add_sources(self, history: RunHistory) -> None:
        """Open the database if necessary, and add new logs."""
        if self._ingestor is None:
            self._ingestor = open_ingestor(
                self.folder,
                self.plan,
                lambda _done, _total: self._beat(),
                watch=self._watch,
                on_segment=self._on_segment,
            )
            self._added.clear()
            self._gone = False
        if (0, 1) not in self._added:
            self._ingestor.add_source(0, "supervisor", 1, self.folder.supervisor_log)
            self._added.add((0, 1))
        for worker in self.plan.workers:
            for number in range(1, history.workers[worker.worker_id].attempt + 1):
                key = (worker.worker_no, number)
                if key in self._added:
                    continue  # without system calls: this runs in every turn
                path = self.folder.stdout_log(worker.worker_id, number)
                if os.path.lexists(path) or (self._watch is not None and self._watch.has_news(path)):
                    self._ingestor.add_source(worker.worker_no, worker.worker_id, number, path)
                    self._added.add(key)

    def _close(self, key: tuple[int, int]) -> None:
        assert self._ingestor is not None
        if key in self._closed:
            return
        if key in self._added:
            self._ingestor.close_source(*key)
        self._closed.add(key)

    def _guarded(self, act: Callable[[], None]) -> bool:
        """Run a database operation; return whether the disk had space for it."""
        self._last_read = 0
        self.behind = False
        try:
            act()
        except DiskFull as error:
            if not self.disk_full:
                values = {"run_id": self.plan.run_id, "error": str(error)}
                log_constant(logger, LOG_PROXY_INGEST_DISK_FULL, extra=values)
            self.disk_full = True
            self.caught_up = False
            self._retry_at = self._clock() + RETRY_S
            return False
        except (DatabaseGone, sqlite3.DatabaseError) as error:
            damaged = isinstance(error, DatabaseGone) or type(error) is sqlite3.DatabaseError
            if not damaged or self._rebuilt >= MAX_REBUILDS:
                raise
            self._discard(error.what if isinstance(error, DatabaseGone) else f"telemetry.db is damaged: {error}")
            return False
        self.disk_full = False
        self._rollups_at = float("-inf") if self._last_read else self._rollups_at
        return True

    def _discard(self, why: str) -> None:
        """Discard the database; the next try rebuilds it from the logs."""
        self._rebuilt += 1
        self._gone = True
        self.rebuilds.append(why)
        self.caught_up = False
        if self._ingestor is not None:
            with contextlib.suppress(sqlite3.Error):
                self._ingestor.close()
            self._ingestor = None
        self._closed.clear()
        move_database_away(self.folder.database)

    def _rollup(self, worker_no: int, attempt: int) -> WorkerRollup | None:
        now = self._clock()
        if now - self._rollups_at > ROLLUP_AGE_S:
            self._rollups, self._rollups_at = self.worker_rollups(), now
        return next((one for one in self._rollups if (one.worker_no, one.attempt) == (worker_no, attempt)), None)

    def _final_event(self, key: tuple[int, int]) -> str:
        """Return a living attempt's final event, as of a moment ago."""
        at, name = self._final_events.get(key, (float("-inf"), ""))
        now = self._clock()
        if not name and now - at > ROLLUP_AGE_S and self._ingestor is not None:
            with contextlib.suppress(sqlite3.Error):
                name = (last_event(self._ingestor.store.connection, *key, FINAL_EVENTS) or ("",))[0]
            self._final_events[key] = (now, name)
        return name

    def _closed_log_facts(self, worker: WorkerPlan, watch: AttemptWatch) -> LogFacts:
        """Return facts from a closed log and the end of stderr."""
        if self._ingestor is None:
            return LogFacts()  # the database is being rebuilt
        event = last_event(self._ingestor.store.connection, worker.worker_no, watch.number, FINAL_EVENTS)
        name, payload = event or ("", {})
        tail = stderr_tail(watch.stderr)
        error = error_line(payload) if name == "run_failed" else ""
        key = (worker.worker_no, watch.number)
        begun = last_event(self._ingestor.store.connection, *key, ("run_started",))
        rollups = {(one.worker_no, one.attempt): one for one in self.worker_rollups()}
        return LogFacts(
            drained=True,
            closed=True,
            final_event=name,
            run_started=begun is not None,
            steps=rollups[key].steps if key in rollups else 0,
            target_steps=worker.target_steps,
            error=error or last_line(tail),
            # A launcher creates the log before the worker runs.
            log_fault=self._ingestor.fault(worker.worker_no, watch.number) if key in self._added else "is gone",
            disk_full="No space left on device" in tail or is_disk_full(self.folder.path),
        )
