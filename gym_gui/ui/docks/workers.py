"""The workers: installed, broken, or to be installed; jobs of the daemon change that."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QLineEdit, QMessageBox, QPushButton, QWidget

from gym_gui.app import WorkerEntry, worker_entries
from gym_gui.core.worker.errors import MosaicError
from gym_gui.jobs import Job
from gym_gui.look import figures
from gym_gui.ui.docks.job_log import JobLog, all_jobs, merged_jobs
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, beside, label, splitter
from gym_gui.ui.run.rows import Column, Table, table_of

_KINDS = ("install", "remove", "check")


_COLUMNS = (
    Column("Worker", lambda each: each.title, 105),
    Column("State", lambda each: each.standing, 110),
    Column("Version", lambda each: each.version or figures.NOTHING, 60),
    Column("Size", lambda each: figures.size(each.size), 70, number=True),
)


class WorkersPanel(QWidget):
    """The workers of the daemon's machine.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    chosen = Signal(str)
    """A run of a worker is to be started: its name."""

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._watch: Asked | None = None
        self._jobs: dict[str, Job] = {}
        self.entries: Table[WorkerEntry] = Table(_COLUMNS, self)
        self.table = table_of(self.entries, "Workers")
        self.about = label(tone="muted", wrap=True, selectable=True)
        self.problem = label(tone="problem", wrap=True, selectable=True, hidden=True)
        self.job = JobLog(link)
        self.name, self.origin = QLineEdit(), QLineEdit()
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

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Ask while it can be seen."""
        super().showEvent(event)
        self._load()
        self._watch = self._link.watch(self, all_jobs, self._take_jobs, merge=merged_jobs)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - as Qt names it
        """Ask no more."""
        super().hideEvent(event)
        if self._watch is not None:
            self._watch.cancel()

    @property
    def entry(self) -> WorkerEntry | None:
        """The chosen worker."""
        row = self.table.currentIndex().row()
        return self.entries.rows[row] if 0 <= row < len(self.entries.rows) else None

    def _load(self) -> None:
        self._link.ask(self, worker_entries, self._take, self._fail)

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
        usable = entry is not None and entry.installed and not entry.broken
        can = {
            "Train…": usable, "Check": usable and not busy, "Copy command": entry is not None and bool(entry.fix),
            "Install": entry is not None and not busy and (not entry.installed or entry.own),
            "Remove…": entry is not None and not busy and entry.own,
        }  # fmt: skip
        for name, button in self.buttons.items():
            button.setEnabled(can[name])
        self.buttons["Install"].setText("Install again" if entry is not None and entry.installed else "Install")
        self.buttons["Copy command"].setVisible(can["Copy command"])
        self.about.setText(entry.about if entry is not None else "")
        problem = f"{entry.broken}\nFix it with: {entry.fix}" if entry is not None and entry.broken else ""
        self._say(problem)

    def _say(self, problem: str) -> None:
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def _fail(self, error: MosaicError) -> None:
        self._say(str(error))

    def _train(self, _index: QModelIndex | bool = False) -> None:
        if self.entry is not None and self.buttons["Train…"].isEnabled():
            self.chosen.emit(self.entry.name)

    def _start(self, kind: str, name: str = "", options: dict[str, str] | None = None) -> None:
        subject = name or (self.entry.name if self.entry is not None else "")
        self._link.ask(self, lambda client: client.start_job(kind, subject, options), self._begun, self._fail)

    def _begun(self, job: Job) -> None:
        self._jobs[job.job_id] = self._jobs.get(job.job_id, job)
        self.job.show_job(self._jobs[job.job_id])
        self._show_chosen()

    def _remove(self) -> None:
        entry = self.entry
        if entry is None:
            return
        box = QMessageBox(
            QMessageBox.Icon.Warning, "Remove worker", f"Remove the environment of {entry.name}?", parent=self
        )
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setInformativeText(f"{figures.size(entry.size)} are freed; runs and their files stay.")
        box.setStandardButtons(QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel)
        box.button(QMessageBox.StandardButton.Discard).setText("Remove")
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
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
        for box, text in (
            (self.name, "another worker"),
            (self.origin, "where from"),
        ):
            box.setPlaceholderText(text)
            box.setAccessibleName(text)
        self._other.setEnabled(False)
        self._other.setAccessibleName("Install another worker")
        above = QWidget()
        buttons = beside(*self.buttons.values())
        other = beside(self.name, self.origin, self._other, wide=self.origin)
        below(above, self.table, self.about, self.problem, buttons, other, wide=self.table, margins=False)
        split = splitter(Qt.Orientation.Vertical, above, self.job)
        split.setChildrenCollapsible(False)
        below(self, split)
