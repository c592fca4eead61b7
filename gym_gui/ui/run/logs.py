"""The logs of a run: followed, searched, by worker and attempt."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent, QTextCursor
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from gym_gui.app import readable_line
from gym_gui.core.terminal_text import escape_lines
from gym_gui.core.worker.errors import MosaicError
from gym_gui.look import figures
from gym_gui.reading import LogPage, LogQuery
from gym_gui.runs import RunSummary
from gym_gui.ui.link import Asked, DaemonLink
from gym_gui.ui.parts import choice, label, read_only_text

#: Lines of a page, lines that are kept, milliseconds between two looks and after the last key.
_PAGE, _KEPT, _EVERY_MS, _TYPING_MS = 500, 20_000, 1000, 200
_STREAMS = {
    "program output": "output", "error output": "stderr", "supervisor": "supervisor", "output and telemetry": "stdout",
}  # fmt: skip
_LEVELS = {"all lines": "", "warnings and errors": "warning", "errors": "error"}


class Logs(QWidget):
    """The logs of a run.

    Args:
        link: The way to the daemon.
        run_id: The run.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._run_id = run_id
        self._asked: Asked | None = None
        self._end: int | None = None
        self._active = True
        self.stream = choice("Which output", _STREAMS)
        self.worker = choice("Worker", ())
        self.worker.hide()
        self.level = choice("Level", _LEVELS)
        self.pattern = QLineEdit()
        self.pattern.setPlaceholderText("Regular expression")
        self.pattern.setClearButtonEnabled(True)
        self.pattern.setAccessibleName("Search the log")
        self.follow = QCheckBox("Follow")
        self.follow.setChecked(True)
        self.message = label(tone="muted", wrap=True)
        self.text = read_only_text("Log")
        self.text.setMaximumBlockCount(_KEPT)
        bar = QHBoxLayout()
        for widget in (self.stream, self.worker, self.level, self.pattern, self.follow):
            bar.addWidget(widget, 1 if widget is self.pattern else 0)
        layout = QVBoxLayout(self)
        layout.addLayout(bar)
        layout.addWidget(self.message)
        layout.addWidget(self.text, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self._read)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self._begin)
        for box in (self.stream, self.worker, self.level):
            box.currentTextChanged.connect(lambda _text: self._begin())
        self.pattern.textChanged.connect(lambda _text: self._typing.start())

    def show_run(self, run: RunSummary) -> None:
        """Take note of a run as it stands."""
        names = [worker.worker_id for worker in run.workers]
        if [self.worker.itemText(at) for at in range(self.worker.count())] != names:
            self.worker.blockSignals(True)
            self.worker.clear()
            self.worker.addItems(names)
            self.worker.blockSignals(False)
            self.worker.setVisible(len(names) > 1)
        self._active = not run.state.terminal
        if not self._active and self._timer.isActive():
            self._timer.stop()
            self._read()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Read when this comes into view."""
        super().showEvent(event)
        if self._end is None:
            self._begin()
        elif self._active:
            self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - as Qt names it
        """Do not read what is not seen."""
        super().hideEvent(event)
        self._timer.stop()

    def _begin(self) -> None:
        """Show another part of the logs."""
        if self._asked is not None:
            self._asked.cancel()
            self._asked = None
        self._end = None
        self.text.clear()
        if self.isVisible():
            self._read()
            if self._active:
                self._timer.start()

    def _read(self) -> None:
        if self._asked is not None:
            return
        query = LogQuery(
            stream=_STREAMS[self.stream.currentText()],
            worker_id=self.worker.currentText() if self.worker.count() > 1 else "",
            after=self._end,
            limit=_PAGE,
            pattern=self.pattern.text(),
            level=_LEVELS[self.level.currentText()],
        )
        self._asked = self._link.ask(self, lambda client: client.read_log(self._run_id, query), self._take, self._fail)

    def _take(self, page: LogPage) -> None:
        self._asked = None
        whole = [line for line in page.lines if not line.partial]
        if whole:
            readable = self.stream.currentText() == "supervisor"
            text = "\n".join(escape_lines(readable_line(line.text) if readable else line.text) for line in whole)
            bar = self.text.verticalScrollBar()
            place = bar.value()
            self.text.appendPlainText(text)
            if self.follow.isChecked():
                self.text.moveCursor(QTextCursor.MoveOperation.End)
                self.text.moveCursor(QTextCursor.MoveOperation.StartOfLine)
            else:
                bar.setValue(place)
        partial = page.lines[-1] if page.lines and page.lines[-1].partial else None
        behind = page.end if partial is None else partial.offset
        more = self._end is not None and behind > self._end and len(page.lines) >= _PAGE
        self._end = behind
        self.message.setText(self._about(page))
        if more:
            self._read()

    def _about(self, page: LogPage) -> str:
        if page.dropped is not None:
            return f"this log was deleted after the run had ended: it had {page.dropped.lines:,} lines"
        if not self.text.toPlainText():
            return self._nothing()
        earlier = "; earlier lines are in the file" if page.start and self._end is None else ""
        return f"{figures.size(page.size)}{earlier}"

    def _nothing(self) -> str:
        if self.pattern.text() or self.level.currentIndex():
            return "no line matches"
        return "nothing was printed yet" if self._active else "nothing was printed"

    def _fail(self, error: MosaicError) -> None:
        self._asked = None
        self._timer.stop()
        self.message.setText(str(error))
