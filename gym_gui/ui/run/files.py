"""The files of a run: what there is, a look into it, and a copy."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QStackedWidget, QWidget

from gym_gui.app import FILE_COLUMNS, files_text, matching_files, preview_of, preview_text
from gym_gui.look import figures
from gym_gui.reading import FileEntry, FileListing
from gym_gui.rpc import copy_file, first_bytes
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, beside, button, entry, read_only_text, splitter
from gym_gui.ui.run.part import RunPart
from gym_gui.ui.run.picture import PictureView
from gym_gui.ui.run.rows import Table, table_of


class Files(RunPart):
    """The files of a run."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._listing = FileListing(entries=[])
        self.filter = entry("Filter, e.g. checkpoints/", "Filter files", self._list)
        self.reload, self.save = button("Reload", self.appear), button("Save as…", self._save)
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
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._open())

    def appear(self) -> None:
        """Read when this comes into view."""
        self.ask(lambda client: client.files(self._run_id, recursive=True), self._take)

    def chosen(self) -> FileEntry | None:
        """Return the selected file."""
        return self.entries.at(self.table.currentIndex())

    def _take(self, listing: FileListing) -> None:
        self._listing = listing
        self._list()

    def _list(self) -> None:
        found = matching_files([entry for entry in self._listing.entries if entry.kind == "file"], self.filter.text())
        self.entries.show_rows(found)
        self.message.setText(files_text(found, truncated=self._listing.truncated))
        self.save.setEnabled(False)

    def _open(self) -> None:
        entry = self.chosen()
        self.save.setEnabled(entry is not None)
        if entry is None:
            return
        preview = preview_of(entry)
        if preview.kind:
            self.ask(
                lambda client: first_bytes(client, self._run_id, entry.path, preview.length),
                lambda data: self._show(entry, data),
            )
        else:
            self.content.setCurrentWidget(self.picture)
            self.picture.show_text(preview.why)

    def _show(self, entry: FileEntry, data: bytes) -> None:
        if self.chosen() is not entry:
            return
        if preview_of(entry).kind == "picture":
            self.content.setCurrentWidget(self.picture)
            self.picture.show_picture(data)
        else:
            self.content.setCurrentWidget(self.text)
            self.text.setPlainText(preview_text(entry, data))

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
        self.ask(
            lambda client: copy_file(client, self._run_id, entry.path, target),
            lambda size: self.message.setText(f"saved {target}, {figures.size(size)}"),
        )
