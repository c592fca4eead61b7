from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.rpc.faults import DETAIL_KEY, detail_of, error_of, status_of, status_text
from gym_gui.rpc.remote import RemoteDaemon
from gym_gui.rpc.remote_route import RemoteRoute
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


route = HomeRoute(Path("/home"))

ERRORS = [
    MosaicError("it broke", where="here", why="so", next_step="mend"),
    UsageError("wrong", where="there"),
    UnknownRunError("R"),
    ConfigError("not valid", [Problem("a", "is wrong", value=1, nearest="b"), Problem("c", "is missing")]),
]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_arrives_as_it_was_raised(error: MosaicError) -> None:
    failure = Failure(status_of(error), ((DETAIL_KEY, detail_of(error)),))
    back = error_of(failure, where="/home", unreachable=route.unreachable, refused=route.refused)
    assert str(back) == str(error)
    assert back.exit_code == error.exit_code
    assert isinstance(back, ConfigError) == isinstance(error, ConfigError)
    assert isinstance(back, UsageError) == isinstance(error, UsageError)


@pytest.mark.parametrize("code", list(grpc.StatusCode))
def test_every_other_failure_says_what_to_do(code: grpc.StatusCode) -> None:
    error = error_of(Failure(code), where="/home", unreachable=route.unreachable, refused=route.refused)
    assert error.where == "/home"
    assert error.next_step


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ("x: CERTIFICATE_VERIFY_FAILED: certificate has expired: OK", "certificate has expired"),
        ("Hostname Verification Check failed.", "another name or address"),
        ("x: WRONG_VERSION_NUMBER: y", "does not use TLS"),
        ("Failed to connect to remote host: Connection refused", "nothing listens there"),
        ("whatever", "does not run"),
    ],
)
def test_why_a_daemon_elsewhere_does_not_answer(details: str, expected: str) -> None:
    there = RemoteRoute(RemoteDaemon(address="192.0.2.7:1", token_file="/t"))
    error = there.unreachable(details)
    assert expected in f"{error.what}: {error.why}"
    assert error.next_step
    assert there.is_hopeless(details) == ("certificate" in error.what)


def test_a_refused_token_elsewhere_is_copied_again() -> None:
    there = RemoteRoute(RemoteDaemon(address="192.0.2.7:1", token_file="/t"))
    error = error_of(
        Failure(grpc.StatusCode.UNAUTHENTICATED),
        where=there.where,
        unreachable=there.unreachable,
        refused=there.refused,
    )
    assert "/t is of another home" in error.why
    assert "copy" in error.next_step


def test_the_status_text_has_a_limit() -> None:
    assert len(status_text(MosaicError("x" * 10_000))) < 2100
    assert "\ud800" not in status_text(MosaicError("bad \ud800"))
