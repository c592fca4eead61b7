"""Searches, pages and annotations as messages, and back."""

from __future__ import annotations

import functools

from gym_gui.reading.pages import Page
from gym_gui.reading.search import DEFAULT_SORT, Search
from gym_gui.rpc.converter import Converter, text
from gym_gui.rpc.messages import STREAM_FIELDS
from gym_gui.rpc.proto import reading_pb2 as reading
from gym_gui.runs.annotation import AnnotationChange

_DEFAULT_LIMIT = 100


@functools.cache
def _pages() -> Converter[Page, reading.SearchRunsResponse]:
    return Converter(Page, reading.SearchRunsResponse, unconverted=STREAM_FIELDS)


def page_to_pb(page: Page) -> reading.SearchRunsResponse:
    """Return a page as its message."""
    return _pages().encode(page)


def page_from_pb(message: reading.SearchRunsResponse) -> Page:
    """Return a message's page."""
    return _pages().decode(message)


def search_to_pb(search: Search) -> reading.SearchRunsRequest:
    """Return a search as its message."""
    return reading.SearchRunsRequest(
        text=text(search.text),
        sort=map(text, search.sort),
        limit=search.limit,
        cursor=text(search.cursor),
        group_by=map(text, search.group_by),
        columns=map(text, search.columns),
    )


def search_from_pb(message: reading.SearchRunsRequest) -> Search:
    """Return a message's search."""
    return Search(
        text=message.text,
        sort=tuple(message.sort) or DEFAULT_SORT,
        limit=message.limit or _DEFAULT_LIMIT,
        cursor=message.cursor,
        group_by=tuple(message.group_by),
        columns=tuple(message.columns),
    )


def change_to_pb(run_id: str, change: AnnotationChange, by: str) -> reading.AnnotateRunRequest:
    """Return a change of a run's annotation as a message."""
    return reading.AnnotateRunRequest(
        run_id=run_id,
        name=None if change.name is None else text(change.name),
        add_tags=map(text, change.add_tags),
        remove_tags=map(text, change.remove_tags),
        notes=None if change.notes is None else text(change.notes),
        starred=change.starred,
        by=by,
    )


def change_from_pb(message: reading.AnnotateRunRequest) -> AnnotationChange:
    """Return a message's change."""
    return AnnotationChange(
        name=message.name if message.HasField("name") else None,
        add_tags=list(message.add_tags),
        remove_tags=list(message.remove_tags),
        notes=message.notes if message.HasField("notes") else None,
        starred=message.starred if message.HasField("starred") else None,
    )
