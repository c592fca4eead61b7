"""The list of runs as a table model over watched searches: lines, and below opened ones their single runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, Qt

from gym_gui.app import LIST_COLUMNS, ListColumn, ListRow, RunLines
from gym_gui.ui.parts import tip
from gym_gui.ui.run.rows import AnyIndex, ColumnsModel
from gym_gui.ui.theme import state_colour

_Role = Qt.ItemDataRole
_NOWHERE = QModelIndex()


class RunsModel(RunLines, ColumnsModel):
    """The lines of one page of a search.

    Args:
        parent: As of any object of Qt.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns: Sequence[ListColumn] = tuple(LIST_COLUMNS.values())
        self._rows: dict[str, ListRow] = {}
        """What is shown, by key."""
        self._keys: list[str] = []
        """Its order."""

    def row(self, at: int) -> ListRow | None:
        """Return what a row shows."""
        return self._rows[self._keys[at]] if 0 <= at < len(self._keys) else None

    def rows(self) -> list[ListRow]:
        """Return what is shown, from above."""
        return [self._rows[key] for key in self._keys]

    def show_columns(self, columns: Sequence[ListColumn]) -> None:
        """Show other columns."""
        self.beginResetModel()
        self.columns = list(columns)
        self.endResetModel()

    def refresh_ages(self) -> None:
        """Have what tells ages drawn again."""
        for at, column in enumerate(self.columns):
            if column.field in ("duration", "created", "age") and self._keys:
                self.dataChanged.emit(self.index(0, at), self.index(len(self._keys) - 1, at))

    # -- rows ----------------------------------------------------------------------------------------------------------

    def show(self, wanted: dict[str, ListRow]) -> None:
        """Show other rows; the selection stays with those that remain."""
        changed = {key for key, row in wanted.items() if self._rows.get(key) is not row}
        if self._keys and not wanted.keys() & self._rows.keys():  # another page: there is nothing to keep
            self.beginResetModel()
            self._keys = []
            self.endResetModel()
        self._rows = {**self._rows, **wanted}
        for at in reversed([at for at, key in enumerate(self._keys) if key not in wanted]):
            self.beginRemoveRows(_NOWHERE, at, at)
            del self._keys[at]
            self.endRemoveRows()
        order = list(wanted)
        self._insert(order)
        if self._keys != order:
            self._reorder(order)
        self._rows = wanted
        news = [at for at, key in enumerate(self._keys) if key in changed]
        if news:
            self.dataChanged.emit(self.index(news[0], 0), self.index(news[-1], len(self.columns) - 1))

    def _insert(self, wanted: list[str]) -> None:
        present = set(self._keys)
        if not present and wanted:
            self.beginInsertRows(_NOWHERE, 0, len(wanted) - 1)
            self._keys = list(wanted)
            self.endInsertRows()
            return
        for at, key in enumerate(wanted):
            if key not in present:
                self.beginInsertRows(_NOWHERE, at, at)
                self._keys.insert(at, key)
                self.endInsertRows()

    def _reorder(self, wanted: list[str]) -> None:
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        held = [self._keys[index.row()] for index in before]
        self._keys = wanted
        places = {key: at for at, key in enumerate(wanted)}
        after = [self.index(places[key], index.column()) for key, index in zip(held, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    # -- what Qt asks --------------------------------------------------------------------------------------------------

    def count(self) -> int:
        """Return the number of rows."""
        return len(self._keys)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:  # noqa: N802 - as Qt names it
        """Return a column's title, and the name of its field as a tip."""
        if role == _Role.ToolTipRole and orientation is Qt.Orientation.Horizontal:
            return tip(self.columns[section].field)
        return super().headerData(section, orientation, role)

    def data(self, index: AnyIndex, role: int = _Role.DisplayRole) -> Any:
        """Return what a cell shows."""
        row = self.row(index.row())
        if row is None:
            return None
        column = self.columns[index.column()]
        if role == _Role.DisplayRole:
            return self._mark(row) + column.cell(row) if column.field == "name" else column.cell(row)
        if role == _Role.ToolTipRole:
            return tip(column.exact(row))
        if role == _Role.ForegroundRole and column.field == "state" and len(row.states) == 1:
            return state_colour(next(iter(row.states)))
        if role == _Role.AccessibleTextRole:
            opened = "" if row.group is None else ", opened" if row.key in self.opened else ", closed"
            return f"{column.title} {column.cell(row)}{opened if column.field == 'name' else ''}"
        return self.alignment(index.column(), role)

    def _mark(self, row: ListRow) -> str:
        if row.group is not None:
            return "▾ " if row.key in self.opened else "▸ "
        return "     " if row.line else ""
