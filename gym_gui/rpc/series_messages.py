"""Series of runs as messages, and back."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from gym_gui.reading import DEFAULT_POINTS, Series, SeriesName, SeriesRequest
from gym_gui.rpc.converter import Converter, text
from gym_gui.rpc.proto import reading_pb2 as reading


@functools.cache
def _series() -> Converter[Series, reading.Series]:
    return Converter(Series, reading.Series)


@functools.cache
def _names() -> Converter[SeriesName, reading.SeriesName]:
    return Converter(SeriesName, reading.SeriesName)


def series_to_pb(series: Series) -> reading.Series:
    """Return a series as its message."""
    return _series().encode(series)


def series_from_pb(message: reading.GetSeriesResponse) -> list[Series]:
    """Return a message's series."""
    return [_series().decode(each) for each in message.series]


def names_to_pb(names: Sequence[SeriesName]) -> reading.ListSeriesResponse:
    """Return names of series as their message."""
    return reading.ListSeriesResponse(names=map(_names().encode, names))


def names_from_pb(message: reading.ListSeriesResponse) -> list[SeriesName]:
    """Return a message's names of series."""
    return [_names().decode(each) for each in message.names]


def request_to_pb(run_ids: Sequence[str], request: SeriesRequest) -> reading.GetSeriesRequest:
    """Return a request for series of runs as its message."""
    return reading.GetSeriesRequest(
        run_ids=map(text, run_ids),
        names=map(text, request.names),
        x=text(request.x),
        low=request.low,
        high=request.high,
        points=request.points,
    )


def request_from_pb(message: reading.GetSeriesRequest) -> SeriesRequest:
    """Return a message's request, without its runs."""
    return SeriesRequest(
        names=tuple(message.names),
        x=message.x or "step",
        low=message.low if message.HasField("low") else None,
        high=message.high if message.HasField("high") else None,
        points=message.points or DEFAULT_POINTS,
    )
