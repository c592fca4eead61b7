"""Whatever a request holds, it is answered with what is wrong with it, and the daemon lives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError
from gym_gui.rpc.channel import CHANNEL_OPTIONS, credentials_metadata
from gym_gui.rpc.faults import DETAIL_KEY
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.requests import MAX_TEXT, Malformed, check_request, reader
from gym_gui.rpc.start import start_daemon
from gym_gui.trainer.home import DaemonHome

METHODS = {method.name: method for method in pb.DESCRIPTOR.services_by_name["TrainerService"].methods}
#: Shutdown takes no fields, and ends the daemon.
FUZZED = sorted(set(METHODS) - {"Shutdown"})
BROKEN = {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN, grpc.StatusCode.UNAVAILABLE}

INT64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-1, 0, 1, 2**63 - 1, -(2**63)])
TEXT = st.text(max_size=8) | st.sampled_from(["\0", "..", "latest", "9" * 40, "\u0661", "a" * (MAX_TEXT + 1)])
JSON = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
VALUES: dict[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_STRING: TEXT,
    FieldDescriptor.TYPE_BYTES: st.binary(max_size=8) | JSON.map(lambda value: json.dumps(value).encode()),
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: st.floats(),
    FieldDescriptor.TYPE_INT64: INT64,
    FieldDescriptor.TYPE_INT32: st.integers(-(2**31), 2**31 - 1),
    FieldDescriptor.TYPE_ENUM: st.integers(-3, 12),
}


def messages(descriptor: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Return any message of a kind."""
    fields = {}
    for field in descriptor.fields:
        if field.message_type is not None:
            if depth > 2:
                continue
            value = messages(field.message_type, depth + 1)
        else:
            value = VALUES[field.type]
        repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == FieldDescriptor.LABEL_REPEATED
        fields[field.name] = st.lists(value, max_size=2) if repeated else value
    return st.fixed_dictionaries({}, optional=fields).map(lambda given: GetMessageClass(descriptor)(**given))


