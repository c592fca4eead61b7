"""The logs of a run: followed, searched, by worker, attempt, level, component and log code."""

from __future__ import annotations

from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QCheckBox, QWidget

from gym_gui.app import LOG_LEVELS, LOG_STREAMS, LogChunk, log_note, read_logs
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import Failure, LogPage, LogQuery
from gym_gui.runs import RunState, RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, beside, button, choice, entry, offer, read_only_text, timer
from gym_gui.ui.run.part import RunPart

#: Lines of a page, lines that are kept, milliseconds between two looks and after the last key.
_PAGE, _KEPT, _EVERY_MS, _TYPING_MS = 500, 20_000, 1000, 200


class Logs(RunPart):
    """The logs of a run."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._ends: dict[str, int] = {}
        """By stream: how far it is read; empty: not at all."""
        self._again = False
        self._typing = timer(self, _TYPING_MS, self._begin, single=True)
        self.attempt = choice("Attempt", (), self._begin)
        self.attempt.hide()
        self.worker = choice("Worker", (), self._change_worker)
        self.worker.hide()
        self.stream = choice("Which output", LOG_STREAMS, self._begin)
        self.level = choice("Level", LOG_LEVELS, self._begin)
        self.pattern = entry("Regular expression", "Search the log", self._typing.start)
        self.component = entry("Component", "Only records of this component", self._typing.start)
        self.code = entry("Code, e.g. LOG431", "Only records with this log code", self._typing.start)
        self.failure = button("Go to the failure", self._find_failure)
        self.failure.hide()
        self.follow = QCheckBox("Follow")
        self.follow.setChecked(True)
        self.text = read_only_text("Log")
        self.text.setMaximumBlockCount(_KEPT)
        first = beside(self.stream, self.worker, self.attempt, self.level, self.failure, self.follow)
        second = beside(self.pattern, self.component, self.code, wide=self.pattern)
        below(self, first, second, self.message, self.text)
        self._lines = (self.pattern, self.component, self.code)
        self._boxes = (self.stream, self.worker, self.attempt, self.level)
        self._timer = self.every(_EVERY_MS, self._read)

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands."""
        offer(self.worker, [worker.worker_id for worker in run.workers])
        self.failure.setVisible(run.state in (RunState.FAILED, RunState.LOST))
        super().show_run(run)

    def run_ended(self) -> None:
        """Read the last lines."""
        self._again = self._asked.pending
        self._read()

    def _change_worker(self) -> None:
        offer(self.attempt, [])
        self._begin()

    def _begin(self, ends: dict[str, int] | None = None) -> None:
        """Show another part of the logs: from some bytes on, or the last lines."""
        self._asked.cancel()
        self._ends = ends or {}
        self.text.clear()
        if self.isVisible():
            self._read()
            if self._active:
                self._timer.start()

    def _read(self) -> None:
        if self._asked.pending:
            return
        query = LogQuery(
            stream=LOG_STREAMS[self.stream.currentText()],
            worker_id=self.worker.currentText() if self.worker.count() > 1 else "",
            attempt=int(self.attempt.currentData() or 0),
            limit=_PAGE,
            pattern=self.pattern.text(),
            level=LOG_LEVELS[self.level.currentText()],
            component=self.component.text().strip(),
            code=self.code.text().strip(),
        )
        ends, active = self._ends, self._active
        self._asked = self.ask(lambda client: read_logs(client, self._run_id, query, ends, active=active), self._take)

    def _take(self, found: LogChunk) -> None:
        if self._follow_attempt(found.page):
            return
        if found.text:
            bar = self.text.verticalScrollBar()
            place = bar.value()
            self.text.appendPlainText(found.text)
            if self.follow.isChecked():
                self.text.moveCursor(QTextCursor.MoveOperation.End)
                self.text.moveCursor(QTextCursor.MoveOperation.StartOfLine)
            else:
                bar.setValue(place)
        first, self._ends = not self._ends, found.ends
        filtered = any(line.text() for line in self._lines) or bool(self.level.currentIndex())
        empty = self.text.document().isEmpty()
        self.message.setText(log_note(found.page, empty=empty, filtered=filtered, first=first, active=self._active))
        if found.more or self._again:
            self._again = False
            self._read()

    def _follow_attempt(self, page: LogPage) -> bool:
        """Offer the attempts; go on with one that began meanwhile, and return whether that is so."""
        last = self.attempt.itemData(self.attempt.count() - 1)
        follows = self.follow.isChecked() and last == page.attempt and page.attempts[-1:] > [page.attempt]
        chosen = page.attempts[-1] if follows else page.attempt
        offer(self.attempt, [f"attempt {number}" for number in page.attempts], page.attempts, chosen)
        if follows:
            self._begin()
        return follows

    def _find_failure(self) -> None:
        self.ask(lambda client: client.find_failure(self._run_id), self._go_to)

    def _go_to(self, failure: Failure) -> None:
        """Show the log from the line on that says why the run failed."""
        if not failure.kind:
            self.message.setText("nothing was printed that says why it failed")
            return
        for box in self._boxes:
            box.blockSignals(True)
        self.stream.setCurrentText(next(text for text, name in LOG_STREAMS.items() if name == failure.stream))
        self.worker.setCurrentText(failure.worker_id)
        offer(self.attempt, [f"attempt {failure.attempt}"], [failure.attempt], failure.attempt)
        self.level.setCurrentIndex(0)
        for box in self._boxes:
            box.blockSignals(False)
        for line in self._lines:
            line.clear()
        self._typing.stop()
        self.follow.setChecked(False)
        self._begin({failure.stream: failure.offset})

    def fail(self, error: MosaicError) -> None:
        self.pause()
        self.message.setText(str(error))
