"""Filter of runs, for lists, bulk commands and remote clients."""

from __future__ import annotations

from dataclasses import dataclass

from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary


@dataclass(frozen=True)
class RunFilter:
    """Conditions for runs; an empty field matches every run.

    Args:
        states: In one of these states.
        worker: With a worker of this kind.
        group: Of this group.
        tag: With this tag.
    """

    states: tuple[RunState, ...] = ()
    worker: str = ""
    group: str = ""
    tag: str = ""

    def __bool__(self) -> bool:
        """Return whether anything is filtered."""
        return self != type(self)()

    def as_query(self) -> str:
        """Return the terms of a query (:mod:`gym_gui.reading.query`) that match the same runs."""
        terms = [f"state:{','.join(state.value for state in self.states)}"] if self.states else []
        for name, value in (("worker", self.worker), ("group", self.group), ("tag", self.tag)):
            if value:
                quoted = value.replace("\\", "\\\\").replace('"', '\\"')
                terms.append(f'{name}="{quoted}"')
        return " ".join(terms)

    def matches(self, run: RunSummary) -> bool:
        """Return whether a run matches the filter."""
        return (
            (not self.states or run.state in self.states)
            and (not self.worker or any(worker.worker_type == self.worker for worker in run.workers))
            and (not self.group or run.group == self.group)
            and (not self.tag or self.tag in run.tags)
        )


EVERY_RUN = RunFilter()