@pytest.fixture(scope="module")
def failure(
    worker_records: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str, bytes], grpc.RpcError | None]]:
    """Call a method of one daemon with any bytes; return how it failed."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(worker_records, home / "workers")
    with grpc.insecure_channel(start_daemon(home, 0), options=CHANNEL_OPTIONS) as channel:
        metadata = credentials_metadata(DaemonHome(home).token())

        def ask(method: str, request: bytes) -> grpc.RpcError | None:
            call = channel.stream_stream(f"/mosaic.v1.TrainerService/{method}")
            try:
                for number, _ in enumerate(call(iter([request]), metadata=metadata, timeout=60)):
                    if number > 3:
                        break
            except grpc.RpcError as error:
                return error
            return None

        yield ask
    assert stop_daemon(home), "it has lived through all of them"


def problems_of(error: Any) -> dict[str, str]:
    assert error is not None
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, error
    detail = pb.ErrorDetail.FromString(dict(error.trailing_metadata())[DETAIL_KEY])
    return {problem.path: problem.message for problem in detail.problems}


@pytest.mark.parametrize("method", FUZZED)
def test_no_message_makes_a_method_fail(failure: Any, method: str) -> None:
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(messages(METHODS[method].input_type))
    def try_out(message: Any) -> None:
        error = failure(method, message.SerializeToString())
        assert error is None or error.code() not in BROKEN, error

    try_out()


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("data", [b"\x0a\x05ab", b"\xff" * 20, b"\x0b" * 500])
def test_bytes_that_are_no_message_are_an_invalid_argument(failure: Any, method: str, data: bytes) -> None:
    assert "request" in problems_of(failure(method, data))


def test_half_of_a_surrogate_pair_is_an_invalid_argument(failure: Any) -> None:
    assert "run_id" in problems_of(failure("GetRun", b"\x0a\x03\xed\xa0\x80"))
    assert "run_ids" in problems_of(failure("WatchRuns", b"\x0a\x01a\x0a\x03\xed\xa0\x80"))
    assert "summary.run_name" in problems_of(failure("Report", b"\x0a\x05\x12\x03\xed\xa0\x80"))


def report_of(worker: pb.WorkerSummary) -> pb.ReportRequest:
    worker.state = pb.RUN_STATE_RUNNING
    return pb.ReportRequest(summary=pb.RunSummary(run_id="r", state=pb.RUN_STATE_RUNNING, workers=[worker]))


@pytest.mark.parametrize(
    ("method", "request_", "field"),
    [
        ("ListRuns", pb.ListRunsRequest(page_size=-1), "page_size"),
        ("ListRuns", pb.ListRunsRequest(page_token="9" * 40), "page_token"),
        ("ListRuns", pb.ListRunsRequest(page_token="\u0661"), "page_token"),
        ("ListRuns", pb.ListRunsRequest(page_token="x"), "page_token"),
        ("ListRuns", pb.ListRunsRequest(states=[99]), "states[0]"),  # type: ignore[list-item]
        ("ListRuns", pb.ListRunsRequest(states=[pb.RUN_STATE_FAILED, pb.RUN_STATE_UNSPECIFIED]), "states[1]"),
        ("ListRuns", pb.ListRunsRequest(tag="a\0b"), "tag"),
        ("GetRun", pb.GetRunRequest(run_id="\0"), "run_id"),
        ("CancelRun", pb.CancelRunRequest(run_id="r", reason="x" * (MAX_TEXT + 1)), "reason"),
        ("WatchRuns", pb.WatchRunsRequest(), "run_ids"),
        ("WatchRuns", pb.WatchRunsRequest(run_ids=["a", "\0"]), "run_ids[1]"),
        ("StreamTelemetry", pb.StreamTelemetryRequest(), "run_id"),
        ("StreamTelemetry", pb.StreamTelemetryRequest(run_id="r", kinds=[77]), "kinds[0]"),  # type: ignore[list-item]
        ("StreamTelemetry", pb.StreamTelemetryRequest(run_id="r", max_rate=-1.0), "max_rate"),
        ("Report", pb.ReportRequest(summary=pb.RunSummary(run_id="r")), "summary.state"),
        ("Report", pb.ReportRequest(summary=pb.RunSummary(state=77)), "summary.state"),  # type: ignore[arg-type]
        ("Report", report_of(pb.WorkerSummary(curve=[pb.CurvePoint(step=1)], phase="\0")), "summary.workers[0].phase"),
        ("Report", report_of(pb.WorkerSummary(worker_id="w", kept_points=7)), "summary.workers"),
        ("SubmitRun", pb.SubmitRunRequest(working_directory="/\0"), "working_directory"),
        ("SubmitRun", pb.SubmitRunRequest(config_json=b"{"), "config_json"),
        ("SubmitRun", pb.SubmitRunRequest(argv=["a", "\0"], config_json=b"{}"), "argv[1]"),
        ("DescribeWorker", pb.DescribeWorkerRequest(name="\0"), "name"),
    ],
)
def test_the_field_at_fault_is_named(failure: Any, method: str, request_: Any, field: str) -> None:
    assert field in problems_of(failure(method, request_.SerializeToString()))


@pytest.mark.parametrize("depth", [66, 500, 900, 5000, 200_000])
def test_a_deep_config_is_an_invalid_argument(failure: Any, depth: int) -> None:
    deep = b'{"run_name": "x", "metadata": {"worker": {"worker_id": "random", "config": {"a": ' + b"[" * depth
    request = pb.SubmitRunRequest(config_json=deep + b"]" * depth + b"}}}}")
    (path,) = problems_of(failure("SubmitRun", request.SerializeToString()))
    assert path.startswith("metadata.worker.config.a[0]") or path == "config_json"
    error = failure("ValidateRun", pb.ValidateRunRequest(config_json=request.config_json).SerializeToString())
    assert error is None, "to tell what is wrong is what it is asked for"


def test_no_setting_of_a_run_config_makes_its_validation_fail(
    failure: Any, random_config: Callable[..., dict[str, Any]]
) -> None:
    names = ["run_name", "entry_point", "arguments", "environment", "resources", "metadata", "artifacts", "tags",
             "notes", "limits", "schedule", "priority", "executor", "secrets", "on_worker_failure"]  # fmt: skip

    @settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(names), JSON, st.sampled_from(["config", "worker_id", "module", "replicas"]), JSON)
    def try_out(name: str, value: Any, inner: str, other: Any) -> None:
        config = {**random_config(), name: value}
        if isinstance(config["metadata"], dict) and "worker" in config["metadata"]:
            config["metadata"]["worker"][inner] = other
        request = pb.ValidateRunRequest(config_json=json.dumps(config).encode())
        assert failure("ValidateRun", request.SerializeToString()) is None

    try_out()


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_problem(data: bytes) -> None:
    for method in METHODS.values():
        read = reader(GetMessageClass(method.input_type).FromString)(data)
        if isinstance(read, Malformed):
            with pytest.raises(ConfigError):
                check_request(read)
