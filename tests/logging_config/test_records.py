"""Records: made from constants, formatted as JSON lines, filtered."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from gym_gui.logging_config import JsonLinesFormatter, LogConstantMixin, LogFilter, configure_logging, log_constant
from gym_gui.logging_config.log_constants import (
    LOG_DAEMON_STARTED,
    LOG_WORKER_CLEANRL_HEARTBEAT,
    LOG_WORKER_CLEANRL_RUNTIME_FAILED,
)

LOGGER = logging.getLogger("tests.records")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    stream = io.StringIO()
    configure_logging("DEBUG", stream=stream)
    yield stream
    root.setLevel(level)
    root.handlers[:] = handlers


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_line_of_a_constant(stream: io.StringIO) -> None:
    log_constant(LOGGER, LOG_DAEMON_STARTED, extra={"run_id": "r", "worker_id": "w", "port": 1, "name": "taken"})
    (line,) = lines(stream)
    assert isinstance(line.pop("timestamp"), float)
    assert line == {
        "level": "INFO",
        "logger": "tests.records",
        "message": "Trainer daemon started",
        "code": "LOG1101",
        "component": "Trainer",
        "subcomponent": "Daemon",
        "tags": ["daemon", "lifecycle"],
        "run_id": "r",
        "worker_id": "w",
        "extra": {"port": 1, "name": "taken"},
    }


def test_message_and_exception(stream: io.StringIO) -> None:
    error = RuntimeError("bad")
    log_constant(LOGGER, LOG_WORKER_CLEANRL_RUNTIME_FAILED, message="100% gone", exc_info=error)
    (line,) = lines(stream)
    assert line["message"] == "100% gone"
    assert "RuntimeError: bad" in line["exception"]


def test_ordinary_records_are_lines_too(stream: io.StringIO) -> None:
    LOGGER.info("plain %s\nsecond", 1, extra={"run_id": "r"}, stack_info=True)
    (line,) = lines(stream)
    assert line["message"] == "plain 1\nsecond"
    assert line["run_id"] == "r"
    assert "code" not in line
    assert "test_ordinary_records" in line["stack"]


def test_values_that_are_not_json(stream: io.StringIO) -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    log_constant(LOGGER, LOG_DAEMON_STARTED, extra={"set": {1}})
    log_constant(LOGGER, LOG_DAEMON_STARTED, extra={"cycle": cycle})
    log_constant(LOGGER, LOG_DAEMON_STARTED, extra={"keys": {(1, 2): 3}})
    first, second, third = lines(stream)
    assert first["extra"] == {"set": "{1}"}
    assert second["extra"] == "{'cycle': [[...]]}"
    assert third["extra"] == "{'keys': {(1, 2): 3}}"


def test_configuring_again_replaces(stream: io.StringIO) -> None:
    other = io.StringIO()
    configure_logging("WARNING", stream=other, log_filter=LogFilter(level="ERROR"))
    LOGGER.warning("no")
    LOGGER.error("yes")
    assert stream.getvalue() == ""
    assert [line["message"] for line in lines(other)] == ["yes"]


def test_level_is_respected(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        log_constant(LOGGER, LOG_WORKER_CLEANRL_HEARTBEAT)
    assert caplog.records == []


class Service(LogConstantMixin):
    def work(self) -> None:
        self.log_constant(LOG_DAEMON_STARTED, extra={"run_id": "r"})


def test_mixin(caplog: pytest.LogCaptureFixture) -> None:
    service = Service()
    with caplog.at_level("INFO"):
        service.work()
        service._logger = logging.getLogger("own")
        service.work()
    first, second = caplog.records
    assert (first.name, second.name) == (__name__, "own")
    assert first.funcName == "work"


def record(**attributes: Any) -> logging.LogRecord:
    return logging.makeLogRecord({"levelno": 20, **attributes})


FULL = {
    "log_component": "Worker",
    "log_subcomponent": "CleanRLRuntime",
    "log_tags": ("cleanrl", "worker"),
    "run_id": "r",
    "worker_id": "w",
}


@pytest.mark.parametrize(
    ("wanted", "passes"),
    [
        ({}, True),
        ({"component": "worker"}, True),
        ({"component": "CleanRLRuntime"}, True),
        ({"component": ["ui", "WORKER"]}, True),
        ({"component": "ui"}, False),
        ({"level": "INFO"}, True),
        ({"level": "warning"}, False),
        ({"level": 10}, True),
        ({"tags": "cleanrl"}, True),
        ({"tags": ("cleanrl", "Worker")}, True),
        ({"tags": ("cleanrl", "eval")}, False),
        ({"run_id": "r", "worker_id": "w"}, True),
        ({"run_id": "other"}, False),
        ({"worker_id": "other"}, False),
    ],
)
def test_filter(wanted: dict[str, Any], passes: bool) -> None:
    assert LogFilter(**wanted).filter(record(**FULL)) is passes


def test_records_without_a_constant_pass_only_where_nothing_is_asked() -> None:
    assert LogFilter(level="INFO").filter(record())
    assert not LogFilter(component="Worker").filter(record())
    assert not LogFilter(tags="worker").filter(record())


def test_filter_of_an_unknown_level() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        LogFilter(level="LOUD")


def test_formatter_alone() -> None:
    line = json.loads(JsonLinesFormatter().format(record(msg="x", name="n", levelname="INFO")))
    assert line["message"] == "x"
