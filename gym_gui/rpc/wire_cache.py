"""Messages of summaries that many watchers get: made once for all of them."""

from __future__ import annotations

from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.runs.summary import RunSummary


class WireCache:
    """Holds the message of the newest summary of each run that is watched and has not ended."""

    def __init__(self) -> None:
        self._messages: dict[str, tuple[RunSummary, pb.RunSummary]] = {}

    def message(self, run: RunSummary) -> pb.RunSummary:
        """Return a summary's message, which nobody may change.

        Args:
            run: The summary, the very object: another one is converted anew.
        """
        known = self._messages.get(run.run_id)
        if known is not None and known[0] is run:
            return known[1]
        message = summary_to_pb(run)
        if run.state.terminal:
            self._messages.pop(run.run_id, None)
        else:
            self._messages[run.run_id] = (run, message)
        return message

    def forget(self, run_id: str) -> None:
        """Hold nothing of a run any more: a watcher has left, perhaps the last; another one's is made anew."""
        self._messages.pop(run_id, None)
