"""Searches, pages and annotations as messages, and back."""

from __future__ import annotations

import functools
import json
from collections import OrderedDict

import msgspec

from gym_gui.reading import (
    DEFAULT_SORT,
    EpisodePage,
    EpisodeQuery,
    Failure,
    FileListing,
    LogPage,
    LogQuery,
    Page,
    ReplayQuery,
    ReplayUpdate,
    RunDetails,
    Search,
    SearchUpdate,
)
from gym_gui.rpc.converter import Converter, json_bytes, text
from gym_gui.rpc.messages import STREAM_FIELDS
from gym_gui.rpc.proto import reading_pb2 as reading
from gym_gui.runs import AnnotationChange

#: Updates whose messages are kept for other readers.
_KEPT_UPDATES = 16
_DEFAULT_LIMIT = 100
_DEFAULT_STEPS = 1000
_DEFAULT_LOG_LINES = 200


@functools.cache
def _pages() -> Converter[Page, reading.SearchRunsResponse]:
    return Converter(Page, reading.SearchRunsResponse, unconverted=STREAM_FIELDS)


def page_to_pb(page: Page) -> reading.SearchRunsResponse:
    """Return a page as its message."""
    return _pages().encode(page)


def page_from_pb(message: reading.SearchRunsResponse) -> Page:
    """Return a message's page."""
    return _pages().decode(message)


@functools.cache
def _updates() -> Converter[SearchUpdate, reading.SearchUpdate]:
    return Converter(SearchUpdate, reading.SearchUpdate, unconverted=STREAM_FIELDS)


class UpdateMessages:
    """Messages of updates of watched searches, made once for all readers who get the same one."""

    def __init__(self) -> None:
        self._newest: OrderedDict[int, tuple[SearchUpdate, reading.SearchUpdate]] = OrderedDict()

    def message(self, update: SearchUpdate) -> reading.SearchUpdate:
        """Return an update as its message, which is shared: no caller may change it."""
        if id(update) not in self._newest:
            self._newest[id(update)] = (update, _updates().encode(update))
            if len(self._newest) > _KEPT_UPDATES:
                self._newest.popitem(last=False)
        return self._newest[id(update)][1]


def update_from_pb(message: reading.SearchUpdate) -> SearchUpdate:
    """Return a message's update."""
    return _updates().decode(message)


