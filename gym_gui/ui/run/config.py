"""What a run was started with."""

from __future__ import annotations

import json

from PySide6.QtWidgets import QTabWidget, QWidget

from gym_gui.app import provenance_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import RunDetails
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, read_only_text
from gym_gui.ui.run.part import RunPart


class Config(RunPart):
    """The config and the provenance of a run."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._read = False
        names = ("Settings", "Run config", "Provenance")
        self.settings, self.config, self.provenance = map(read_only_text, names)
        tabs = QTabWidget()
        for text, title in zip((self.settings, self.config, self.provenance), names, strict=True):
            tabs.addTab(text, title)
        below(self, tabs)

    def appear(self) -> None:
        """Read when this first comes into view: it never changes."""
        if not self._read:
            self._read = True
            self.ask(lambda client: client.details(self._run_id), self._take)

    def _take(self, details: RunDetails) -> None:
        for text, values in ((self.settings, details.settings), (self.config, details.config)):
            text.setPlainText(json.dumps(values, indent=2, ensure_ascii=False, default=str))
        self.provenance.setPlainText(provenance_text(details))

    def fail(self, error: MosaicError) -> None:
        self._read = False
        self.settings.setPlainText(str(error))
