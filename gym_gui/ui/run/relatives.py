"""The runs that evaluate, continue or repeat a run, and the one that it follows from."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QWidget

from gym_gui.app import state_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.reading import Search
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import RunSummary, return_of
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, label
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.rows import Column, Table, table_of

#: Relatives at once; pixels of a row, of the table at most.
_MOST, _ROW, _HEIGHT = 100, 28, 150


class Relative(NamedTuple):
    """A run, and whether the other one follows from it."""

    run: RunSummary
    is_parent: bool = False


class Relatives(RunPart):
    """A table of a run's relatives; nothing is shown of a run without any."""

    opened = Signal(str)
    """A run is to be shown: its id."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._watch: Asked | None = None
        self.title = label("Evaluations, and runs that follow", tone="title", hidden=True)
        self.rows: Table[Relative] = Table(_COLUMNS, self)
        self.table = table_of(self.rows, "Evaluations, and runs that follow: Enter opens one")
        self.table.hide()
        below(self, self.title, self.table, margins=False)
        self.table.activated.connect(self._open)

    def appear(self) -> None:
        """Follow the relatives."""
        if self._watch is None:
            self._watch = self._link.watch(self, lambda client: _relatives(client, self._run_id), self._take)

    def vanish(self) -> None:
        """Follow them no longer."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _take(self, found: list[Relative]) -> None:
        before = [relative.run.run_id for relative in self.rows.rows]
        self.rows.show_rows(found, same=before == [relative.run.run_id for relative in found])
        self.title.setVisible(bool(found))
        self.table.setVisible(bool(found))
        self.table.setFixedHeight(min(_ROW * (len(found) + 2), _HEIGHT))

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.rows.rows[index.row()].run.run_id)


async def _relatives(client: AsyncTrainerClient, run_id: str) -> AsyncIterator[list[Relative]]:
    """Yield a run's parent and its children, the newest first, whenever they change."""
    first: list[Relative] = []
    parent = (await client.get(run_id)).parent_run_id
    if parent is not None:
        with contextlib.suppress(MosaicError):  # it was removed
            first.append(Relative(await client.get(parent), is_parent=True))
    runs: dict[str, RunSummary] = {}
    async for update in client.watch_search(Search(f"parent:{run_id}", limit=_MOST)):
        runs.update({row.run.run_id: row.run for row in update.runs})
        yield first + [Relative(runs[child]) for child in update.run_ids if child in runs]


def _kind(relative: Relative) -> str:
    if relative.is_parent:
        return "parent"
    return "evaluation" if relative.run.eval_episodes and not relative.run.episodes else "follows"


def _return(relative: Relative) -> str:
    """Return the mean return of a run, of an evaluation with its standard deviation."""
    spread = relative.run.evaluation
    if spread is None:
        return figures.decimal(return_of(relative.run))
    return f"{figures.decimal(spread.mean)} ± {figures.decimal(spread.std)}"


def _episodes(relative: Relative) -> str:
    spread = relative.run.evaluation
    return figures.count(relative.run.episodes if spread is None else spread.episodes)


_COLUMNS = (
    Column("Kind", _kind, 90),
    Column("State", lambda relative: state_text(relative.run.state.value), 100),
    Column("Name", lambda relative: relative.run.run_name, 180),
    Column("Return", _return, 120, number=True),
    Column("Episodes", _episodes, 80, number=True),
    Column("Steps", lambda relative: figures.short(relative.run.steps or relative.run.eval_steps), 80, number=True),
    Column("Submitted", lambda relative: figures.age(relative.run.created_at), 100),
)
