"""The files of a run: what there is, a look into it, and a copy."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QPushButton,
    QStackedWidget,
    QWidget,
)

from gym_gui.app import FILE_COLUMNS
from gym_gui.core.terminal_text import escape_lines
from gym_gui.look import figures
from gym_gui.reading import FileEntry, FileListing
from gym_gui.rpc import copy_file, first_bytes
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, beside, entry, read_only_text, splitter
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.picture import PictureView
from gym_gui.ui.run.rows import Table, table_of

#: Bytes of a text, and of a picture, that are looked into.
_TEXT_BYTES, _PICTURE_BYTES = 256 << 10, 16 << 20
_TEXTS = (".json", ".jsonl", ".log", ".txt", ".csv", ".yaml", ".yml", ".toml", ".py", ".md", ".asl", ".lock")


class Files(RunPart):
    """The files of a run."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._all: list[FileEntry] = []
        self.filter = entry("Filter, e.g. checkpoints/", "Filter files")
        self.reload, self.save = QPushButton("Reload"), QPushButton("Save as…")
        self.entries: Table[FileEntry] = Table(FILE_COLUMNS, self)
        self.table = table_of(self.entries, "Files")
        self.text, self.picture = read_only_text("Content of the file"), PictureView("The picture")
        self.content = QStackedWidget()
        self.content.addWidget(self.picture)
        self.content.addWidget(self.text)
        bar = beside(self.filter, self.reload, self.save, wide=self.filter)
        split = splitter(Qt.Orientation.Horizontal, self.table, self.content)
        below(self, bar, self.message, split)
        self.save.setEnabled(False)
        self.filter.textChanged.connect(lambda _text: self._list())
        self.reload.clicked.connect(self._read)
        self.save.clicked.connect(self._save)
        self.table.selectionModel().currentRowChanged.connect(lambda index, _old: self._open(index.row()))

    def appear(self) -> None:
        """Read when this comes into view."""
        self._read()

    def chosen(self) -> FileEntry | None:
        """Return the selected file."""
        return self.entries.at(self.table.currentIndex())

    def _read(self) -> None:
        self.ask(lambda client: client.files(self._run_id, recursive=True), self._take)

    def _take(self, listing: FileListing) -> None:
        self._all = [entry for entry in listing.entries if entry.kind == "file"]
        self._list()
        if listing.truncated:
            self.message.setText(f"{self.message.text()}; there are more than can be listed")

    def _list(self) -> None:
        word = self.filter.text().strip().casefold()
        found = [entry for entry in self._all if word in entry.path.casefold()]
        self.entries.show_rows(found)
        whole = sum(entry.bytes for entry in found)
        self.message.setText(
            f"{len(found):,} files, {figures.size(whole)}" if found else "no file has this in its name"
        )
        self.save.setEnabled(False)

    def _open(self, row: int) -> None:
        entry = self.chosen()
        self.save.setEnabled(entry is not None)
        if entry is None or row < 0:
            return
        if entry.media_type.startswith("image/") and entry.bytes <= _PICTURE_BYTES:
            self._show(entry, entry.bytes, self._show_picture)
        elif entry.media_type.startswith("text/") or entry.path.endswith(_TEXTS):
            self._show(entry, _TEXT_BYTES, self._show_text)
        else:
            self.content.setCurrentWidget(self.picture)
            self.picture.show_text(
                f"{figures.size(entry.bytes)} of {entry.media_type or 'unknown kind'}: save it to open it"
            )

    def _show(self, entry: FileEntry, length: int, show: Callable[[bytes], None]) -> None:
        def take(data: bytes) -> None:
            if self.chosen() is entry:
                show(data)

        self._link.ask(self, lambda client: first_bytes(client, self._run_id, entry.path, length), take, self.fail)

    def _show_picture(self, data: bytes) -> None:
        self.content.setCurrentWidget(self.picture)
        self.picture.show_picture(data)

    def _show_text(self, data: bytes) -> None:
        entry = self.chosen()
        cut = entry is not None and entry.bytes > len(data)
        self.text.setPlainText(escape_lines(data.decode("utf-8", "replace")) + ("\n… the rest: Save as" if cut else ""))
        self.content.setCurrentWidget(self.text)

    def _save(self) -> None:
        entry = self.chosen()
        if entry is None:
            return
        name, _ = QFileDialog.getSaveFileName(self, "Save as", entry.path.rpartition("/")[2])
        if name:
            self.copy_to(entry, Path(name))

    def copy_to(self, entry: FileEntry, target: Path) -> None:
        """Copy a file of the run; it appears under its name once all of it is there."""
        self.message.setText(f"copying {entry.path} …")
        self._link.ask(
            self,
            lambda client: copy_file(client, self._run_id, entry.path, target),
            lambda size: self.message.setText(f"saved {target}, {figures.size(size)}"),
            self.fail,
        )
