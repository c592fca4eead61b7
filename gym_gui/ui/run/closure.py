"""The question before runs are removed: what they have, and whether an archive of it is kept."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QWidget

from gym_gui.app import CLOSURE_COLUMNS, Closure, closure_of, refusals_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc import AsyncTrainerClient, archive_run, for_each_run
from gym_gui.runs import RunSummary, WorkerSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, label
from gym_gui.ui.run.rows import Table, table_of


class ClosureDialog(QDialog):
    """Counts what runs have of each worker, then deletes or archives those that have ended.

    Args:
        link: The way to the daemon.
        run_ids: The runs.
        parent: As of any widget.
    """

    removed = Signal(list)
    """These runs do not exist any more: their ids."""

    def __init__(self, link: DaemonLink, run_ids: list[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link, self._run_ids = link, list(run_ids)
        self.setWindowTitle("Delete run" if len(run_ids) == 1 else f"Delete {len(run_ids)} runs")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(620, 320)
        self.question = label("counting …", tone="title", wrap=True)
        self.explanation = label(
            "Delete removes all files for good. Archive writes them to a file in the home first and compares it;"
            " `mosaic runs restore` brings the runs back.",
            wrap=True,
        )
        self.rows: Table[tuple[RunSummary, WorkerSummary]] = Table(CLOSURE_COLUMNS, self)
        self.table = table_of(self.rows, "What the runs have of each worker")
        self.message = label(tone="problem", wrap=True, hidden=True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.archive = buttons.addButton("Archive", QDialogButtonBox.ButtonRole.ActionRole)
        self.delete = buttons.addButton("Delete", QDialogButtonBox.ButtonRole.DestructiveRole)
        self.cancel = buttons.button(QDialogButtonBox.StandardButton.Cancel)
        below(self, self.question, self.table, self.explanation, self.message, buttons, wide=self.table)
        for button in (self.archive, self.delete):
            button.setAutoDefault(False)
            button.setEnabled(False)
        self.cancel.setDefault(True)
        self.cancel.setFocus()
        buttons.rejected.connect(self.reject)
        self.archive.clicked.connect(lambda: self._remove(archive=True))
        self.delete.clicked.connect(lambda: self._remove(archive=False))
        link.ask(self, lambda client: closure_of(client, self._run_ids), self._show, self._fail)

    def _show(self, closure: Closure) -> None:
        self._run_ids = [run.run_id for run in closure.runs]
        self._tell(closure.note)
        self.rows.show_rows(closure.rows)
        self.question.setText(closure.question)
        self._allow(on=bool(closure.runs))

    def _remove(self, *, archive: bool) -> None:
        self._allow(on=False)
        self.question.setText("archiving …" if archive else "deleting …")
        act = archive_run if archive else AsyncTrainerClient.delete
        self._link.ask(self, lambda client: for_each_run(client, self._run_ids, act), self._end, self._fail)

    def _end(self, refused: dict[str, MosaicError]) -> None:
        self.removed.emit([run_id for run_id in self._run_ids if run_id not in refused])
        if not refused:
            self.accept()
            return
        self._run_ids = list(refused)
        self.rows.show_rows([row for row in self.rows.rows if row[0].run_id in refused])
        self.question.setText(f"{len(refused)} runs are still there")
        self._tell(refusals_text(refused))
        self._allow(on=True)

    def _allow(self, *, on: bool) -> None:
        self.archive.setEnabled(on)
        self.delete.setEnabled(on)

    def _tell(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def _fail(self, error: MosaicError) -> None:
        self.question.setText("nothing was removed")
        self._tell(str(error))
