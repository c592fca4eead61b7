"""The list of runs with its query, kept up to date."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from gym_gui.app import (
    GROUPINGS,
    LIST_COLUMNS,
    FurtherColumns,
    ListLayout,
    ListRow,
    combined_updates,
    fields_of_grouping,
    further_columns,
    lines_search,
    list_search,
    name_of_grouping,
    read_layout,
    refused_query_text,
    save_layout,
)
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import DEFAULT_SORT, MAX_PAGE, SearchUpdate
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, beside, choice, label, menu_button, table, timer
from gym_gui.ui.runs.header import RunsHeader
from gym_gui.ui.runs.model import RunsModel
from gym_gui.ui.runs.query import QueryBox

_PAGE = 200
#: Milliseconds after the last key until a query is asked, between two refreshes of ages, after changes of the layout.
_TYPING_MS, _AGES_MS, _LAYOUT_MS = 150, 5000, 500
#: Lines whose single runs are followed at once.
_OPEN = 20


class RunsPanel(QWidget):
    """The list of runs.

    Args:
        link: The way to the daemon.
        home: The home that keeps how the list is left; ``None``: none does.
        parent: As of any widget.
    """

    opened = Signal(str)
    """A run is to be shown: its id."""

    def __init__(self, link: DaemonLink, home: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link, self._home = link, home
        self._watch = Asked()
        self._members: dict[str, Asked] = {}
        self._sort: tuple[str, ...] = DEFAULT_SORT
        self._limit = _PAGE
        self._refused = False
        self.model = RunsModel(self)
        self.query = QueryBox(link, "Search runs")
        self.group = choice("Group", GROUPINGS)
        self.message = label(tone="problem", wrap=True, selectable=True, hidden=True)
        self.table = table(self.model, "Runs", several=True)
        self.header = RunsHeader(self.table, self.model)
        self.columns = menu_button("Columns", self.header.menu)
        self.count = label("loading …", tone="muted")
        self._lay_out()
        self._typing = timer(self, _TYPING_MS, self._ask_anew, single=True)
        self._leaving = timer(self, _LAYOUT_MS, self._save_layout, single=True)
        self._ages = timer(self, _AGES_MS, self._refresh_ages)
        self.query.textChanged.connect(lambda _text: self._typing.start())
        self.group.activated.connect(lambda _at: self._change())
        self.header.changed.connect(self._leaving.start)
        self.header.shown.connect(self._change)
        self.header.view.sectionClicked.connect(self._sort_by)
        self.table.activated.connect(self._activate)
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)
        for key, wanted in ((Qt.Key.Key_Right, True), (Qt.Key.Key_Left, False)):
            shortcut = QShortcut(QKeySequence(key), self.table, context=Qt.ShortcutContext.WidgetShortcut)
            shortcut.activated.connect(lambda wanted=wanted: self._turn(self.table.currentIndex().row(), wanted))

    def start(self) -> None:
        """Begin to show the runs, as the list was left."""
        home = self._home
        self._link.run(self, lambda: read_layout(home) if home is not None else ListLayout(), self._begin)

    def selected_rows(self) -> list[ListRow]:
        """Return the selected rows, from above."""
        chosen = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [row for at in chosen if (row := self.model.row(at)) is not None]

    def selected_ids(self) -> list[str]:
        """Return the ids of the selected runs, from above, each once."""
        return list(dict.fromkeys(run_id for row in self.selected_rows() for run_id in row.run_ids))

    @property
    def group_by(self) -> tuple[str, ...]:
        """What the runs of a line have in common."""
        return fields_of_grouping(self.group.currentText())

    @property
    def folds_seeds(self) -> bool:
        """Whether a line is of runs that differ only in their seed."""
        return self.group_by == ("variant",)

    def show_message(self, text: str) -> None:
        """Say what went wrong; empty: nothing."""
        self.message.setText(text)
        self.message.setVisible(bool(text))

    # -- asking --------------------------------------------------------------------------------------------------------

    def _begin(self, layout: ListLayout) -> None:
        self._choose_group(layout.group_by)
        self.header.show_columns(layout.columns, layout.widths)
        self._leaving.stop()
        self._ages.start()

    def _ask_anew(self) -> None:
        """Ask for other lines: those that are open are closed."""
        for key in self.model.opened:
            self._close_line(key)
        self.show_message("")
        self._ask()

    def _further(self) -> tuple[str, ...]:
        return tuple(column.field for column in self.model.columns if column.field not in LIST_COLUMNS)

    def _ask(self) -> None:
        self._watch.cancel()
        group_by = self.group_by
        search = list_search(self.query.text(), self._sort, self._limit, group_by, self._further())
        self._watch = self._link.watch(
            self, lambda client: client.watch_search(search), lambda update: self._take(update, bool(group_by)),
            merge=combined_updates, failed=self._fail,
        )  # fmt: skip

    def _take(self, update: SearchUpdate, grouped: bool) -> None:
        if self._refused:
            self._refused = False
            self.show_message("")
        if self.model.total != update.total:
            self._link.ask(self, further_columns, self._take_further, lambda _error: None)
        self.model.apply(update, grouped)
        for key in self._members.keys() - set(self.model.opened):
            self._close_line(key)
        self.count.setText(self.model.count_text(queried=bool(self.query.text())))

    def _fail(self, error: MosaicError) -> None:
        self.show_message(refused_query_text(error))
        self._refused = True

    def _sort_by(self, section: int) -> None:
        column = self.model.columns[section]
        down = self._sort[0] != f"-{column.field}"
        self._sort = (f"-{column.field}" if down else column.field,)
        self.header.show_sort(self._sort[0])
        self._ask()

    def _scrolled(self, value: int) -> None:
        bar = self.table.verticalScrollBar()
        if value == bar.maximum() and self.model.shown == self._limit < min(self.model.lines, MAX_PAGE):
            self._limit = min(self._limit * 2, MAX_PAGE)
            self._ask()

    def _refresh_ages(self) -> None:
        if self.isVisible():
            self.model.refresh_ages()

    # -- lines that are opened -----------------------------------------------------------------------------------------

    def _activate(self, index: QModelIndex) -> None:
        row = self.model.row(index.row())
        if row is not None and row.group is not None:
            self._turn(index.row(), row.key not in self._members)
        elif row is not None:
            self.opened.emit(row.run.run_id)

    def _turn(self, at: int, wanted: bool) -> None:
        """Open or close the line at a row, or that of the run there."""
        row = self.model.row(at)
        if row is None or (row.group is None and not row.line):
            return
        key = row.line or row.key
        if wanted and row.group is not None and key not in self._members:
            self._open_line(row)
        elif not wanted and key in self._members:
            self._close_line(key)
            self.table.selectRow(next((at for at, each in enumerate(self.model.rows()) if each.key == key), 0))

    def _open_line(self, row: ListRow) -> None:
        if len(self._members) == _OPEN:
            self.show_message(f"{_OPEN} lines are open: close one to open another")
            return
        assert row.group is not None
        search = lines_search(self.query.text(), row.group.key, self._further())
        self.model.open_line(row.key)
        self._members[row.key] = self._link.watch(
            self, lambda client: client.watch_search(search), lambda update: self.model.apply_members(row.key, update),
            merge=combined_updates, failed=self._fail,
        )  # fmt: skip

    def _close_line(self, key: str) -> None:
        if key in self._members:
            self._members.pop(key).cancel()
        self.model.close_line(key)

    # -- grouping and columns ------------------------------------------------------------------------------------------

    def _take_further(self, found: FurtherColumns) -> None:
        self.header.further = found
        self.query.settings = found.settings
        for name in found.settings:
            if self.group.findText(f"by {name}") < 0:
                self.group.addItem(f"by {name}")

    def _choose_group(self, fields: tuple[str, ...]) -> None:
        name = name_of_grouping(fields)
        if self.group.findText(name) < 0 and len(fields) == 1:
            self.group.addItem(name)
        self.group.setCurrentIndex(max(self.group.findText(name), 0))

    def _change(self) -> None:
        self.header.show_sort(self._sort[0])
        self._leaving.start()
        self._ask_anew()

    def _save_layout(self) -> None:
        home, header = self._home, self.header
        layout = ListLayout(columns=tuple(header.names()), widths=header.widths(), group_by=self.group_by)
        if home is not None:
            self._link.run(self, lambda: save_layout(home, layout), lambda _none: None)

    def _lay_out(self) -> None:
        self.group.setMinimumContentsLength(10)
        self.group.setSizeAdjustPolicy(self.group.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        bar = beside(self.query, self.group, self.columns, wide=self.query)
        below(self, bar, self.message, self.table, self.count, wide=self.table)
