"""What a run was started with."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading import GitState, RunDetails
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import read_only_text


class Config(QWidget):
    """The config and the provenance of a run.

    Args:
        link: The way to the daemon.
        run_id: The run.
        parent: As of any widget.
    """

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._link = link
        self._run_id = run_id
        self._read = False
        names = ("Settings", "Run config", "Provenance")
        self.settings, self.config, self.provenance = map(read_only_text, names)
        tabs = QTabWidget()
        for text, title in zip((self.settings, self.config, self.provenance), names, strict=True):
            tabs.addTab(text, title)
        layout = QVBoxLayout(self)
        layout.addWidget(tabs)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - as Qt names it
        """Read when this first comes into view: it never changes."""
        super().showEvent(event)
        if not self._read:
            self._read = True
            self._link.ask(self, lambda client: client.details(self._run_id), self._take, self._fail)

    def _take(self, details: RunDetails) -> None:
        self.settings.setPlainText(_json(details.settings))
        self.config.setPlainText(_json(details.config))
        lines = [
            f"submitted by  {details.submitter} on {details.host}",
            f"machine       {details.machine or details.host}",
            f"command       {' '.join(details.command) or '-'}",
            f"commit        {_commit(details.git)}",
            *(f"{name:<13} {version}" for name, version in details.versions.items()),
            *(f"checkpoint    {saved.path}" for saved in details.checkpoints),
        ]
        self.provenance.setPlainText("\n".join(lines))

    def _fail(self, error: MosaicError) -> None:
        self._read = False
        self.settings.setPlainText(str(error))


def _commit(git: GitState | None) -> str:
    if git is None:
        return "-"
    return f"{git.commit} ({git.branch}){' with changes' if git.dirty else ''}"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
