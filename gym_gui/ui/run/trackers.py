"""Buttons that lead from a run to TensorBoard and to Weights & Biases."""

from __future__ import annotations

import shlex

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QWidget

from gym_gui.reading import RunDetails, is_web_address
from gym_gui.runs import RunSummary
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import below, beside, button, tip
from gym_gui.ui.run.part import RunPart


class Trackers(RunPart):
    """Other places that show a run; only those that it has are offered."""

    def __init__(self, link: DaemonLink, run_id: str, parent: QWidget | None = None) -> None:
        super().__init__(link, run_id, parent)
        self._ended: bool | None = None
        self._folder = self._address = ""
        self.command = button("Copy TensorBoard command", self._copy)
        self.folder = button("Open TensorBoard folder", lambda: self._open(QUrl.fromLocalFile(self._folder)))
        self.wandb = button("Open in W&&B", lambda: self._open(QUrl(self._address)))
        below(self, beside(self.command, self.folder, self.wandb, self.message, wide=self.message), margins=False)
        for each in (self.command, self.folder, self.wandb):
            each.hide()

    def show_run(self, run: RunSummary) -> None:
        """Look again once the run has ended: what it has written is known by then."""
        if run.state.terminal != self._ended:
            self._ended = run.state.terminal
            self.appear()

    def appear(self) -> None:
        """Ask what there is."""
        if self.isVisible():
            self.ask(lambda client: client.details(self._run_id), self._take)

    def _take(self, details: RunDetails) -> None:
        self._folder = details.tensorboard
        self._address = next(filter(is_web_address, details.wandb), "")
        for each in (self.command, self.folder):
            each.setVisible(bool(self._folder))
            each.setToolTip(tip(self._folder))
        self.wandb.setVisible(bool(self._address))
        self.wandb.setToolTip(tip(self._address))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"tensorboard --logdir {shlex.quote(self._folder)}")
        self.message.setText("copied")

    def _open(self, url: QUrl) -> None:
        opened = QDesktopServices.openUrl(url)
        self.message.setText("" if opened else f"{url.toString()} cannot be opened here")
