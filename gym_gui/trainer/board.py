"""What is known of the runs now, and who looks at it.

Everything here runs in the daemon's event loop. A reader gets the newest value of each run it watches; values that it
was too slow for are replaced, never queued, so that a stalled reader costs one summary a run and delays no other.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from gym_gui.runs import CurvePoint, RunState, RunSummary, UnknownRunError, without_curves
from gym_gui.trainer.changes import Changes
from gym_gui.trainer.registry import Registry

logger = logging.getLogger(__name__)


class Watch:
    """One reader's view of some runs."""

    def __init__(self, runs: Iterable[RunSummary]) -> None:
        self._fresh = {run.run_id: run for run in runs}
        self._open = set(self._fresh)
        self._changed = asyncio.Event()

    def offer(self, run: RunSummary) -> None:
        """Put a run's newest value where the reader will find it."""
        self._fresh[run.run_id] = run
        self._changed.set()

    async def __aiter__(self) -> AsyncIterator[RunSummary]:
        """Yield the runs' values as they change, until all have ended."""
        while self._open:
            while self._fresh:
                run = self._fresh.pop(next(iter(self._fresh)))
                if run.state.terminal:
                    self._open.discard(run.run_id)
                yield run
            if self._open:
                self._changed.clear()
                await self._changed.wait()


