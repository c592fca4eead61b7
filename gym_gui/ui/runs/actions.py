"""What can be done to the selected runs of the list at once."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import QInputDialog, QMenu

from gym_gui.core.worker.errors import MosaicError
from gym_gui.rpc import AsyncTrainerClient, for_each_run
from gym_gui.runs import AnnotationChange, RunState
from gym_gui.ui.link import DaemonLink
from gym_gui.ui.run.closure import ClosureDialog
from gym_gui.ui.runs.panel import RunsPanel

Act = Callable[[AsyncTrainerClient, str], Awaitable[Any]]
#: Refusals that are told, and runs that are opened at once.
_NAMED = 8
_ENDED = frozenset(state.value for state in RunState if state.terminal)
_GOING = frozenset(state.value for state in RunState) - _ENDED
_EVERY = _ENDED | _GOING
_PAUSED, _RUNNING = frozenset({RunState.PAUSED.value}), frozenset({RunState.RUNNING.value})
_ACTS: dict[str, Act] = {
    "Pause": lambda client, run_id: client.pause(run_id, reason="from the window"),
    "Continue": lambda client, run_id: client.unpause(run_id),
    "Cancel": lambda client, run_id: client.cancel(run_id, reason="from the window"),
    "Star": lambda client, run_id: client.annotate(run_id, AnnotationChange(starred=True)),
    "Remove star": lambda client, run_id: client.annotate(run_id, AnnotationChange(starred=False)),
}
#: Everything, as the menu has it: its key, and the states of runs that it is for; an empty name is a line.
_MENU: tuple[tuple[str, str, frozenset[str]], ...] = (
    ("Open", "", _EVERY), ("", "", _EVERY),
    ("Pause", "", _RUNNING), ("Continue", "", _PAUSED), ("Cancel", "", _GOING), ("", "", _EVERY),
    ("Rename…", "F2", _EVERY), ("Add tag…", "Ctrl+T", _EVERY), ("Remove tag…", "", _EVERY), ("Star", "Ctrl+D", _EVERY),
    ("Remove star", "", _EVERY), ("Copy ids", "Ctrl+C", _EVERY), ("", "", _EVERY),
    ("Delete…", "Del", _ENDED),
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
        for name, key, _states in _MENU:
            action = self.menu.addAction(name)
            action.setSeparator(not name)
            if name:
                self.actions[name] = action
                action.setShortcut(QKeySequence(key))
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                act = others.get(name) or functools.partial(self._for_each, _ACTS[name])
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
        for name, _key, wanted in _MENU:
            if name:
                self.actions[name].setEnabled(bool(states & wanted) and (name != "Rename…" or len(rows) == 1))

    def _for_each(self, act: Act, ids: list[str] | None = None) -> None:
        """Make a call for each selected run, or for some; say which were refused."""
        chosen = self._panel.selected_ids() if ids is None else ids
        self._panel.show_message("")

        def say(refused: dict[str, MosaicError]) -> None:
            lines = [f"…{run_id[-6:]}: {error}" for run_id, error in list(refused.items())[:_NAMED]]
            more = [f"and {len(refused) - _NAMED} more"] if len(refused) > _NAMED else []
            head = f"{len(refused)} of {len(chosen)} refused:"
            self._panel.show_message("\n".join([head, *lines, *more]) if refused else "")

        self._link.ask(
            self, lambda client: for_each_run(client, chosen, act), say,
            lambda error: self._panel.show_message(str(error)),
        )  # fmt: skip

    def _remove(self) -> None:
        """Ask before runs go, with what they hold; they may be archived instead."""
        ClosureDialog(self._link, self._panel.selected_ids(), self._panel).open()

    def _open(self) -> None:
        for run_id in self._panel.selected_ids()[:_NAMED]:
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
        choices: list[str] | None = None,
    ) -> None:
        ids = self._panel.selected_ids()
        dialog = QInputDialog(self._panel)
        dialog.setWindowTitle(title)
        dialog.setLabelText(what)
        dialog.setTextValue(text)
        if choices is not None:
            dialog.setComboBoxItems(choices)
            dialog.setComboBoxEditable(True)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.textValueSelected.connect(
            lambda value: self._for_each(lambda client, run_id: client.annotate(run_id, change(value.strip())), ids)
        )
        dialog.open()