def search_to_pb(search: Search) -> reading.SearchRunsRequest:
    """Return a search as its message."""
    return reading.SearchRunsRequest(
        text=text(search.text),
        sort=map(text, search.sort),
        limit=search.limit,
        cursor=text(search.cursor),
        group_by=map(text, search.group_by),
        columns=map(text, search.columns),
        curve_points=search.curve_points,
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
        curve_points=message.curve_points,
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


@functools.cache
def _episode_pages() -> Converter[EpisodePage, reading.ListEpisodesResponse]:
    return Converter(EpisodePage, reading.ListEpisodesResponse)


@functools.cache
def _listings() -> Converter[FileListing, reading.ListFilesResponse]:
    return Converter(FileListing, reading.ListFilesResponse)


def details_to_pb(details: RunDetails) -> reading.GetDetailsResponse:
    """Return a run's details as a message."""
    return reading.GetDetailsResponse(details_json=json_bytes(msgspec.to_builtins(details)))


def details_from_pb(message: reading.GetDetailsResponse) -> RunDetails:
    """Return a message's details."""
    return msgspec.convert(json.loads(message.details_json), RunDetails)


def episode_query_to_pb(run_id: str, query: EpisodeQuery) -> reading.ListEpisodesRequest:
    """Return a query of a run's episodes as a message."""
    return reading.ListEpisodesRequest(
        run_id=run_id,
        phase=text(query.phase),
        worker_id=text(query.worker_id),
        agent_id=text(query.agent_id),
        sort=text(query.sort),
        offset=query.offset,
        limit=query.limit,
        id=query.id,
        index=query.index,
    )


def episode_query_from_pb(message: reading.ListEpisodesRequest) -> EpisodeQuery:
    """Return a message's query."""
    return EpisodeQuery(
        phase=message.phase,
        worker_id=message.worker_id,
        agent_id=message.agent_id,
        sort=message.sort or "id",
        offset=message.offset,
        limit=message.limit or _DEFAULT_LIMIT,
        id=message.id if message.HasField("id") else None,
        index=message.index if message.HasField("index") else None,
    )


def episodes_to_pb(page: EpisodePage) -> reading.ListEpisodesResponse:
    """Return a page of episodes as its message."""
    return _episode_pages().encode(page)


def episodes_from_pb(message: reading.ListEpisodesResponse) -> EpisodePage:
    """Return a message's page of episodes."""
    return _episode_pages().decode(message)


def steps_range(message: reading.ListStepsRequest) -> tuple[int, int]:
    """Return after which row id the wanted steps begin, and how many are wanted."""
    return message.after if message.HasField("after") else -1, message.limit or _DEFAULT_STEPS


def listing_to_pb(listing: FileListing) -> reading.ListFilesResponse:
    """Return entries of a run's folder as their message."""
    return _listings().encode(listing)


def listing_from_pb(message: reading.ListFilesResponse) -> FileListing:
    """Return a message's entries."""
    return _listings().decode(message)


@functools.cache
def _log_pages() -> Converter[LogPage, reading.LogPage]:
    return Converter(LogPage, reading.LogPage)


@functools.cache
def _failures() -> Converter[Failure, reading.Failure]:
    return Converter(Failure, reading.Failure)


def log_query_to_pb(run_id: str, query: LogQuery) -> reading.ReadLogRequest:
    """Return a query of a run's log as a message."""
    return reading.ReadLogRequest(
        run_id=run_id,
        stream=text(query.stream),
        worker_id=text(query.worker_id),
        attempt=query.attempt,
        before=query.before,
        after=query.after,
        limit=query.limit,
        pattern=text(query.pattern),
        level=text(query.level),
        component=text(query.component),
        code=text(query.code),
    )


def log_query_from_pb(message: reading.ReadLogRequest) -> LogQuery:
    """Return a message's query."""
    return LogQuery(
        stream=message.stream or "output",
        worker_id=message.worker_id,
        attempt=message.attempt,
        before=message.before if message.HasField("before") else None,
        after=message.after if message.HasField("after") else None,
        limit=message.limit or _DEFAULT_LOG_LINES,
        pattern=message.pattern,
        level=message.level,
        component=message.component,
        code=message.code,
    )


def log_page_to_pb(page: LogPage) -> reading.LogPage:
    """Return lines of a log as their message."""
    return _log_pages().encode(page)


def log_page_from_pb(message: reading.LogPage) -> LogPage:
    """Return a message's lines."""
    return _log_pages().decode(message)


def failure_to_pb(failure: Failure) -> reading.Failure:
    """Return the place of a failure as its message."""
    return _failures().encode(failure)


def failure_from_pb(message: reading.Failure) -> Failure:
    """Return a message's place of a failure."""
    return _failures().decode(message)


@functools.cache
def _replays() -> Converter[ReplayUpdate, reading.ReplayUpdate]:
    return Converter(ReplayUpdate, reading.ReplayUpdate)


def replay_query_to_pb(run_id: str, query: ReplayQuery) -> reading.ReplayRequest:
    """Return which pictures of an episode are wanted, as a message."""
    return reading.ReplayRequest(
        run_id=run_id,
        episode=query.episode,
        source=text(query.source),
        first=query.first,
        count=query.count,
        max_side=query.max_side,
    )


def replay_query_from_pb(message: reading.ReplayRequest) -> ReplayQuery:
    """Return a message's query."""
    return ReplayQuery(message.episode, message.source, message.first, message.count, message.max_side)


def replay_update_to_pb(update: ReplayUpdate) -> reading.ReplayUpdate:
    """Return a part of a replay as its message."""
    return _replays().encode(update)


def replay_update_from_pb(message: reading.ReplayUpdate) -> ReplayUpdate:
    """Return a message's part of a replay."""
    return _replays().decode(message)
