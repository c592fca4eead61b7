"""The question before runs are removed: what they have, and whether an archive of it is kept."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QWidget

from gym_gui.core.worker.errors import MosaicError
from gym_gui.jobs import raised_error
from gym_gui.look import figures
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import RunState, RunSummary, WorkerSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, label
from gym_gui.ui.run.rows import Column, Table, table_of


class _Removal(NamedTuple):
    """What came of it: the removed runs, and what was refused."""

    removed: list[str]
    refused: list[str]


class ClosureDialog(QDialog):
    """Counts what runs have of each worker, then deletes or archives them.

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
        self.rows: Table[tuple[RunSummary, WorkerSummary]] = Table(_COLUMNS, self)
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
        runs, size = counted
        self.rows.show_rows([(run, worker) for run in runs for worker in run.workers])
        name = runs[0].run_name if len(runs) == 1 else f"these {len(runs)} runs"
        episodes = sum(run.episodes + run.eval_episodes for run in runs)
        steps = sum(worker.steps for run in runs for worker in run.workers)
        files = f" and {figures.size(size)} of files" if size else ""
        self.question.setText(f"Delete {name} with {episodes:,} episodes, {steps:,} steps{files}?")
        self._allow(on=True)

    def _remove(self, *, archive: bool) -> None:
        self._allow(on=False)
        self.question.setText("archiving …" if archive else "deleting …")
        self._link.ask(self, lambda client: _remove(client, self._run_ids, archive), self._end, self._fail)

    def _end(self, done: _Removal) -> None:
        self.removed.emit(done.removed)
        self._run_ids = [run_id for run_id in self._run_ids if run_id not in done.removed]
        if not done.refused:
            self.accept()
            return
        self.rows.show_rows([row for row in self.rows.rows if row[0].run_id in self._run_ids])
        self.question.setText(f"{len(self._run_ids)} runs are still there")
        self._tell("\n".join(done.refused))
        self._allow(on=True)

    def _allow(self, *, on: bool) -> None:
        self.archive.setEnabled(on)
        self.delete.setEnabled(on)

    def _tell(self, text: str) -> None:
        self.message.setText(text)
        self.message.show()

    def _fail(self, error: MosaicError) -> None:
        self.question.setText("the runs cannot be counted")
        self._tell(str(error))


async def _count(client: AsyncTrainerClient, run_ids: list[str]) -> tuple[list[RunSummary], int]:
    """Return the runs as they stand, and of a single one the bytes of its files."""
    runs = await asyncio.gather(*map(client.get, run_ids))
    listing = await client.files(run_ids[0], recursive=True) if len(run_ids) == 1 else None
    return list(runs), sum(entry.bytes for entry in listing.entries) if listing else 0


async def _remove(client: AsyncTrainerClient, run_ids: list[str], archive: bool) -> _Removal:
    """Remove runs one after the other; a refusal stops none of the others."""
    done = _Removal([], [])
    for run_id in run_ids:
        try:
            await (_archive if archive else AsyncTrainerClient.delete)(client, run_id)
        except MosaicError as error:  # noqa: PERF203 - each by itself
            done.refused.append(f"{run_id}: {error.what}{f' ({error.why})' if error.why else ''}")
        else:
            done.removed.append(run_id)
    return done


async def _archive(client: AsyncTrainerClient, run_id: str) -> None:
    """Archive a run, and wait until that is done."""
    job = await client.start_job("archive", run_id)
    async for changed in client.watch_jobs([job.job_id]):
        job = changed
    if job.state is not RunState.COMPLETED:
        raise raised_error(job.error) if job.error else MosaicError(f"the archive was not written: {job.note}")


_COLUMNS: tuple[Column, ...] = (
    Column("Run", lambda row: row[0].run_name, 190),
    Column("Worker", lambda row: row[1].worker_id, 90),
    Column("Episodes", lambda row: figures.count(row[1].episodes), number=True),
    Column("Evaluation", lambda row: figures.count(row[1].eval_episodes), number=True),
    Column("Steps", lambda row: figures.count(row[1].steps), number=True),
)
