"""Messages of summaries that many watchers get: made once for all of them."""

from __future__ import annotations

from gym_gui.rpc.messages import summary_to_pb
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.runs import RunSummary


class WireCache:
    """Holds the messages of the newest summary of each run that is watched and has not ended."""

    def __init__(self) -> None:
        self._messages: dict[
            str, tuple[RunSummary, dict[tuple[bool, int], tuple[RunSummary | None, pb.RunSummary]]]
        ] = {}

    def message(self, run: RunSummary, *, curves: bool = False, since: RunSummary | None = None) -> pb.RunSummary:
        """Return a summary's message, which is shared: no caller may change it.

        Args:
            run: The summary, the very object: another one is converted again.
            curves: Whether learning curves go with it; with the last one of a run they always do.
            since: As for :func:`~gym_gui.rpc.messages.summary_to_pb`; likewise the very object.
        """
        if run.state.terminal:
            self._messages.pop(run.run_id, None)
            return summary_to_pb(run, since=since)
        newest, messages = self._messages.get(run.run_id, (None, {}))
        if newest is not run:
            messages = {}
            self._messages[run.run_id] = (run, messages)
        key = (curves, id(since))
        if key not in messages:
            messages[key] = (since, summary_to_pb(run, curves=curves, since=since))
        return messages[key][1]

    def forget(self, run_id: str) -> None:
        """Hold nothing of a run any more: a watcher has left, perhaps the last; another one's is made again."""
        self._messages.pop(run_id, None)


class WatchMessages:
    """The messages of one watch.

    Args:
        cache: Common to all watches.
        curves: Learning curves with every value; otherwise only with the last one of a run.
        differences: Of curves only what this watch has not sent yet.
    """

    def __init__(self, cache: WireCache, *, curves: bool, differences: bool) -> None:
        self._cache = cache
        self._curves = curves
        self._differences = curves and differences
        self._sent: dict[str, RunSummary] = {}

    def message(self, run: RunSummary) -> pb.RunSummary:
        """Return the message of a run's next value, which is shared: no caller may change it."""
        since = self._sent.pop(run.run_id, None)
        if self._differences and not run.state.terminal:
            self._sent[run.run_id] = run
        return self._cache.message(run, curves=self._curves, since=since)
