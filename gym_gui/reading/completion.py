"""Completion of queries, and queries for the runs of a group. Pure functions over text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from gym_gui.reading.fields import CONFIG, FIELDS, STATES, Kind, find_field

_TERM = re.compile(r"(?P<minus>-?)(?:(?P<field>[A-Za-z_][\w.\-]*)(?P<operator>:|!=|>=|<=|=|>|<))?(?P<value>.*)")
#: The term before the cursor: a space within quotation marks does not end it.
_BEGUN = re.compile(r'(?:"(?:[^"\\]|\\.)*"?|[^\s"])*$')
_PLAIN = re.compile(r'[^\s",*?\\]+')
#: Fields whose values are worth naming; others differ from run to run.
_NAMED = ("name", "worker", "algo", "env", "tag", "group", "executor", "submitter")


class Place(NamedTuple):
    """What is being typed.

    Args:
        begin: The character of the query at which it begins.
        text: What there is of it.
        field: The field whose value it is; empty: it is the name of a field, or a word.
    """

    begin: int
    text: str
    field: str = ""

    @property
    def asks_values(self) -> bool:
        """Whether only the runs know what may be there."""
        found = find_field(self.field) if self.field else None
        return found is not None and (found.name in _NAMED or found.kind is Kind.SETTING)

    def completed(self, query: str, cursor: int, text: str) -> tuple[str, int]:
        """Return a query with a text in this place, and where the cursor is then: behind a space after a value.

        Args:
            query: The query.
            cursor: Where the cursor was.
            text: The text.
        """
        ended = f"{text} " if self.field else text
        return query[: self.begin] + ended + query[cursor:].lstrip(), self.begin + len(ended)


def place_of(query: str, cursor: int) -> Place:
    """Return what is being typed at a character of a query.

    Args:
        query: The query.
        cursor: The place of the next character.
    """
    begun = _BEGUN.search(query[:cursor])
    start = begun.start() if begun else cursor
    match = _TERM.fullmatch(query[start:cursor])
    if match is None:
        return Place(cursor, "")
    if not match["field"]:
        return Place(start + match.start("value"), match["value"])
    value = (
        match["value"].rpartition(",")[2] if match["operator"] == ":" and '"' not in match["value"] else match["value"]
    )
    return Place(cursor - len(value), value, match["field"])


def completions(place: Place, settings: Iterable[str] = (), values: Sequence[Any] = ()) -> list[str]:
    """Return what may be in a place, those first that begin like what is typed.

    Args:
        place: The place.
        settings: Names of settings: ``config.learning_rate``.
        values: Values of the field that the runs have.
    """
    if not place.field:
        if not place.text:
            return []
        found = [_with_operator(name) for name in (*FIELDS, *settings)]
        hidden = len(CONFIG) if not place.text.startswith(CONFIG[:2]) else 0
    else:
        known = find_field(place.field)
        if known is None:
            return []
        fixed = STATES if known.name == "state" else ("yes", "no") if known.kind is Kind.FLAG else ()
        found = [_written(value) for value in (*fixed, *values)]
        hidden = 0
    begun = place.text.strip('"').casefold()

    def rank(text: str) -> int | None:
        plain = text.strip('"').casefold()
        if plain.startswith(begun):
            return 0
        if hidden and plain.startswith(CONFIG) and plain[hidden:].startswith(begun):
            return 1
        return 2 if begun and begun in plain else None

    ranked = sorted((order, at) for at, text in enumerate(found) if (order := rank(text)) is not None)
    return [found[at] for _, at in ranked if found[at] != place.text]


def term_of(field: str, value: Any) -> str:
    """Return the term that a run with exactly this value matches."""
    text = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'{field}="{escaped}"'


def query_of_group(query: str, key: Mapping[str, Sequence[Any]]) -> str:
    """Return the query for the runs of a group.

    Args:
        query: The query of the search that made the group.
        key: What its runs have in common.
    """
    terms = [
        term for name, values in key.items() for term in ([term_of(name, each) for each in values] or [f"{name}:none"])
    ]
    return " ".join([query, *terms]).strip()


def _with_operator(name: str) -> str:
    found = find_field(name)
    return f"{name}{'>' if found is not None and found.kind is Kind.NUMBER and name != 'seed' else ':'}"


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    if _PLAIN.fullmatch(text):
        return text
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'
