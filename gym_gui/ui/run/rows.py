"""Tables of rows that are all of one kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QTableView

from gym_gui.app import Column
from gym_gui.ui.parts import table, tip

T = TypeVar("T")
AnyIndex = QModelIndex | QPersistentModelIndex


class ColumnsModel(QAbstractTableModel):
    """A model of rows, each shown by the same columns.

    Args:
        parent: As of any object of Qt.
    """

    columns: Sequence[Any] = ()
    """Each with a ``title``, and whether it has a ``number``."""

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - as Qt names and calls it
        """Return the number of rows."""
        return 0 if parent.isValid() else self.count()

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: N802
        """Return a column's title."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        return self.columns[section].title if role == Qt.ItemDataRole.DisplayRole else self.alignment(section, role)

    def count(self) -> int:
        """Return the number of rows."""
        raise NotImplementedError

    def alignment(self, column: int, role: int) -> Any:
        """Return how a column is aligned, if that is what is asked for."""
        if role != Qt.ItemDataRole.TextAlignmentRole:
            return None
        side = Qt.AlignmentFlag.AlignRight if self.columns[column].number else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class Table(ColumnsModel, Generic[T]):
    """Rows of one kind.

    Args:
        columns: Titles, and what they show.
        parent: As of any object of Qt.
    """

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = columns
        self.rows: list[T] = []

    def at(self, index: QModelIndex) -> T | None:
        """Return the row at an index."""
        return self.rows[index.row()] if 0 <= index.row() < len(self.rows) else None

    def count(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

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

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return what a cell shows."""
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            text = self.columns[index.column()].text(self.rows[index.row()])
            return text if role == Qt.ItemDataRole.DisplayRole else tip(text)
        return self.alignment(index.column(), role)


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
