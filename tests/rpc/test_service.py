"""The service over the wire: health, reflection, the token, statuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from gym_gui.rpc.address import SERVICE_NAME
from gym_gui.rpc.channel import CHANNEL_OPTIONS, credentials_metadata
from gym_gui.rpc.faults import DETAIL_KEY
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.start import start_daemon
from gym_gui.trainer.home import DaemonHome

HELLO = pb.ReportRequest(summary=pb.RunSummary(run_id="x", state=pb.RUN_STATE_RUNNING))


@pytest.fixture
def channel(daemon_home: Path) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(start_daemon(daemon_home), options=CHANNEL_OPTIONS) as channel:
        yield channel


@pytest.fixture
def token(channel: grpc.Channel, daemon_home: Path) -> tuple[tuple[str, str], ...]:
    return credentials_metadata(DaemonHome(daemon_home).token())


def test_health_and_reflection_are_open(channel: grpc.Channel) -> None:
    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=SERVICE_NAME))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    (listed,) = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(iter([asked]))
    assert SERVICE_NAME in {service.name for service in listed.list_services_response.service}


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer wrong"),), (("authorization", "Bearer "),)])
def test_without_the_token_no_method_answers(channel: grpc.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
    stub = TrainerServiceStub(channel)
    calls = {
        "SubmitRun": lambda: stub.SubmitRun(pb.SubmitRunRequest(), metadata=metadata),
        "ValidateRun": lambda: stub.ValidateRun(pb.ValidateRunRequest(), metadata=metadata),
        "CancelRun": lambda: stub.CancelRun(pb.CancelRunRequest(), metadata=metadata),
        "PauseRun": lambda: stub.PauseRun(pb.PauseRunRequest(), metadata=metadata),
        "UnpauseRun": lambda: stub.UnpauseRun(pb.UnpauseRunRequest(), metadata=metadata),
        "WhyRun": lambda: stub.WhyRun(pb.WhyRunRequest(), metadata=metadata),
        "ResolveRun": lambda: stub.ResolveRun(pb.ResolveRunRequest(reference="latest"), metadata=metadata),
        "GetRun": lambda: stub.GetRun(pb.GetRunRequest(), metadata=metadata),
        "ListRuns": lambda: stub.ListRuns(pb.ListRunsRequest(), metadata=metadata),
        "WatchRuns": lambda: list(stub.WatchRuns(pb.WatchRunsRequest(), metadata=metadata)),
        "StreamTelemetry": lambda: list(stub.StreamTelemetry(pb.StreamTelemetryRequest(), metadata=metadata)),
        "Report": lambda: list(stub.Report(iter([HELLO]), metadata=metadata)),
        "DeleteRun": lambda: stub.DeleteRun(pb.DeleteRunRequest(), metadata=metadata),
        "ListWorkers": lambda: stub.ListWorkers(pb.ListWorkersRequest(), metadata=metadata),
        "DescribeWorker": lambda: stub.DescribeWorker(pb.DescribeWorkerRequest(), metadata=metadata),
        "GetStatus": lambda: stub.GetStatus(pb.GetStatusRequest(), metadata=metadata),
        "Shutdown": lambda: stub.Shutdown(pb.ShutdownRequest(), metadata=metadata),
    }
    assert set(calls) == {method.name for method in pb.DESCRIPTOR.services_by_name["TrainerService"].methods}
    for name, call in calls.items():
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED, name


def test_unknown_runs_are_not_found(channel: grpc.Channel, token: tuple[tuple[str, str], ...]) -> None:
    stub = TrainerServiceStub(channel)
    for call in (
        lambda: stub.GetRun(pb.GetRunRequest(run_id="nope"), metadata=token),
        lambda: stub.CancelRun(pb.CancelRunRequest(run_id="../../etc"), metadata=token),
        lambda: stub.DeleteRun(pb.DeleteRunRequest(run_id="../.."), metadata=token),
        lambda: list(stub.WatchRuns(pb.WatchRunsRequest(run_ids=["nope"]), metadata=token)),
        lambda: list(stub.Report(iter([HELLO]), metadata=token)),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            call()
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_faulty_config_is_an_invalid_argument_with_all_problems(
    channel: grpc.Channel, token: tuple[tuple[str, str], ...], daemon_home: Path
) -> None:
    config = {"run_name": "", "nonsense": 1, "metadata": {"worker": {"worker_id": "random", "config": {"envid": 1}}}}
    request = pb.SubmitRunRequest(config_json=json.dumps(config).encode())
    with pytest.raises(grpc.RpcError) as caught:
        TrainerServiceStub(channel).SubmitRun(request, metadata=token)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    detail = pb.ErrorDetail.FromString(dict(caught.value.trailing_metadata())[DETAIL_KEY])
    assert {problem.path for problem in detail.problems} == {"run_name", "nonsense", "metadata.worker.config.envid"}
    assert detail.exit_code == 2
    assert list((daemon_home / "runs").iterdir()) == [], "nothing was written"


@pytest.mark.parametrize("config", [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"metadata": null}', b"[" * 100_000])
def test_what_is_no_config_is_refused(channel: grpc.Channel, token: tuple[tuple[str, str], ...], config: bytes) -> None:
    stub = TrainerServiceStub(channel)
    with pytest.raises(grpc.RpcError) as caught:
        stub.SubmitRun(pb.SubmitRunRequest(config_json=config), metadata=token)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert stub.ValidateRun(pb.ValidateRunRequest(config_json=config), metadata=token).problems


def test_an_error_with_very_many_problems_still_arrives(
    channel: grpc.Channel, token: tuple[tuple[str, str], ...]
) -> None:
    config = {"run_name": "x", **{f"unknown_{number}": "y" * 2000 for number in range(3000)}}
    with pytest.raises(grpc.RpcError) as caught:
        TrainerServiceStub(channel).SubmitRun(
            pb.SubmitRunRequest(config_json=json.dumps(config).encode()), metadata=token
        )
    detail = pb.ErrorDetail.FromString(dict(caught.value.trailing_metadata())[DETAIL_KEY])
    assert len(detail.problems) > 100
    assert detail.problems[-1].message.endswith("more problems")
