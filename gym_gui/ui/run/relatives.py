"""The runs that evaluate, continue or repeat a run, and the one that it follows from."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QWidget

from gym_gui.app import Relative, state_text, watch_relatives
from gym_gui.look import figures
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, label
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.rows import Column, Table, table_of

#: Pixels of a row, of the table at most.
_ROW, _HEIGHT = 28, 150


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
            self._watch = self._link.watch(self, lambda client: watch_relatives(client, self._run_id), self._take)

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


_COLUMNS = (
    Column("Kind", lambda relative: relative.kind, 90),
    Column("State", lambda relative: state_text(relative.run.state.value), 100),
    Column("Name", lambda relative: relative.run.run_name, 180),
    Column("Return", lambda relative: relative.result, 120, number=True),
    Column("Episodes", lambda relative: figures.count(relative.episodes), 80, number=True),
    Column("Steps", lambda relative: figures.short(relative.run.steps or relative.run.eval_steps), 80, number=True),
    Column("Submitted", lambda relative: figures.age(relative.run.created_at), 100),
)
