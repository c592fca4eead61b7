"""The runs that evaluate, continue or repeat a run, and the one that it follows from."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QWidget

from gym_gui.app import RELATIVE_COLUMNS, Relative, watch_relatives
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, label
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.rows import Table, table_of

#: Pixels of a row, of the table at most.
_ROW, _HEIGHT = 28, 150


class Relatives(RunPart):
    """A table of a run's relatives; nothing is shown of a run without any."""

    opened = Signal(str)
    """A run is to be shown: its id."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self.title = label("Evaluations, and runs that follow", tone="title", hidden=True)
        self.rows: Table[Relative] = Table(RELATIVE_COLUMNS, self)
        self.table = table_of(self.rows, "Evaluations, and runs that follow: Enter opens one")
        self.table.hide()
        below(self, self.title, self.table, margins=False)
        self.table.activated.connect(self._open)

    def appear(self) -> None:
        """Follow the relatives."""
        self.watch(lambda client: watch_relatives(client, self._run_id), self._take)

    def _take(self, found: list[Relative]) -> None:
        before = [relative.run.run_id for relative in self.rows.rows]
        self.rows.show_rows(found, same=before == [relative.run.run_id for relative in found])
        self.title.setVisible(bool(found))
        self.table.setVisible(bool(found))
        self.table.setFixedHeight(min(_ROW * (len(found) + 2), _HEIGHT))

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.rows.rows[index.row()].run.run_id)
