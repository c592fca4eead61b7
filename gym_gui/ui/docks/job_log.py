"""A job of the daemon: how it stands, and its log as it grows."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from gym_gui.app import state_text
from gym_gui.core.terminal_text import escape_lines
from gym_gui.jobs import Job, JobEvent, event_text, outcome_text
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import below, beside, button, label, read_only_text, set_tone

_LINES = 2000


class JobLog(QWidget):
    """One job at a time.

    Args:
        link: The way to the daemon.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self.job: Job | None = None
        self._known = 0
        self._reading = Asked()
        self.head = label(tone="title", wrap=True)
        self.note = label(wrap=True, selectable=True)
        self.stop = button("Cancel", self._cancel)
        self.text = read_only_text("Log of the job", wrap=True)
        self.text.setMaximumBlockCount(_LINES)
        below(self, beside(self.head, self.stop, wide=self.head), self.note, self.text, margins=False)
        self.hide()

    def show_job(self, job: Job) -> None:
        """Show a job as it stands."""
        if self.job is None or self.job.job_id != job.job_id:
            self.text.clear()
            self._known = 0
        self.job = job
        self.show()
        self.head.setText(f"{state_text(job.state.value)}: {job.title}")
        self.stop.setVisible(not job.state.terminal)
        self.stop.setEnabled(True)
        failed = job.error is not None
        set_tone(self.note, "problem" if failed else "muted")
        self.note.setText(outcome_text(job) if job.state.terminal else job.step)
        self._read()

    def _read(self) -> None:
        job = self.job
        if job is None or self._reading.pending or self._known >= job.events:
            return
        after = self._known

        def take(found: tuple[Job, list[JobEvent]]) -> None:
            if self.job is not None and self.job.job_id == job.job_id:
                for event in found[1]:
                    self.text.appendPlainText(escape_lines(event_text(event)))
                self._known = max([self._known, *(event.number for event in found[1])])
            if found[1]:
                self._read()

        self._reading = self._link.ask(
            self, lambda client: client.read_job(job.job_id, after=after), take, lambda _error: None
        )  # the next change of the job tries again

    def _cancel(self) -> None:
        job = self.job
        if job is not None:
            self.stop.setEnabled(False)
            self._link.ask(self, lambda client: client.cancel_job(job.job_id), self.show_job)
