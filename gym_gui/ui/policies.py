"""The checkpoints of all runs, by environment, to evaluate or resume."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QTimer, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from gym_gui.app import Policies, Policy, find_policies
from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.runs import return_of
from gym_gui.ui.kinds import FormKind
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, beside, label
from gym_gui.ui.run.rows import Column, Table, table_of
from gym_gui.ui.runs.query import QueryBox

#: Runs that are read at first, and with each *Look further*; milliseconds after the last key.
_RUNS, _TYPING_MS = 100, 300
_COLUMNS = (
    Column("Environment", lambda each: each.env_id or figures.NOTHING, 150),
    Column("Run", lambda each: each.run.run_name, 170),
    Column("Worker", lambda each: each.checkpoint.worker_type, 80),
    Column("Algorithm", lambda each: ", ".join({worker.algorithm for worker in each.run.workers}), 80),
    Column("Step", lambda each: figures.short(each.checkpoint.step), 70, number=True),
    Column("Return", lambda each: figures.decimal(return_of(each.run)), 80, number=True),
    Column("Submitted", lambda each: figures.age(each.run.created_at), 110),
    Column("Fits", lambda each: f"! {each.differs}" if each.differs else "✓", 160),
    Column("Saved with", lambda each: each.saved_with or figures.NOTHING, 180),
    Column("Size", lambda each: figures.size(each.checkpoint.bytes), 80, number=True),
    Column("Path", lambda each: each.checkpoint.path, 300),
)


class PoliciesPage(QWidget):
    """The checkpoints of the runs that match a query.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    form_wanted = Signal(str, object)
    """A form is to be opened: of which kind, from which policy."""

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._asked: Asked | None = None
        self._runs = _RUNS
        self.query = QueryBox(link, "Search the runs that saved checkpoints")
        self.rows: Table[Policy] = Table(_COLUMNS, self)
        self.table = table_of(self.rows, "Checkpoints")
        self.count = label("looking for checkpoints …", tone="muted", wrap=True)
        self.further = QPushButton("Look further")
        self.evaluate, self.resume = QPushButton("Evaluate…"), QPushButton("Resume…")
        bar = beside(self.query, self.evaluate, self.resume, wide=self.query)
        bottom = beside(self.count, self.further, wide=self.count)
        below(self, bar, self.table, bottom, wide=self.table)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._ask)
        self.query.textChanged.connect(lambda _text: self._typing.start())
        self.further.clicked.connect(self._look_further)
        self.evaluate.clicked.connect(lambda: self._open("evaluation"))
        self.resume.clicked.connect(lambda: self._open("resume"))
        self.table.activated.connect(lambda _index: self._open("evaluation"))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._allow())
        self._ask()

    def close_page(self) -> None:
        """Stop to look."""
        if self._asked is not None:
            self._asked.cancel()

    def _ask(self) -> None:
        self.close_page()
        query, runs = self.query.text(), self._runs
        self.further.hide()
        self._asked = self._link.watch(
            self, lambda client: find_policies(client, query, runs), self._take, failed=self._fail
        )

    def _take(self, found: Policies) -> None:
        chosen = self._chosen()
        self.rows.show_rows(found.policies)
        paths = [each.checkpoint.path for each in found.policies]
        if chosen is not None and chosen.checkpoint.path in paths:
            self.table.setCurrentIndex(self.rows.index(paths.index(chosen.checkpoint.path), 0))
        of = f"{found.read:,} of {found.total:,} runs" if found.read < found.total else f"{found.total:,} runs"
        self.count.setText(f"{len(paths):,} checkpoints of {of}" if paths else f"no checkpoint was saved by {of}")
        self.further.setVisible(found.read < found.total and found.read >= self._runs)
        self._allow()

    def _fail(self, error: MosaicError) -> None:
        self.count.setText(str(error))

    def _look_further(self) -> None:
        self._runs += _RUNS
        self._ask()

    def _chosen(self) -> Policy | None:
        index: QModelIndex = self.table.currentIndex()
        return self.rows.rows[index.row()] if 0 <= index.row() < len(self.rows.rows) else None

    def _allow(self) -> None:
        for button in (self.evaluate, self.resume):
            button.setEnabled(self._chosen() is not None)

    def _open(self, kind: FormKind) -> None:
        policy = self._chosen()
        if policy is not None:
            self.form_wanted.emit(kind, policy)
