"""Studies as messages, and back."""

from __future__ import annotations

import functools

from gym_gui.fleet import StudyResults, StudySpec, StudyState
from gym_gui.rpc.converter import Converter
from gym_gui.rpc.proto import study_pb2 as pb


@functools.cache
def studies() -> Converter[StudyState, pb.Study]:
    """Return the converter of studies as they stand."""
    return Converter(StudyState, pb.Study)


@functools.cache
def specs() -> Converter[StudySpec, pb.StudySpec]:
    """Return the converter of what studies are made of."""
    return Converter(StudySpec, pb.StudySpec)


@functools.cache
def results() -> Converter[StudyResults, pb.StudyResults]:
    """Return the converter of what studies came to."""
    return Converter(StudyResults, pb.StudyResults)
