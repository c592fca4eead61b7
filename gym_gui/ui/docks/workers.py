"""The workers: installed, broken, or to be installed; jobs of the daemon change that."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget

from gym_gui.app import WORKER_ENTRY_COLUMNS, WorkerEntry, merged_jobs, watch_all_jobs, worker_entries
from gym_gui.core.worker.errors import MosaicError
from gym_gui.jobs import Job
from gym_gui.look import figures
from gym_gui.ui.docks.job_log import JobLog
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.part import Part
from gym_gui.ui.parts import below, beside, entry, label, splitter, warning
from gym_gui.ui.run.rows import Table, table_of

_KINDS = ("install", "remove", "check")


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
        self._jobs: dict[str, Job] = {}
        self.entries: Table[WorkerEntry] = Table(WORKER_ENTRY_COLUMNS, self)
        self.table = table_of(self.entries, "Workers")
        self.about = label(tone="muted", wrap=True, selectable=True)
        self.message = label(tone="problem", wrap=True, selectable=True, hidden=True)
        self.job = JobLog(link)
        self.name, self.origin = (entry(text, text) for text in ("another worker", "where from"))
        self.buttons = {name: QPushButton(name) for name in ("Train…", "Install", "Check", "Remove…", "Copy command")}
        self._other = QPushButton("Install")
        self._lay_out()
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_chosen())
        self.table.activated.connect(self._train)
        self.buttons["Train…"].clicked.connect(self._train)
        self.buttons["Install"].clicked.connect(lambda: self._start("install"))
        self.buttons["Check"].clicked.connect(lambda: self._start("check"))
        self.buttons["Remove…"].clicked.connect(self._remove)
        self.buttons["Copy command"].clicked.connect(self._copy)
        self.name.textChanged.connect(lambda text: self._other.setEnabled(bool(text.strip())))
        self.origin.returnPressed.connect(self._install_other)
        self._other.clicked.connect(self._install_other)
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
        known = self._jobs
        self._jobs = {**known, **{each.job_id: each for each in jobs.values() if each.kind in _KINDS}}
        ended = [each for each in jobs.values() if each.state.terminal and each.job_id in known]
        if any(not known[each.job_id].state.terminal for each in ended):
            self._load()
        going = [each for each in self._jobs.values() if not each.state.terminal]
        shown = self._jobs.get(self.job.job.job_id) if self.job.job is not None else None
        if going or shown is not None:
            self.job.show_job(shown if shown is not None and (not going or shown in going) else going[-1])
        self._show_chosen()

    def _show_chosen(self) -> None:
        entry = self.entry
        busy = any(not job.state.terminal for job in self._jobs.values())
        can = entry.actions(busy=busy) if entry is not None else ()
        for name, button in self.buttons.items():
            button.setEnabled(name in can)
        self.buttons["Install"].setText("Install again" if entry is not None and entry.installed else "Install")
        self.buttons["Copy command"].setVisible("Copy command" in can)
        self.about.setText(entry.about if entry is not None else "")
        self._say(entry.problem if entry is not None else "")

    def _say(self, problem: str) -> None:
        self.message.setText(problem)
        self.message.setVisible(bool(problem))

    def fail(self, error: MosaicError) -> None:
        self._say(str(error))

    def _train(self, _index: QModelIndex | bool = False) -> None:
        if self.entry is not None and self.buttons["Train…"].isEnabled():
            self.chosen.emit(self.entry.name)

    def _start(self, kind: str, name: str = "", options: dict[str, str] | None = None) -> None:
        subject = name or (self.entry.name if self.entry is not None else "")
        self.ask(lambda client: client.start_job(kind, subject, options), self._begun)

    def _begun(self, job: Job) -> None:
        self._jobs[job.job_id] = self._jobs.get(job.job_id, job)
        self.job.show_job(self._jobs[job.job_id])
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
