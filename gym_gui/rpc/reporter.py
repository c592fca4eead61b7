"""A line of proxies to the daemon: carries their newest summaries there, and back whether a reader watches.

No proxy ever waits for it. gRPC is imported in the line's own thread, after the workers were launched.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs import RunFolder, RunSummary
from gym_gui.trainer import DaemonHome, DaemonInfo

#: Longest wait between two tries to reach a daemon, seconds (the wait is drawn at random below a growing bound).
LONGEST_WAIT_S = 1.0
_FIRST_WAIT_S = 0.05


class _Reported:
    """One run on a line."""

    def __init__(self) -> None:
        self.newest: RunSummary | None = None
        self.sent: RunSummary | None = None
        """On the present connection."""
        self.acknowledged = -1
        self.watched = self.streamed = self.urgent = False
        self.left_at: float | None = None
        """When its proxy is to be waited for no longer, monotonic seconds; ``None``: it is at work."""

    @property
    def delivered(self) -> bool:
        return self.newest is None or self.acknowledged >= self.newest.report


class DaemonLine:
    """Reports the runs of one process to whichever daemon serves their home, through restarts of the daemon.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._home = DaemonHome(home)
        self._changed = threading.Condition()
        self._runs: dict[str, _Reported] = {}
        self._unsent: dict[str, None] = {}
        """Ids of the runs whose newest summary was not sent yet, in order."""
        self._differences = False
        """Whether the daemon that is connected takes learning curves as differences."""
        self._closing = False
        self._gone = False
        self._refusal = ""
        self._thread = threading.Thread(target=self._serve, name="reporter", daemon=True)

    def enter(self, run_id: str) -> _Reported:
        """Report a run from now on; what its last proxy here had to report is not waited for any more."""
        with self._changed:
            self._unsent.pop(run_id, None)
            self._runs[run_id] = run = _Reported()
            return run

    def report(self, run_id: str, summary: RunSummary) -> None:
        """Take a report; never blocks, only the newest of a run is kept."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is None:
                return
            run.newest = summary
            self._unsent[run_id] = None
            self._changed.notify_all()
        if not self._thread.is_alive() and not self._gone:
            self._thread.start()

    def leave(self, run_id: str, timeout_s: float) -> None:
        """Report a run no longer, once its last report was delivered, or after so many seconds; never blocks."""
        with self._changed:
            run = self._runs.get(run_id)
            if run is not None:
                run.left_at = time.monotonic() + timeout_s
            self._forget_those_that_left()

    def close(self, timeout_s: float) -> None:
        """Deliver the last reports, if a daemon is there to take them within so many seconds."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._changed.wait_for(self._delivered_or_alone, timeout_s)
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def _delivered_or_alone(self) -> bool:
        """Whether nothing is to be delivered, or no daemon is there to take it."""
        return all(run.delivered for run in self._runs.values()) or self._home.daemon() is None

    def _forget_those_that_left(self) -> None:
        now = time.monotonic()
        for run_id in [key for key, run in self._runs.items() if run.left_at is not None]:
            run = self._runs[run_id]
            if run.delivered or now > (run.left_at or 0.0):
                del self._runs[run_id]
                self._unsent.pop(run_id, None)

    def _serve(self) -> None:
        bound = _FIRST_WAIT_S
        try:
            while not self._closing:
                daemon = self._home.daemon()
                if daemon is not None and self._try_to_talk(daemon):
                    bound = _FIRST_WAIT_S
                with self._changed:
                    for run in self._runs.values():
                        run.watched = run.streamed = run.urgent = False
                    self._forget_those_that_left()
                    self._changed.notify_all()
                    self._changed.wait_for(lambda: self._closing, random.uniform(0.0, bound))
                bound = min(LONGEST_WAIT_S, 2 * bound)
        finally:
            self._gone = True

    def _try_to_talk(self, daemon: DaemonInfo) -> bool:
        """Report as far as the daemon's socket and the token can be trusted; say once what is wrong with them."""
        try:
            return self._talk(daemon)
        except MosaicError as error:
            if str(error) != self._refusal:
                self._refusal = str(error)
                logging.getLogger(__name__).warning("runs cannot be reported to the daemon: %s", error)
            return False

    def _talk(self, daemon: DaemonInfo) -> bool:
        """Report until the connection ends; return whether the daemon answered at all."""
        import grpc

        from gym_gui.rpc.channel import credentials_metadata, daemon_channel
        from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub

        answered = self._differences = False
        with self._changed:
            for run_id, run in self._runs.items():
                run.sent = None
                if run.newest is not None:
                    self._unsent[run_id] = None
        over = threading.Event()
        with daemon_channel(self._home, daemon) as channel:
            metadata = credentials_metadata(self._home.token())
            answers = TrainerServiceStub(channel).Report(self._requests(over), metadata=metadata)
            try:
                for answer in answers:
                    answered = True
                    with self._changed:
                        self._take(answer)
                        self._changed.notify_all()
            except grpc.RpcError:
                pass  # the daemon is gone, or does not know the run yet: another try follows
            finally:
                over.set()
                with self._changed:
                    self._changed.notify_all()
        return answered

    def _take(self, answer: Any) -> None:
        """Take what the daemon answers about a run; one of an earlier version does not say about which."""
        self._differences = answer.differences
        run = self._runs.get(answer.run_id or next(iter(self._runs), ""))
        if run is None:
            return
        run.acknowledged = max(run.acknowledged, answer.acknowledged)
        run.watched, run.streamed, run.urgent = answer.watched, answer.streamed, answer.urgent
        if run.left_at is not None:
            self._forget_those_that_left()

    def _requests(self, over: threading.Event) -> Iterator[Any]:
        """Yield the newest summary of a run whenever there is a newer one.

        gRPC asks for the next when it can send it: what piled up meanwhile is one summary.
        """
        from gym_gui.rpc.messages import summary_to_pb
        from gym_gui.rpc.proto.mosaic_pb2 import ReportRequest

        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing or over.is_set() or self._unsent)
                if over.is_set() or not self._unsent:
                    return
                run_id = next(iter(self._unsent))
                del self._unsent[run_id]
                run = self._runs[run_id]
                newest, before = run.newest, run.sent if self._differences else None
                if newest is None or newest is run.sent:
                    continue
                run.sent = newest
            yield ReportRequest(summary=summary_to_pb(newest, since=before))


class DaemonReporter:
    """Reports one run.

    Args:
        folder: The run's folder.
        line: That of the process, if it reports several runs; ``None``: one of its own.
    """

    def __init__(self, folder: RunFolder, line: DaemonLine | None = None) -> None:
        self._run_id = folder.run_id
        self._shared = line is not None
        self._line = line or DaemonLine(folder.path.parent.parent)
        self._run = self._line.enter(self._run_id)

    def report(self, summary: RunSummary) -> None:
        """Take a report; never blocks, only the newest is kept."""
        self._line.report(self._run_id, summary)

    def watched(self) -> bool:
        """Return whether a reader watches the run's figures."""
        return self._run.watched

    def streamed(self) -> bool:
        """Return whether a reader follows the run's rows as they come in."""
        return self._run.streamed

    def urgent(self) -> bool:
        """Return whether the run's end was requested."""
        return self._run.urgent

    def close(self, timeout_s: float) -> None:
        """Deliver the last report, if a daemon is there to take it within so many seconds; a shared line does later."""
        if self._shared:
            self._line.leave(self._run_id, timeout_s)
        else:
            self._line.close(timeout_s)
