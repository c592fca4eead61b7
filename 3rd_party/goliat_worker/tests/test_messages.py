"""What the worker reads from a study's messages and lines is what MOSAIC's server reads."""

from __future__ import annotations

from typing import Any

import pytest

from goliat_worker.command import TEMPLATES
from goliat_worker.messages import read_message
from goliat_worker.output import read_output_line

MESSAGES: list[dict[str, Any]] = [
    {"type": "overall_progress", "current": 3, "total": 12},
    {"type": "overall_progress", "current": 13, "total": 12},
    {"type": "overall_progress", "current": "3", "total": None},
    {"type": "stage_progress", "name": "Setup", "current": 1, "total": 4, "sub_stage": "x"},
    {"type": "stage_progress", "name": "", "current": 1, "total": 4},
    {"type": "log_batch", "logs": [{"message": "a", "log_type": "info"}, {"message": "b", "log_type": "fatal"}, "c"]},
    {"type": "log_batch", "logs": 5},
    {"type": "profiler_update", "eta_seconds": 12.5},
    {"type": "profiler_update", "eta_seconds": None},
    {"type": "profiler_update", "eta_seconds": float("inf")},
    {"type": "sim_details", "count": 2, "total": 4, "details": "d"},
    {"type": "simulation_details", "simulation_count": 2, "total_simulations": 4, "current_case": "c"},
    {"type": "terminal_only", "message": "\x1b[31mred\x1b[0m", "log_type": "warning"},
    {"type": "print", "message": "p", "stream": "stderr"},
    {"type": "start_animation", "estimate": 3, "end_value": 4},
    {"type": "memory_error", "message": "no memory", "exit_code": 42},
    {"type": "finished", "message": "Study finished with errors"},
    {"type": "finished", "message": "Study finished successfully"},
    {"type": "something_new"},
    {},
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: str(message.get("type")))
def test_messages_mean_what_they_mean_to_the_server(message: dict[str, Any]) -> None:
    server = pytest.importorskip("gym_gui.fleet.claims.messages", reason="needs MOSAIC's server")
    own, others = read_message(message), server.read_message(message, 0.0)
    names = ("figures", "percent", "fatal", "memory_error", "finished", "failed")
    assert {name: getattr(own, name) for name in names} == {name: getattr(others, name) for name in names}


def test_command_templates_are_those_of_the_fleet() -> None:
    fleet = pytest.importorskip("gym_gui.fleet.command_template", reason="needs MOSAIC's server")
    assert {name: TEMPLATES[name] for name in fleet.TEMPLATES} == dict(fleet.TEMPLATES)


@pytest.mark.parametrize(
    "text",
    [
        "FATAL: no licence",
        "[FATAL] no",
        "2026-01-01 00:00 - FATAL - no",
        "12:00 | fatal | x",
        "12:00:01-FATAL-no licence",
        "12:00 [main] - FATAL: 3 solvers failed",
        "2026-01-01 [solver] [FATAL] no licence",
    ],
)
def test_fatal_lines_of_the_output(text: str) -> None:
    report = read_output_line(text)
    assert report is not None
    assert report.fatal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no fatal errors were found",
        "0 fatal errors, 2 warnings",
        "non-fatal: the cache is rebuilt",
        "WARNING non-fatal - going on without a GPU",
        "NON-FATAL: going on",
        "fatal: not a git repository (or any of the parent directories): .git",
        "Summary - FATAL: 0, ERROR: 1",
        "| fatal | 0 |",
        "| 1 | fatal | 0 |",
        "fatality rate: 3",
        "{}",
        '{"type": "x"}',
        "{not json",
    ],
)
def test_plain_lines_of_the_output(text: str) -> None:
    assert read_output_line(text) is None


def test_messages_may_be_printed() -> None:
    report = read_output_line('{"type": "overall_progress", "current": 1, "total": 4}')
    assert report is not None
    assert report.percent == 25.0
