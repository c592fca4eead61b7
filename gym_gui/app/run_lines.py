"""Lines of the list of runs over watched searches, and below opened ones their single runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from gym_gui.app.run_columns import ListRow
from gym_gui.reading import GroupRow, SearchUpdate, is_seeds


def combined_updates(old: SearchUpdate, new: SearchUpdate) -> SearchUpdate:
    """Return two updates of a search as one: rows of the older one that the newer one does not replace are kept."""
    rows = {row.run.run_id: row for row in (*old.runs, *new.runs)}
    shown, groups = set(new.run_ids), new if new.groups_changed else old
    return msgspec.structs.replace(
        new, runs=[row for run_id, row in rows.items() if run_id in shown],
        groups=groups.groups, groups_changed=groups.groups_changed,
    )  # fmt: skip


class RunLines:
    """The lines of one page of a search; a subclass shows them.

    Args:
        arguments: Of the class that follows in a subclass.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.total = 0
        """Number of matching runs, of which the first ones are here."""
        self.lines = 0
        """Number of lines that they make."""
        self._lines: dict[str, ListRow] = {}
        self._members: dict[str, dict[str, ListRow]] = {}
        """By key of an opened line: its single runs."""

    @property
    def shown(self) -> int:
        """Number of lines that are here."""
        return len(self._lines)

    @property
    def opened(self) -> list[str]:
        """Keys of the opened lines."""
        return list(self._members)

    def show(self, wanted: dict[str, ListRow]) -> None:
        """Show rows, by their keys: lines, and below opened ones their runs."""
        raise NotImplementedError

    def apply(self, update: SearchUpdate, grouped: bool) -> None:
        """Take over what changed."""
        self.total, self.lines = update.total, update.groups_total if grouped else update.total
        if not grouped:
            self._lines = _merged(self._lines, update)
        elif update.groups_changed or not update.groups_total:
            self._lines = {row.key: row for row in map(_group_row, update.groups)}
        gone = [key for key in self._members if key not in self._lines or self._lines[key].group is None]
        for key in gone:
            del self._members[key]
        self._show_all()

    def open_line(self, key: str) -> None:
        """Show that the single runs of a line are being read."""
        self._members.setdefault(key, {})
        self._show_all()

    def apply_members(self, key: str, update: SearchUpdate) -> None:
        """Take over what changed among the single runs of an opened line."""
        if key in self._members:
            self._members[key] = _merged(self._members[key], update, key)
            self._show_all()

    def close_line(self, key: str) -> None:
        """Show the single runs of a line no more."""
        self._members.pop(key, None)
        self._show_all()

    def count_text(self, *, queried: bool) -> str:
        """Return how many runs there are, and how many of them are here.

        Args:
            queried: Only runs that match a query were asked for.
        """
        if not self.total:
            nothing = "no runs yet: press Train, or try `mosaic demo` in a terminal"
            return "no run matches the query" if queried else nothing
        runs = f"{self.total:,} run{'' if self.total == 1 else 's'}"
        text = runs if self.lines == self.total else f"{runs}, {self.lines:,} line{'' if self.lines == 1 else 's'}"
        return text if self.shown == self.lines else f"the first {self.shown:,} of {text}"

    def _show_all(self) -> None:
        wanted = {}
        for key, line in self._lines.items():
            wanted[key] = line
            wanted |= self._members.get(key, {})
        self.show(wanted)


def _merged(old: Mapping[str, ListRow], update: SearchUpdate, line: str = "") -> dict[str, ListRow]:
    """Return rows of single runs after an update, in its order."""
    begin = f"{line}\n" if line else ""
    news = {f"{begin}{row.run.run_id}": row for row in update.runs}
    made = {key: ListRow(key, row.run, values=row.values, line=line) for key, row in news.items()}
    every = {**old, **made}
    return {key: every[key] for run_id in update.run_ids if (key := f"{begin}{run_id}") in every}


def _group_row(group: GroupRow) -> ListRow:
    single = len(group.run_ids) == 1 and is_seeds(group)
    return ListRow(json.dumps(group.key, sort_keys=True), group.newest, None if single else group, group.values)
