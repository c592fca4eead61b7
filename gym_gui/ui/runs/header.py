"""Which columns the list of runs shows, in which order and how wide."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMenu, QTableView

from gym_gui.app import LIST_COLUMNS, FurtherColumns, ListColumn, column_groups, list_column
from gym_gui.ui.parts import without_mnemonics
from gym_gui.ui.runs.model import RunsModel

_NARROWEST, _WIDEST = 40, 900


class RunsHeader(QObject):
    """The header of the list, and the menu of its columns.

    Args:
        table: The list.
        model: What it shows.
    """

    changed = Signal()
    """Order or widths have changed."""
    shown = Signal()
    """Other columns are shown."""

    def __init__(self, table: QTableView, model: RunsModel) -> None:
        super().__init__(table)
        self._model = model
        self.further = FurtherColumns([], [])
        """What can be shown besides."""
        self.view = table.horizontalHeader()
        self.view.setSectionsClickable(True)
        self.view.setSectionsMovable(True)
        self.view.setSortIndicatorShown(True)
        self.menu = QMenu(table)
        self.menu.aboutToShow.connect(self._fill)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(lambda at: self.menu.popup(self.view.viewport().mapToGlobal(at)))
        for moved in (self.view.sectionMoved, self.view.sectionResized):
            moved.connect(lambda *_: self.changed.emit())

    def names(self) -> list[str]:
        """Return the columns in their order."""
        order = sorted(range(len(self._model.columns)), key=self.view.visualIndex)
        return [self._model.columns[at].field for at in order]

    def widths(self) -> dict[str, int]:
        """Return how wide each column is."""
        return {column.field: self.view.sectionSize(at) for at, column in enumerate(self._model.columns)}

    def show_columns(self, names: Iterable[str], widths: dict[str, int]) -> None:
        """Show columns in an order; without any, those of the beginning."""
        found: list[ListColumn] = [column for name in names if (column := list_column(name)) is not None]
        self._model.show_columns(found or list(LIST_COLUMNS.values()))
        for at, column in enumerate(self._model.columns):
            self.view.moveSection(self.view.visualIndex(at), at)
            self.view.resizeSection(at, min(max(widths.get(column.field, column.width), _NARROWEST), _WIDEST))
        self.shown.emit()

    def show_sort(self, term: str) -> None:
        """Mark the column by which the list is sorted; ``-`` before its name: from the highest down."""
        name = term.removeprefix("-")
        at = next((at for at, column in enumerate(self._model.columns) if column.field == name), -1)
        order = Qt.SortOrder.AscendingOrder if name == term else Qt.SortOrder.DescendingOrder
        self.view.setSortIndicator(at, order)

    def toggle(self, name: str) -> None:
        """Show a column, or show it no more."""
        names = self.names()
        self.show_columns([each for each in names if each != name] if name in names else [*names, name], self.widths())

    def _fill(self) -> None:
        self.menu.clear()
        shown = self.names()
        usual, *others = column_groups(shown, *self.further)
        self._add(self.menu, usual, shown)
        for title, names in zip(("Settings", "Metrics"), others, strict=True):
            menu = self.menu.addMenu(title)
            self._add(menu, names, shown)
            menu.setEnabled(not menu.isEmpty())
        self.menu.addSeparator()
        self.menu.addAction("As at first").triggered.connect(lambda: self.show_columns((), {}))

    def _add(self, menu: QMenu, names: list[str], shown: list[str]) -> None:
        for name in names:
            column = list_column(name)
            action = menu.addAction(without_mnemonics(column.title if column is not None else name))
            action.setCheckable(True)
            action.setChecked(name in shown)
            action.setEnabled(shown != [name])
            action.triggered.connect(lambda _on=False, name=name: self.toggle(name))
