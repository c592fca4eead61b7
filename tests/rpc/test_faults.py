from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.rpc.faults import DETAIL_KEY, detail_of, error_of, status_of, status_text
from gym_gui.rpc.route import HomeRoute
from gym_gui.runs.folder import UnknownRunError


class Failure:
    """What a failed call tells."""

    def __init__(self, code: grpc.StatusCode, trailing: Any = ()) -> None:
        self._code, self._trailing = code, trailing

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "details"

    def trailing_metadata(self) -> Any:
        return self._trailing


ERRORS = [
    MosaicError("it broke", where="here", why="so", next_step="mend"),
    UsageError("wrong", where="there"),
    UnknownRunError("R"),
    ConfigError("not valid", [Problem("a", "is wrong", value=1, nearest="b"), Problem("c", "is missing")]),
]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_arrives_as_it_was_raised(error: MosaicError) -> None:
    failure = Failure(status_of(error), ((DETAIL_KEY, detail_of(error)),))
    back = error_of(failure, where="/home", unreachable=HomeRoute(Path("/home")).unreachable)
    assert str(back) == str(error)
    assert back.exit_code == error.exit_code
    assert isinstance(back, ConfigError) == isinstance(error, ConfigError)
    assert isinstance(back, UsageError) == isinstance(error, UsageError)


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_every_other_failure_says_what_to_do(code: grpc.StatusCode) -> None:
    error = error_of(Failure(code), where="/home", unreachable=HomeRoute(Path("/home")).unreachable)
    assert error.where == "/home"
    assert error.next_step


def test_the_status_text_has_a_limit() -> None:
    assert len(status_text(MosaicError("x" * 10_000))) < 2100
    assert "\ud800" not in status_text(MosaicError("bad \ud800"))
