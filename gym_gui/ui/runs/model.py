"""The list of runs as a table model over a watched search."""

from __future__ import annotations

from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from gym_gui.reading import SearchUpdate
from gym_gui.runs import RunSummary
from gym_gui.ui.parts import tip
from gym_gui.ui.runs.columns import COLUMNS
from gym_gui.ui.theme import state_colour

_Role = Qt.ItemDataRole
AnyIndex = QModelIndex | QPersistentModelIndex


def combined(old: SearchUpdate, new: SearchUpdate) -> SearchUpdate:
    """Return two updates of a search as one: rows of the older one that the newer one does not replace are kept."""
    rows = {row.run.run_id: row for row in (*old.runs, *new.runs)}
    shown = set(new.run_ids)
    return msgspec.structs.replace(new, runs=[row for run_id, row in rows.items() if run_id in shown])


class RunsModel(QAbstractTableModel):
    """The runs of one page of a search.

    Args:
        parent: As of any object of Qt.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.total = 0
        """Number of matching runs, of which the first ones are in the model."""
        self._ids: list[str] = []
        self._runs: dict[str, RunSummary] = {}

    def run(self, row: int) -> RunSummary | None:
        """Return the run of a row."""
        return self._runs.get(self._ids[row]) if 0 <= row < len(self._ids) else None

    def row_of(self, run_id: str) -> int:
        """Return the row of a run, -1 if it is not in the model."""
        return self._ids.index(run_id) if run_id in self._runs else -1

    def apply(self, update: SearchUpdate) -> None:
        """Take over what changed; the selection stays with its runs."""
        self.total = update.total
        changed = {row.run.run_id for row in update.runs}
        self._runs.update({row.run.run_id: row.run for row in update.runs})
        wanted = [run_id for run_id in update.run_ids if run_id in self._runs]
        self._remove(set(self._ids) - set(wanted))
        self._insert(wanted)
        if self._ids != wanted:
            self._reorder(wanted)
        for row, run_id in enumerate(self._ids):
            if run_id in changed:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def refresh_ages(self) -> None:
        """Have what tells ages drawn again."""
        if self._ids:
            ages = [at for at, column in enumerate(COLUMNS) if column.field in ("duration", "created")]
            self.dataChanged.emit(self.index(0, ages[0]), self.index(len(self._ids) - 1, ages[-1]))

    def _remove(self, gone: set[str]) -> None:
        for row in reversed(range(len(self._ids))):
            if self._ids[row] in gone:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._runs[self._ids.pop(row)]
                self.endRemoveRows()

    def _insert(self, wanted: list[str]) -> None:
        present = set(self._ids)
        if not present and wanted:
            self.beginInsertRows(QModelIndex(), 0, len(wanted) - 1)
            self._ids = list(wanted)
            self.endInsertRows()
            return
        for row, run_id in enumerate(wanted):
            if run_id not in present:
                self.beginInsertRows(QModelIndex(), row, row)
                self._ids.insert(row, run_id)
                self.endInsertRows()

    def _reorder(self, wanted: list[str]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [self._ids[index.row()] for index in before]
        self._ids = list(wanted)
        rows = {run_id: row for row, run_id in enumerate(wanted)}
        after = [self.index(rows[run_id], index.column()) for run_id, index in zip(held, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    # -- what Qt asks --------------------------------------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - as Qt names and calls it
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self._ids)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:  # noqa: N802
        """Return a column's title."""
        if orientation is Qt.Orientation.Horizontal and role == _Role.DisplayRole:
            return COLUMNS[section].title
        if orientation is Qt.Orientation.Horizontal and role == _Role.TextAlignmentRole:
            return _alignment(COLUMNS[section].number)
        return None

    def data(self, index: AnyIndex, role: int = _Role.DisplayRole) -> Any:
        """Return what a cell shows."""
        run = self.run(index.row())
        if run is None:
            return None
        column = COLUMNS[index.column()]
        if role == _Role.DisplayRole:
            return column.text(run)
        if role == _Role.ToolTipRole:
            return tip(column.tip(run) or column.text(run))
        if role == _Role.TextAlignmentRole:
            return _alignment(column.number)
        if role == _Role.ForegroundRole and column.field == "state":
            return state_colour(run.state.value)
        if role == _Role.AccessibleTextRole:
            return f"{column.title} {column.text(run)}"
        return None


def _alignment(number: bool) -> Any:
    side = Qt.AlignmentFlag.AlignRight if number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
