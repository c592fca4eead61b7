"""Tables of rows that are all of one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from gym_gui.ui.parts import tip

T = TypeVar("T")
AnyIndex = QModelIndex | QPersistentModelIndex


class Column(NamedTuple):
    """One column of a table.

    Args:
        title: Its header.
        text: What it shows of a row.
        width: Pixels.
        number: It is aligned at the right.
    """

    title: str
    text: Callable[[Any], str]
    width: int = 90
    number: bool = False


class Table(QAbstractTableModel, Generic[T]):
    """Rows of one kind.

    Args:
        columns: Titles, and what they show.
        parent: As of any object of Qt.
    """

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = columns
        self.rows: list[T] = []

    def show_rows(self, rows: list[T], columns: Sequence[Column] | None = None) -> None:
        """Show other rows, with other columns if some are given."""
        self.beginResetModel()
        self._columns = self._columns if columns is None else columns
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - as Qt names and calls it
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self._columns[section]
        return column.title if role == Qt.ItemDataRole.DisplayRole else _alignment(column, role)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = self._columns[index.column()].text(self.rows[index.row()])
            return text if role == Qt.ItemDataRole.DisplayRole else tip(text)
        return _alignment(self._columns[index.column()], role)


def _alignment(column: Column, role: int) -> Any:
    if role != Qt.ItemDataRole.TextAlignmentRole:
        return None
    return (
        Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
    ) | Qt.AlignmentFlag.AlignVCenter
