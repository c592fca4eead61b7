"""The checkpoints of all runs, by environment, to evaluate or resume."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from gym_gui.app import CHECKPOINT_COLUMNS, Policies, Policy, find_policies
from gym_gui.forms import FormKind
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.part import Part
from gym_gui.ui.parts import below, beside, button, timer
from gym_gui.ui.run.rows import Table, table_of
from gym_gui.ui.runs.query import QueryBox

#: Runs that are read at first, and with each *Look further*; milliseconds after the last key.
_RUNS, _TYPING_MS = 100, 300


class PoliciesPage(Part):
    """The checkpoints of the runs that match a query.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    form_wanted = Signal(str, object)
    """A form is to be opened: of which kind, from which policy."""

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(link, parent)
        self._runs = _RUNS
        self.query = QueryBox(link, "Search the runs that saved checkpoints")
        self.rows: Table[Policy] = Table(CHECKPOINT_COLUMNS, self)
        self.table = table_of(self.rows, "Checkpoints")
        self.count = self.message
        self.count.setText("looking for checkpoints …")
        self.further = button("Look further", self._look_further)
        self.evaluate = button("Evaluate…", lambda: self._open("evaluation"))
        self.resume = button("Resume…", lambda: self._open("resume"))
        bar = beside(self.query, self.evaluate, self.resume, wide=self.query)
        bottom = beside(self.count, self.further, wide=self.count)
        below(self, bar, self.table, bottom, wide=self.table)
        self._typing = timer(self, _TYPING_MS, self._ask, single=True)
        self.query.textChanged.connect(lambda _text: self._typing.start())
        self.table.activated.connect(lambda _index: self._open("evaluation"))
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._allow())
        self._ask()

    def close_page(self) -> None:
        """Stop to look."""
        self._asked.cancel()

    def _ask(self) -> None:
        self.close_page()
        query, runs = self.query.text(), self._runs
        self.further.hide()
        self._asked = self._link.watch(
            self, lambda client: find_policies(client, query, runs), self._take, failed=self.fail
        )

    def _take(self, found: Policies) -> None:
        chosen = self._chosen()
        self.rows.show_rows(found.policies)
        paths = [each.checkpoint.path for each in found.policies]
        if chosen is not None and chosen.checkpoint.path in paths:
            self.table.setCurrentIndex(self.rows.index(paths.index(chosen.checkpoint.path), 0))
        self.count.setText(found.text)
        self.further.setVisible(found.read < found.total and found.read >= self._runs)
        self._allow()

    def _look_further(self) -> None:
        self._runs += _RUNS
        self._ask()

    def _chosen(self) -> Policy | None:
        return self.rows.at(self.table.currentIndex())

    def _allow(self) -> None:
        for each in (self.evaluate, self.resume):
            each.setEnabled(self._chosen() is not None)

    def _open(self, kind: FormKind) -> None:
        policy = self._chosen()
        if policy is not None:
            self.form_wanted.emit(kind, policy)
