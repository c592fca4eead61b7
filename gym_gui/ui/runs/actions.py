"""What can be done to the selected runs of the list at once."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QMenu

from gym_gui.app import RUN_CALLS, RunCall, allows, refusals_text
from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc import for_each_run
from gym_gui.runs import AnnotationChange
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.parts import ask_text
from gym_gui.ui.run.closure import ClosureDialog
from gym_gui.ui.runs.panel import RunsPanel

#: Runs that are opened at once.
_OPENED = 8
#: Everything, as the menu has it, with its key; an empty name is a line.
_MENU = (
    ("Open", ""), ("", ""), ("Pause", ""), ("Continue", ""), ("Cancel", ""), ("", ""),
    ("Rename…", "F2"), ("Add tag…", "Ctrl+T"), ("Remove tag…", ""), ("Star", "Ctrl+D"), ("Remove star", ""),
    ("Copy ids", "Ctrl+C"), ("", ""), ("Delete…", "Del"),
)  # fmt: skip


class RunActions(QObject):
    """The actions of the list, in its menu and by its keys.

    Args:
        panel: The list.
        link: The way to the daemon.
    """

    def __init__(self, panel: RunsPanel, link: DaemonLink) -> None:
        super().__init__(panel)
        self._panel, self._link = panel, link
        self.menu = QMenu(panel)
        self.actions: dict[str, QAction] = {}
        others: dict[str, Callable[[], None]] = {
            "Open": self._open, "Rename…": self._rename, "Copy ids": self._copy,
            "Add tag…": self._add_tag, "Remove tag…": self._remove_tag, "Delete…": self._remove,
        }  # fmt: skip
        for name, key in _MENU:
            action = self.menu.addAction(name)
            action.setSeparator(not name)
            if name:
                self.actions[name] = action
                action.setShortcut(QKeySequence(key))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                act = others.get(name) or functools.partial(self._for_each, RUN_CALLS[name])
                action.triggered.connect(lambda _on=False, act=act: act())
        panel.table.addActions(list(self.actions.values()))
        panel.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        panel.table.customContextMenuRequested.connect(
            lambda at: self.menu.popup(panel.table.viewport().mapToGlobal(at))
        )
        for changed in (panel.table.selectionModel().selectionChanged, panel.model.dataChanged, panel.model.modelReset):
            changed.connect(self._allow)
        self._allow()

    def _allow(self) -> None:
        rows = self._panel.selected_rows()
        states = {state for row in rows for state in row.states}
        for name, action in self.actions.items():
            action.setEnabled(allows(name, states) and (name != "Rename…" or len(rows) == 1))

    def _for_each(self, act: RunCall, ids: list[str] | None = None) -> None:
        """Make a call for each selected run, or for some; say which were refused."""
        chosen = self._panel.selected_ids() if ids is None else ids
        self._panel.show_message("")

        def say(refused: dict[str, MosaicError]) -> None:
            head = f"{len(refused)} of {len(chosen)} refused:"
            self._panel.show_message(f"{head}\n{refusals_text(refused)}" if refused else "")

        self._link.ask(
            self, lambda client: for_each_run(client, chosen, act), say,
            lambda error: self._panel.show_message(str(error)),
        )  # fmt: skip

    def _remove(self) -> None:
        """Ask before runs go, with what they hold; they may be archived instead."""
        ClosureDialog(self._link, self._panel.selected_ids(), self._panel).open()

    def _open(self) -> None:
        for run_id in self._panel.selected_ids()[:_OPENED]:
            self._panel.opened.emit(run_id)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self._panel.selected_ids()))

    def _rename(self) -> None:
        run = self._panel.selected_rows()[0].run
        self._ask_text(
            "Rename run", "Name; empty: as submitted", lambda name: AnnotationChange(name=name), run.run_name
        )

    def _add_tag(self) -> None:
        self._ask_text("Add tag", "Tag", lambda tag: AnnotationChange(add_tags=[tag]))

    def _remove_tag(self) -> None:
        rows = self._panel.selected_rows()
        tags = {tag for row in rows for tag in (*row.run.tags, *row.values.get("tag", ()))}
        self._ask_text("Remove tag", "Tag", lambda tag: AnnotationChange(remove_tags=[tag]), choices=sorted(tags))

    def _ask_text(
        self,
        title: str,
        what: str,
        change: Callable[[str], AnnotationChange],
        text: str = "",
        choices: Sequence[str] = (),
    ) -> None:
        ids = self._panel.selected_ids()

        def act(value: str) -> None:
            self._for_each(lambda client, run_id: client.annotate(run_id, change(value.strip())), ids)

        ask_text(self._panel, title, what, act, text, choices)
