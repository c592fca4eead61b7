"""The question before runs are removed: what they have, and whether an archive of it is kept."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QWidget

from gym_gui.app import CLOSURE_COLUMNS, closure_question
from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc import AsyncTrainerClient, archive_run, find_runs, for_each_run
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
        link.ask(self, lambda client: _count(client, self._run_ids), self._show, self._fail)

    def _show(self, counted: tuple[list[RunSummary], int]) -> None:
        found, size = counted
        runs = [run for run in found if run.state.terminal]
        self._run_ids = [run.run_id for run in runs]
        if len(runs) < len(found):
            self._tell(f"{len(found) - len(runs)} of them have not ended, and stay: cancel them first")
        self.rows.show_rows([(run, worker) for run in runs for worker in run.workers])
        self.question.setText(closure_question(runs, size))
        self._allow(on=bool(runs))

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
        self._tell("\n".join(f"…{run_id[-6:]}: {error}" for run_id, error in refused.items()))
        self._allow(on=True)

    def _allow(self, *, on: bool) -> None:
        self.archive.setEnabled(on)
        self.delete.setEnabled(on)

    def _tell(self, text: str) -> None:
        self.message.setText(text)
        self.message.show()

    def _fail(self, error: MosaicError) -> None:
        self.question.setText("nothing was removed")
        self._tell(str(error))


async def _count(client: AsyncTrainerClient, run_ids: list[str]) -> tuple[list[RunSummary], int]:
    """Return the runs as they stand, and of a single one the bytes of its files."""
    listing = await client.files(run_ids[0], recursive=True) if len(run_ids) == 1 else None
    return await find_runs(client, run_ids), sum(entry.bytes for entry in listing.entries) if listing else 0
