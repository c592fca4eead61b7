"""The list of runs with its query, kept up to date."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QTableView, QVBoxLayout, QWidget

from gym_gui.core.worker.errors import ConfigError, MosaicError
from gym_gui.reading import DEFAULT_SORT, MAX_PAGE, Search
from gym_gui.runs import RunSummary
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import label, table
from gym_gui.ui.runs.columns import COLUMNS
from gym_gui.ui.runs.model import RunsModel, combined

_PAGE = 200
#: Milliseconds after the last key until a query is asked, and between two refreshes of ages.
_TYPING_MS, _AGES_MS = 150, 5000


class RunsPanel(QWidget):
    """The list of runs.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    opened = Signal(str)
    """A run is to be shown: its id."""
    selected = Signal(list)
    """Ids of the selected runs."""

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._watch: Asked | None = None
        self._sort: tuple[str, ...] = DEFAULT_SORT
        self._limit = _PAGE
        self.model = RunsModel(self)
        self.query = QLineEdit()
        self.query.setPlaceholderText("Search, e.g. env:CartPole* state:failed return>400")
        self.query.setClearButtonEnabled(True)
        self.query.setAccessibleName("Search runs")
        self.message = label(tone="problem", wrap=True, hidden=True)
        self.table = _table(self.model)
        self.count = label(tone="muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 4)
        layout.setSpacing(6)
        for widget in (self.query, self.message, self.table, self.count):
            layout.addWidget(widget)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._ask)
        self._ages = QTimer(self)
        self._ages.setInterval(_AGES_MS)
        self._ages.timeout.connect(self._refresh_ages)
        self.query.textChanged.connect(lambda _text: self._typing.start())
        self.table.doubleClicked.connect(self._open)
        self.table.activated.connect(self._open)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self.selected.emit(self.selected_ids()))
        self.table.horizontalHeader().sectionClicked.connect(self._sort_by)
        self.table.verticalScrollBar().valueChanged.connect(self._scrolled)

    def start(self) -> None:
        """Begin to show the runs."""
        self._ask()
        self._ages.start()

    def selected_ids(self) -> list[str]:
        """Return the ids of the selected runs, from above."""
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [run.run_id for row in rows if (run := self.model.run(row)) is not None]

    def runs(self) -> list[RunSummary]:
        """Return the listed runs."""
        return [run for row in range(self.model.rowCount()) if (run := self.model.run(row)) is not None]

    def _ask(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        search = Search(self.query.text(), self._sort, self._limit)
        self._watch = self._link.watch(
            self, lambda client: client.watch_search(search), self._take, merge=combined, failed=self._fail
        )

    def _take(self, update: object) -> None:
        self.message.hide()
        self.model.apply(update)  # type: ignore[arg-type]
        shown, total = self.model.rowCount(), self.model.total
        if total:
            self.count.setText(f"{total:,} runs" if shown == total else f"the first {shown:,} of {total:,} runs")
        elif self.query.text():
            self.count.setText("no run matches the query")
        else:
            self.count.setText("no runs yet: press Train, or try `mosaic demo` in a terminal")

    def _fail(self, error: MosaicError) -> None:
        text = error.what
        if isinstance(error, ConfigError):
            text = "\n".join(f"{problem.message} (allowed: {problem.allowed})" for problem in error.problems) or text
        self.message.setText(text)
        self.message.show()

    def _open(self, index: QModelIndex) -> None:
        run = self.model.run(index.row())
        if run is not None:
            self.opened.emit(run.run_id)

    def _sort_by(self, section: int) -> None:
        field = COLUMNS[section].field
        down = self._sort[0] != f"-{field}"
        self._sort = (f"-{field}" if down else field,)
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        self.table.horizontalHeader().setSortIndicator(section, order)
        self._ask()

    def _scrolled(self, value: int) -> None:
        bar = self.table.verticalScrollBar()
        if value == bar.maximum() and self.model.rowCount() == self._limit < min(self.model.total, MAX_PAGE):
            self._limit = min(self._limit * 2, MAX_PAGE)
            self._ask()

    def _refresh_ages(self) -> None:
        if self.isVisible():
            self.model.refresh_ages()


def _table(model: RunsModel) -> QTableView:
    made = table(model, "Runs", several=True)
    header = made.horizontalHeader()
    header.setSectionsClickable(True)
    header.setSortIndicatorShown(True)
    header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
    for section, width in enumerate((100, 200, 70, 100, 130, 80, 80, 60, 80, 100, 110, 110)):
        header.resizeSection(section, width)
    return made
