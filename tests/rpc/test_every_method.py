"""The daemon answers every call of its interface: what the generated base classes refuse is implemented."""

from __future__ import annotations

import pytest

from gym_gui.rpc.machine_service import MachineService
from gym_gui.rpc.proto.machine_pb2_grpc import MachineServiceServicer
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceServicer
from gym_gui.rpc.proto.reading_pb2_grpc import ReadingServiceServicer
from gym_gui.rpc.proto.study_pb2_grpc import StudyServiceServicer
from gym_gui.rpc.reading_service import ReadingService
from gym_gui.rpc.service import TrainerService
from gym_gui.rpc.study_service import StudyService


@pytest.mark.parametrize(
    ("service", "base"),
    [
        (TrainerService, TrainerServiceServicer),
        (ReadingService, ReadingServiceServicer),
        (MachineService, MachineServiceServicer),
        (StudyService, StudyServiceServicer),
    ],
)
def test_every_method_is_implemented(service: type, base: type) -> None:
    methods = [name for name in vars(base) if not name.startswith("_")]
    assert len(methods) > 5
    assert [name for name in methods if getattr(service, name) is getattr(base, name)] == []
