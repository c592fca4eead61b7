"""Tables of rows that are all of one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QTableView

from gym_gui.ui.parts import table, tip

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
        self.columns = columns
        self.rows: list[T] = []

    def show_rows(self, rows: list[T], columns: Sequence[Column] | None = None, *, same: bool = False) -> None:
        """Show other rows.

        Args:
            rows: The rows.
            columns: Other columns, if some are given.
            same: They are those that are shown, as they stand now: selection and scrolling stay.
        """
        if same:
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self.columns) - 1))
            return
        self.beginResetModel()
        self.columns = self.columns if columns is None else columns
        self.rows = rows
        self.endResetModel()

    def titles(self) -> list[str]:
        """Return the headers."""
        return [column.title for column in self.columns]

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - as Qt names and calls it
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        return column.title if role == Qt.ItemDataRole.DisplayRole else _alignment(column, role)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = self.columns[index.column()].text(self.rows[index.row()])
            return text if role == Qt.ItemDataRole.DisplayRole else tip(text)
        return _alignment(self.columns[index.column()], role)


def table_of(model: Table[Any], name: str, *, stretch: bool = True) -> QTableView:
    """Return a table of whole rows, its columns as wide as they say.

    Args:
        model: Its rows.
        name: What they are, for screen readers.
        stretch: The last column takes what is left.
    """
    view = table(model, name)
    view.horizontalHeader().setStretchLastSection(stretch)
    for at, column in enumerate(model.columns):
        view.setColumnWidth(at, column.width)
    return view


def _alignment(column: Column, role: int) -> Any:
    if role != Qt.ItemDataRole.TextAlignmentRole:
        return None
    return (
        Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
    ) | Qt.AlignmentFlag.AlignVCenter
