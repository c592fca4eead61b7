"""The list of runs as a table model over watched searches: lines, and below opened ones their single runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from gym_gui.app import LIST_COLUMNS, ListColumn, ListRow
from gym_gui.reading import GroupRow, SearchUpdate, is_seeds
from gym_gui.ui.parts import tip
from gym_gui.ui.theme import state_colour

_Role = Qt.ItemDataRole
AnyIndex = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


def combined(old: SearchUpdate, new: SearchUpdate) -> SearchUpdate:
    """Return two updates of a search as one: rows of the older one that the newer one does not replace are kept."""
    rows = {row.run.run_id: row for row in (*old.runs, *new.runs)}
    shown, groups = set(new.run_ids), new if new.groups_changed else old
    return msgspec.structs.replace(
        new, runs=[row for run_id, row in rows.items() if run_id in shown],
        groups=groups.groups, groups_changed=groups.groups_changed,
    )  # fmt: skip


class RunsModel(QAbstractTableModel):
    """The lines of one page of a search.

    Args:
        parent: As of any object of Qt.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.total = 0
        """Number of matching runs, of which the first ones are in the model."""
        self.lines = 0
        """Number of lines that they make."""
        self.columns: Sequence[ListColumn] = tuple(LIST_COLUMNS.values())
        self._lines: dict[str, ListRow] = {}
        self._members: dict[str, dict[str, ListRow]] = {}
        """By key of an opened line: its single runs."""
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

    def line(self, key: str) -> ListRow | None:
        """Return a line; ``None``: it is gone."""
        return self._lines.get(key)

    @property
    def shown(self) -> int:
        """Number of lines in the model."""
        return len(self._lines)

    @property
    def opened(self) -> list[str]:
        """Keys of the opened lines."""
        return list(self._members)

    def show_columns(self, columns: Sequence[ListColumn]) -> None:
        """Show other columns."""
        self.beginResetModel()
        self.columns = list(columns)
        self.endResetModel()

    def apply(self, update: SearchUpdate, grouped: bool) -> None:
        """Take over what changed; the selection stays with its rows."""
        self.total, self.lines = update.total, update.groups_total if grouped else update.total
        if not grouped:
            self._lines = _merged(self._lines, update)
        elif update.groups_changed or not update.groups_total:
            self._lines = {row.key: row for row in map(_group_row, update.groups)}
        gone = [key for key in self._members if key not in self._lines or self._lines[key].group is None]
        for key in gone:
            del self._members[key]
        self._show()

    def open_line(self, key: str) -> None:
        """Show that the single runs of a line are being read."""
        self._members.setdefault(key, {})
        self._show()

    def apply_members(self, key: str, update: SearchUpdate) -> None:
        """Take over what changed among the single runs of an opened line."""
        if key in self._members:
            self._members[key] = _merged(self._members[key], update, key)
            self._show()

    def close_line(self, key: str) -> None:
        """Show the single runs of a line no more."""
        self._members.pop(key, None)
        self._show()

    def refresh_ages(self) -> None:
        """Have what tells ages drawn again."""
        for at, column in enumerate(self.columns):
            if column.field in ("duration", "created", "age") and self._keys:
                self.dataChanged.emit(self.index(0, at), self.index(len(self._keys) - 1, at))

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _show(self) -> None:
        """Show the lines and what is opened of them."""
        wanted = {}
        for key, line in self._lines.items():
            wanted[key] = line
            wanted |= self._members.get(key, {})
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

    def rowCount(self, parent: AnyIndex = _NOWHERE) -> int:  # noqa: N802 - as Qt names it
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self._keys)

    def columnCount(self, parent: AnyIndex = _NOWHERE) -> int:  # noqa: N802
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole) -> Any:  # noqa: N802
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == _Role.ToolTipRole:
            return tip(column.field)
        return column.title if role == _Role.DisplayRole else _alignment(column, role)

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
            opened = "" if row.group is None else ", opened" if row.key in self._members else ", closed"
            return f"{column.title} {column.cell(row)}{opened if column.field == 'name' else ''}"
        return _alignment(column, role)

    def _mark(self, row: ListRow) -> str:
        if row.group is not None:
            return "▾ " if row.key in self._members else "▸ "
        return "     " if row.line else ""


def _merged(old: Mapping[str, ListRow], update: SearchUpdate, line: str = "") -> dict[str, ListRow]:
    """Return rows of single runs after an update, in its order."""
    begin = f"{line}\n" if line else ""
    news = {f"{begin}{row.run.run_id}": row for row in update.runs}
    made = {key: ListRow(key, row.run, values=row.values, line=line) for key, row in news.items()}
    every = {**old, **made}
    return {key: every[key] for run_id in update.run_ids if (key := f"{begin}{run_id}") in every}


def _group_row(group: GroupRow) -> ListRow:
    single = len(group.run_ids) == 1 and is_seeds(group)
    return ListRow(json.dumps(group.key, sort_keys=True), group.newest, None if single else group, group.values)


def _alignment(column: ListColumn, role: int) -> Any:
    if role != _Role.TextAlignmentRole:
        return None
    side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
