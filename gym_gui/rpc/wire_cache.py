"""Messages of summaries that many watchers get: made once for all of them."""

from __future__ import annotations

from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.runs.summary import RunSummary


class WireCache:
    """Holds the message of the newest summary of each run that is watched and has not ended."""

    def __init__(self) -> None:
        self._messages: dict[str, dict[bool, tuple[RunSummary, pb.RunSummary]]] = {}

    def message(self, run: RunSummary, *, curves: bool = False) -> pb.RunSummary:
        """Return a summary's message, which is not to be changed.

        Args:
            run: The summary, the very object: another one is converted again.
            curves: Whether learning curves go with it; with the last one of a run they always do.
        """
        if run.state.terminal:
            self._messages.pop(run.run_id, None)
            return summary_to_pb(run)
        cached = self._messages.setdefault(run.run_id, {})
        if curves in cached and cached[curves][0] is run:
            return cached[curves][1]
        message = summary_to_pb(run, curves=curves)
        cached[curves] = (run, message)
        return message

    def forget(self, run_id: str) -> None:
        """Hold nothing of a run any more: a watcher has left, perhaps the last; another one's is made again."""
        self._messages.pop(run_id, None)