class RunBoard:
    """The current values of all runs: of those under way in memory, of the others in the registry.

    Args:
        registry: Where values are kept; written by :meth:`flush`.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.cause_of: Callable[[str], str] = lambda _: ""
        """Returns what a queued run waits for: it changes with every run before it, and is written nowhere."""
        self.read_unentered: Callable[[str], RunSummary | None] = lambda _: None
        """Returns a run that the registry does not have yet."""
        self.changes = Changes()
        """Runs with newer values, and those that were entered into the registry or removed from it."""
        self._causes: dict[str, str] = {}
        self._current: dict[str, RunSummary] = {}
        self._unsaved: set[str] = set()
        self._refused = False
        self._watches: dict[str, set[Watch]] = {}
        self._urgent: set[str] = set()
        self._links: dict[str, list[Callable[[str], None]]] = {}
        self._streams: dict[str, list[Callable[[], None]]] = {}
        self.search_watchers = 0
        """Number of readers of searches."""
        registry.changes.add(self._note_rows)

    def holds(self, run_id: str) -> bool:
        """Return whether a run is under way, or its end is not in the registry yet."""
        return run_id in self._current

    def current(self) -> dict[str, RunSummary]:
        """Return the runs under way by id, without learning curves."""
        return {run_id: without_curves(run) for run_id, run in self._current.items()}

    def curves(self) -> dict[str, list[list[CurvePoint]]]:
        """Return the learning curves of the workers of the runs under way, by run id."""
        return {run_id: [worker.curve for worker in run.workers] for run_id, run in self._current.items()}

    def enter(self, run: RunSummary) -> None:
        """Hold a run that has not ended, as the registry has it."""
        self._current[run.run_id] = run
        self.changes.note([run.run_id])

    def get(self, run_id: str) -> RunSummary:
        """Return a run as it stands.

        Raises:
            UnknownRunError: There is none of that id.
        """
        run = self._current.get(run_id) or self.registry.get(run_id) or self.read_unentered(run_id)
        if run is None:
            raise UnknownRunError(run_id)
        return self.with_cause(run)

    def with_cause(self, run: RunSummary) -> RunSummary:
        """Return a run with what it waits for, if it is queued."""
        cause = self.cause_of(run.run_id) if run.state is RunState.QUEUED else ""
        return msgspec.structs.replace(run, cause=cause) if cause else run

    def tell_waiting(self) -> None:
        """Show those who watch queued runs what these wait for now."""
        for run_id, watches in self._watches.items():
            run = self._current.get(run_id)
            if run is not None and run.state is RunState.QUEUED:
                for watch in watches:
                    watch.offer(self.with_cause(run))
        if self.changes.heard:
            queued = [run_id for run_id, run in self._current.items() if run.state is RunState.QUEUED]
            before, self._causes = self._causes, {run_id: self.cause_of(run_id) for run_id in queued}
            self.changes.note([run_id for run_id in queued if before.get(run_id) != self._causes[run_id]])

    def renumber(self, sequence_of: Mapping[str, int]) -> list[RunSummary]:
        """Give the runs that are under way other numbers, and return them."""
        for run_id in self._current.keys() & sequence_of.keys():
            self._current[run_id] = msgspec.structs.replace(self._current[run_id], sequence=sequence_of[run_id])
        return [self._current[run_id] for run_id in sequence_of if run_id in self._current]

    def publish(self, run: RunSummary) -> bool:
        """Take a newer value of a run and show it to its readers.

        Returns:
            Whether it was newer; nothing is newer than the end of a run.
        """
        old = self._current.get(run.run_id)
        if old is None or old.state.terminal or run.report < old.report:
            return False
        run = _with_users_fields(run, old)
        self._current[run.run_id] = run
        self._unsaved.add(run.run_id)
        if run.state is not old.state:
            self.flush()
            for tell in list(self._streams.get(run.run_id, ())):
                tell()
        for watch in self._watches.get(run.run_id, ()):
            watch.offer(run)
        self.changes.note([run.run_id])
        return True

    def annotate(self, run: RunSummary) -> None:
        """Take what users wrote about a run, store it, and show it to the run's readers.

        Args:
            run: The run, of whose other fields newer values may have come since.
        """
        run = _with_users_fields(self.get(run.run_id), run)
        if run.run_id in self._current:
            self._current[run.run_id] = run
        self.registry.annotate(run)
        for watch in self._watches.get(run.run_id, ()):
            watch.offer(run)
        self.changes.note([run.run_id])

    def forget(self, run_id: str) -> None:
        """Stop holding a run that has ended; the registry has it."""
        self.flush()
        self._urgent.discard(run_id)
        if run_id not in self._unsaved:
            del self._current[run_id]

    def flush(self) -> None:
        """Write what has changed to the registry; what cannot be written now (a full disk) is written later."""
        if not self._unsaved:
            return
        try:
            self.registry.update([self._current[run_id] for run_id in self._unsaved])
        except sqlite3.Error as error:
            if not self._refused:
                logger.warning("the registry cannot be written, which is tried again and again: %s", error)
            self._refused = True
        else:
            self._unsaved.clear()
            if self._refused:
                logger.warning("the registry can be written again")
            self._refused = False

    @property
    def watchers(self) -> int:
        """Number of readers."""
        watches = len(set().union(*self._watches.values())) if self._watches else 0
        return watches + sum(len(readers) for readers in self._streams.values()) + self.search_watchers

    def watched(self, run_id: str) -> bool:
        """Return whether a reader watches a run."""
        return run_id in self._watches

    def urgent(self, run_id: str) -> bool:
        """Return whether a run's end was requested."""
        return run_id in self._urgent

    def streamed(self, run_id: str) -> bool:
        """Return whether a reader follows a run's rows as they come in."""
        return run_id in self._streams

    @contextmanager
    def stream(self, run_id: str, tell: Callable[[], None]) -> Iterator[None]:
        """Count a reader of a run's rows, and call it (readers may share what is called) when the run's state changes.

        Raises:
            UnknownRunError: There is no such run.
        """
        self.get(run_id)
        self._streams.setdefault(run_id, []).append(tell)
        self._tell_links(run_id)
        try:
            yield
        finally:
            self._streams[run_id].remove(tell)
            if not self._streams[run_id]:
                del self._streams[run_id]
                self._tell_links(run_id)

    def mark_urgent(self, run_id: str) -> None:
        """Let a run's proxy check for requests often from now on: the run's end was requested."""
        self._urgent.add(run_id)
        self._tell_links(run_id)

    @contextmanager
    def watch(self, run_ids: Iterable[str]) -> Iterator[Watch]:
        """Open a reader's view of some runs.

        Raises:
            UnknownRunError: One of them does not exist.
        """
        runs = [self.get(run_id) for run_id in dict.fromkeys(run_ids)]
        watch = Watch(runs)
        live = [run.run_id for run in runs if not run.state.terminal]
        for run_id in live:
            self._watches.setdefault(run_id, set()).add(watch)
            self._tell_links(run_id)
        try:
            yield watch
        finally:
            for run_id in live:
                self._watches[run_id].discard(watch)
                if not self._watches[run_id]:
                    del self._watches[run_id]
                    self._tell_links(run_id)

    @contextmanager
    def link(self, run_id: str, tell: Callable[[str], None]) -> Iterator[None]:
        """Call a function with the run's id whenever a run's proxy should hear of its readers."""
        self._links.setdefault(run_id, []).append(tell)
        try:
            yield
        finally:
            self._links[run_id].remove(tell)
            if not self._links[run_id]:
                del self._links[run_id]

    def _note_rows(self, run_ids: Collection[str]) -> None:
        """Tell of rows that changed, unless they only store values that :meth:`publish` told of."""
        changed = [run_id for run_id in run_ids if run_id not in self._current]
        if changed:
            self.changes.note(changed)

    def _tell_links(self, run_id: str) -> None:
        for tell in self._links.get(run_id, ()):
            tell(run_id)


def _with_users_fields(run: RunSummary, source: RunSummary) -> RunSummary:
    """Return a run with the fields that no proxy knows: its number, and what users wrote."""
    return msgspec.structs.replace(
        run,
        sequence=source.sequence,
        run_name=source.run_name,
        tags=source.tags,
        notes=source.notes,
        starred=source.starred,
    )
