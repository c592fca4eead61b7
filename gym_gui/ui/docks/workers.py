"""The workers: installed, broken, or to be installed; jobs of the daemon change that."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget

from gym_gui.app import WORKER_ENTRY_COLUMNS, WorkerEntry, WorkerJobs, merged_jobs, watch_all_jobs, worker_entries
from gym_gui.core.worker.errors import MosaicError
from gym_gui.jobs import Job
from gym_gui.look import figures
from gym_gui.ui.docks.job_log import JobLog
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.part import Part
from gym_gui.ui.parts import below, beside, button, entry, label, splitter, warning
from gym_gui.ui.run.rows import Table, table_of


class WorkersPanel(Part):
    """The workers of the daemon's machine.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    chosen = Signal(str)
    """A run of a worker is to be started: its name."""

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(link, parent)
        self._jobs = WorkerJobs()
        self.entries: Table[WorkerEntry] = Table(WORKER_ENTRY_COLUMNS, self)
        self.table = table_of(self.entries, "Workers")
        self.about = label(tone="muted", wrap=True, selectable=True)
        self.message = label(tone="problem", wrap=True, selectable=True, hidden=True)
        self.job = JobLog(link)
        self.name, self.origin = (entry(text, text) for text in ("another worker", "where from"))
        actions: dict[str, Callable[[], object]] = {
            "Train…": self._train, "Install": lambda: self._start("install"), "Check": lambda: self._start("check"),
            "Remove…": self._remove, "Copy command": self._copy,
        }  # fmt: skip
        self.buttons = {name: button(name, act) for name, act in actions.items()}
        self._other = button("Install", self._install_other)
        self._lay_out()
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_chosen())
        self.table.activated.connect(lambda _index: self._train())
        self.name.textChanged.connect(lambda text: self._other.setEnabled(bool(text.strip())))
        self.origin.returnPressed.connect(self._install_other)
        self._show_chosen()

    def appear(self) -> None:
        """Ask while it can be seen."""
        self._load()
        self.watch(watch_all_jobs, self._take_jobs, merged_jobs)

    @property
    def entry(self) -> WorkerEntry | None:
        """The chosen worker."""
        return self.entries.at(self.table.currentIndex())

    def _load(self) -> None:
        self.ask(worker_entries, self._take)

    def _take(self, entries: list[WorkerEntry]) -> None:
        if entries == self.entries.rows:
            return
        name = self.entry.name if self.entry is not None else ""
        self.entries.show_rows(entries)
        row = next((at for at, each in enumerate(entries) if each.name == name), 0)
        self.table.setCurrentIndex(self.entries.index(row, 0))
        self._show_chosen()

    def _take_jobs(self, jobs: dict[str, Job]) -> None:
        if self._jobs.take(jobs):
            self._load()
        shown = self._jobs.shown(self.job.job.job_id if self.job.job is not None else "")
        if shown is not None:
            self.job.show_job(shown)
        self._show_chosen()

    def _show_chosen(self) -> None:
        entry = self.entry
        can = entry.actions(busy=self._jobs.busy) if entry is not None else ()
        for name, each in self.buttons.items():
            each.setEnabled(name in can)
        self.buttons["Install"].setText("Install again" if entry is not None and entry.installed else "Install")
        self.buttons["Copy command"].setVisible("Copy command" in can)
        self.about.setText(entry.about if entry is not None else "")
        self._say(entry.problem if entry is not None else "")

    def _say(self, problem: str) -> None:
        self.message.setText(problem)
        self.message.setVisible(bool(problem))

    def fail(self, error: MosaicError) -> None:
        self._say(str(error))

    def _train(self) -> None:
        if self.entry is not None and self.buttons["Train…"].isEnabled():
            self.chosen.emit(self.entry.name)

    def _start(self, kind: str, name: str = "", options: dict[str, str] | None = None) -> None:
        subject = name or (self.entry.name if self.entry is not None else "")
        self.ask(lambda client: client.start_job(kind, subject, options), self._begun)

    def _begun(self, job: Job) -> None:
        self.job.show_job(self._jobs.by_id.setdefault(job.job_id, job))
        self._show_chosen()

    def _remove(self) -> None:
        entry = self.entry
        if entry is None:
            return
        details = f"{figures.size(entry.size)} are freed; runs and their files stay."
        box = warning(self, "Remove worker", f"Remove the environment of {entry.name}?", details)
        box.setStandardButtons(QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel)
        box.button(QMessageBox.StandardButton.Discard).setText("Remove")
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        agreed = QMessageBox.StandardButton.Discard.value
        box.finished.connect(lambda button: self._start("remove", entry.name) if button == agreed else None)
        box.open()

    def _copy(self) -> None:
        if self.entry is not None:
            QGuiApplication.clipboard().setText(self.entry.fix)

    def _install_other(self) -> None:
        name, origin = self.name.text().strip(), self.origin.text().strip()
        if name:
            self._start("install", name, {"origin": origin} if origin else None)

    def _lay_out(self) -> None:
        self._other.setEnabled(False)
        self._other.setAccessibleName("Install another worker")
        above = QWidget()
        buttons = beside(*self.buttons.values())
        other = beside(self.name, self.origin, self._other, wide=self.origin)
        below(above, self.table, self.about, self.message, buttons, other, wide=self.table, margins=False)
        split = splitter(Qt.Orientation.Vertical, above, self.job)
        split.setChildrenCollapsible(False)
        below(self, split)
