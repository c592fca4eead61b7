"""A proxy's line to the daemon: carries the newest summary there, and back whether a reader watches.

The proxy never waits for it. gRPC is imported in the reporter's own thread, after the workers were launched.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs import RunFolder, RunSummary
from gym_gui.trainer import DaemonHome, DaemonInfo

#: Longest wait between two tries to reach a daemon, seconds (the wait is drawn at random below a growing bound).
LONGEST_WAIT_S = 1.0
_FIRST_WAIT_S = 0.05


class DaemonReporter:
    """Reports one run to whichever daemon serves its home, through restarts of the daemon.

    Args:
        folder: The run's folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._home = DaemonHome(folder.path.parent.parent)
        self._changed = threading.Condition()
        self._newest: RunSummary | None = None
        self._acknowledged = -1
        self._watched = False
        self._streamed = False
        self._urgent = False
        self._differences = False
        """Whether the daemon that is connected takes learning curves as differences."""
        self._closing = False
        self._gone = False
        self._refusal = ""
        self._thread = threading.Thread(target=self._serve, name="reporter", daemon=True)

    def report(self, summary: RunSummary) -> None:
        """Take a report; never blocks, only the newest is kept."""
        with self._changed:
            self._newest = summary
            self._changed.notify_all()
        if not self._thread.is_alive() and not self._gone:
            self._thread.start()

    def watched(self) -> bool:
        """Return whether a reader watches the run's figures."""
        return self._watched

    def streamed(self) -> bool:
        """Return whether a reader follows the run's rows as they come in."""
        return self._streamed

    def urgent(self) -> bool:
        """Return whether the run's end was requested."""
        return self._urgent

    def close(self, timeout_s: float) -> None:
        """Deliver the last report, if a daemon is there to take it within so many seconds."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._changed.wait_for(self._delivered_or_alone, timeout_s)
            self._closing = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(max(0.0, deadline - time.monotonic()))

    def _delivered_or_alone(self) -> bool:
        """Whether nothing is to be delivered, or no daemon is there to take it."""
        newest = self._newest
        return newest is None or self._acknowledged >= newest.report or self._home.daemon() is None

    def _serve(self) -> None:
        bound = _FIRST_WAIT_S
        try:
            while not self._closing:
                daemon = self._home.daemon()
                if daemon is not None and self._try_to_talk(daemon):
                    bound = _FIRST_WAIT_S
                with self._changed:
                    self._watched = self._streamed = self._urgent = False
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
                logging.getLogger(__name__).warning("the run cannot be reported to the daemon: %s", error)
            return False

    def _talk(self, daemon: DaemonInfo) -> bool:
        """Report until the connection ends; return whether the daemon answered at all."""
        import grpc

        from gym_gui.rpc.channel import credentials_metadata, daemon_channel
        from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub

        answered = self._differences = False
        over = threading.Event()
        with daemon_channel(self._home, daemon) as channel:
            metadata = credentials_metadata(self._home.token())
            answers = TrainerServiceStub(channel).Report(self._requests(over), metadata=metadata)
            try:
                for answer in answers:
                    answered = True
                    with self._changed:
                        self._acknowledged = max(self._acknowledged, answer.acknowledged)
                        self._watched, self._streamed = answer.watched, answer.streamed
                        self._urgent, self._differences = answer.urgent, answer.differences
                        self._changed.notify_all()
            except grpc.RpcError:
                pass  # the daemon is gone, or does not know the run yet: another try follows
            finally:
                over.set()
                with self._changed:
                    self._changed.notify_all()
        return answered

    def _requests(self, over: threading.Event) -> Iterator[Any]:
        """Yield the newest summary whenever there is a newer one.

        gRPC asks for the next when it can send it: what piled up meanwhile is one summary.
        """
        from gym_gui.rpc.messages import summary_to_pb
        from gym_gui.rpc.proto.mosaic_pb2 import ReportRequest

        sent: RunSummary | None = None
        while True:
            with self._changed:
                self._changed.wait_for(
                    lambda: (
                        self._closing or over.is_set() or self._newest is not sent  # noqa: B023 - called before the next turn
                    )
                )
                newest = self._newest
                if over.is_set() or newest is sent or newest is None:
                    return
            yield ReportRequest(summary=summary_to_pb(newest, since=sent if self._differences else None))
            sent = newest
