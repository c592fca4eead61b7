"""Every field of every message that stands for a struct carries that struct's value, and gives it back."""

from __future__ import annotations

import enum
import itertools
import types
import typing
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf.message import Message

from gym_gui.fleet import StudyResults, StudySpec, StudyState
from gym_gui.jobs.job import Job, JobEvent
from gym_gui.reading.failures import Failure
from gym_gui.reading.frames import FrameSource
from gym_gui.reading.logs import LogPage
from gym_gui.reading.pages import Page, SearchUpdate
from gym_gui.reading.series import Series
from gym_gui.reading.series_list import SeriesName
from gym_gui.rpc import frame_messages, machine_messages, messages, reading_messages, series_messages, study_messages
from gym_gui.rpc.converter import Converter
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.runs.summary import RunSummary
from gym_gui.telemetry.records import EpisodeRollup, EventRecord, MetricPoint, StepRecord
from gym_gui.telemetry.row_stream import RowGap
from gym_gui.trainer.daemon_status import DaemonStatus
from gym_gui.trainer.installs import Installs
from gym_gui.trainer.why import Explanation
from gym_gui.workers import LOCAL_FIELDS, WorkerRecord

CONVERTERS = {
    RunSummary: messages._summaries(),
    Explanation: messages._explanations(),
    DaemonStatus: messages._statuses(),
    WorkerRecord: messages._records(),
    StepRecord: Converter(StepRecord, pb.StepRow),
    EpisodeRollup: Converter(EpisodeRollup, pb.EpisodeRow),
    MetricPoint: Converter(MetricPoint, pb.MetricRow),
    EventRecord: Converter(EventRecord, pb.EventRow),
    RowGap: Converter(RowGap, pb.Gap),
    Page: reading_messages._pages(),
    SearchUpdate: reading_messages._updates(),
    LogPage: reading_messages._log_pages(),
    Failure: reading_messages._failures(),
    FrameSource: frame_messages._sources(),
    Series: series_messages._series(),
    SeriesName: series_messages._names(),
    Job: machine_messages.jobs(),
    JobEvent: machine_messages.events(),
    Installs: machine_messages.installs(),
    StudyState: study_messages.studies(),
    StudySpec: study_messages.specs(),
    StudyResults: study_messages.results(),
}
#: Fields that tell of a stream, and stand for no value.
UNCONVERTED = {"kept_points"}
#: Text fields that hold JSON.
JSON_TEXT = {"action", "observation", "reward_components", "info"}


def filled(hint: Any, name: str, numbers: Iterator[int]) -> Any:
    """Return a value of a type, unlike any default and any other value."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return filled(next(kind for kind in arguments if kind is not type(None)), name, numbers)
    if origin is list:
        return [filled(arguments[0], name, numbers) for _ in range(2)]
    if origin is dict:
        return {f"key{next(numbers)}": filled(arguments[1], name, numbers)}
    if hint is Any:
        return f"any {next(numbers)}"
    if hint is bool:
        return True
    if hint in (int, float):
        return hint(next(numbers))
    if hint is str:
        return f'"{name} {next(numbers)}"' if name in JSON_TEXT else f"{name} {next(numbers)}"
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return list(hint)[-1]
    hints = typing.get_type_hints(hint)
    return hint(**{field: filled(kind, field, numbers) for field, kind in hints.items()})


def empty_fields(message: Message) -> list[str]:
    """Return the fields of a message, and of those in it, that hold nothing."""
    there = {field.name for field, _ in message.ListFields()}
    found = [field.name for field in message.DESCRIPTOR.fields if field.name not in there]
    for field, value in message.ListFields():
        if field.message_type is not None and not field.message_type.GetOptions().map_entry:
            parts = value if field.is_repeated else [value]
            found += [f"{field.name}.{inner}" for part in parts for inner in empty_fields(part)]
    return found


@pytest.mark.parametrize("kind", CONVERTERS, ids=lambda kind: kind.__name__)
def test_every_field_survives(kind: type) -> None:
    converter: Any = CONVERTERS[kind]
    value = filled(kind, "", itertools.count(3))
    message = converter.encode(value)
    assert [name for name in empty_fields(message) if name.rpartition(".")[2] not in UNCONVERTED] == []
    back = converter.decode(type(message).FromString(message.SerializeToString()))
    lost = [name for name in typing.get_type_hints(kind) if getattr(back, name) != getattr(value, name)]
    assert set(lost) <= ({*LOCAL_FIELDS, "package_hash", "record_schema"} if kind is WorkerRecord else set())
