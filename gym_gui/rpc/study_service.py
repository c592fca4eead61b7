# ruff: noqa: N802 - gRPC gives the methods their names
"""The gRPC methods about studies: each reads its request, calls the daemon, and writes its answer."""

from __future__ import annotations

import json
from typing import Any

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.fleet import StudySpec
from gym_gui.rpc.guard import answers
from gym_gui.rpc.proto import study_pb2 as pb
from gym_gui.rpc.proto.study_pb2_grpc import StudyServiceServicer
from gym_gui.rpc.requests import invalid
from gym_gui.rpc.study_messages import results, specs, studies
from gym_gui.runs import MAX_DEPTH, deep_path, is_run_id
from gym_gui.trainer import Loading, Studies, StudyRequest


class StudyService(StudyServiceServicer):
    """``mosaic.v1.StudyService``.

    Args:
        studies: Those of the home.
        loading: Calls wait for it.
    """

    def __init__(self, studies: Studies, loading: Loading) -> None:
        self._studies = studies
        self.loading = loading

    @answers
    async def CreateStudy(self, request: pb.CreateStudyRequest) -> pb.Study:
        if request.study_id and not is_run_id(request.study_id):
            raise invalid(Problem("study_id", "is not an id", value=request.study_id, allowed="a ULID, or nothing"))
        wanted = StudyRequest(
            _spec(request.spec),
            study_id=request.study_id,
            by=request.by,
            environment=_object("environment_json", request.environment_json),
            argv=tuple(request.argv),
            working_directory=request.working_directory,
        )
        return studies().encode(await self._studies.create(wanted, dry_run=request.dry_run))

    @answers
    async def ListStudies(self, _: pb.ListStudiesRequest) -> pb.ListStudiesResponse:
        return pb.ListStudiesResponse(studies=map(studies().encode, await self._studies.list()))

    @answers
    async def GetStudy(self, request: pb.GetStudyRequest) -> pb.Study:
        return studies().encode(await self._studies.show(request.study))

    @answers
    async def GetStudySpec(self, request: pb.GetStudySpecRequest) -> pb.StudySpec:
        return specs().encode(await self._studies.spec(request.study))

    @answers
    async def RetryStudy(self, request: pb.RetryStudyRequest) -> pb.Study:
        environment = _object("environment_json", request.environment_json)
        found = await self._studies.retry(request.study, list(request.indices), request.by, environment)
        return studies().encode(found)

    @answers
    async def CancelStudy(self, request: pb.CancelStudyRequest) -> pb.Study:
        return studies().encode(await self._studies.cancel(request.study, request.by, request.reason))

    @answers
    async def DeleteStudy(self, request: pb.DeleteStudyRequest) -> pb.DeleteStudyResponse:
        return pb.DeleteStudyResponse(runs=await self._studies.delete(request.study, runs=request.runs))

    @answers
    async def GetStudyResults(self, request: pb.GetStudyResultsRequest) -> pb.StudyResults:
        return results().encode(await self._studies.results(request.study))


def _spec(message: pb.StudySpec) -> StudySpec:
    """Return what a study is made of.

    Raises:
        ConfigError: A part of it is not JSON of the right kind.
    """
    _object("spec.base_config_json", message.base_config_json)
    for place, split in enumerate(message.splits):
        if split.HasField("values_json") and not isinstance(_json(f"spec.splits[{place}]", split.values_json), list):
            raise invalid(Problem(f"spec.splits[{place}].values_json", "is not a list", allowed="a JSON list"))
    return specs().decode(message)


def _object(path: str, text: bytes) -> dict[str, Any]:
    found = _json(path, text) if text else {}
    if not isinstance(found, dict):
        raise invalid(Problem(path, "is not an object", allowed="a JSON object"))
    return found


def _json(path: str, text: bytes) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise invalid(Problem(path, f"is not JSON: {error}"[:300], allowed="JSON in UTF-8")) from None
    if deep_path(found) is not None:
        raise ConfigError(
            "the request is not valid", [Problem(path, "is nested too deeply", allowed=f"at most {MAX_DEPTH} levels")]
        )
    return found
