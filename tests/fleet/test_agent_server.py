"""How long an agent waits before it tries again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.fleet.agent.server import LONGEST_WAIT_S, Backoff, Server, Unreachable, wait_s


@given(failures=st.integers(1, 10_000), asked=st.floats(0, 600), longest=st.floats(0.1, LONGEST_WAIT_S))
def test_waits_are_bounded_and_never_shorter_than_the_server_asks(failures: int, asked: float, longest: float) -> None:
    waited = wait_s(failures, asked, longest)
    assert asked <= waited <= max(asked, longest)
    assert 0.0 <= wait_s(failures) <= LONGEST_WAIT_S


def test_progress_begins_the_waits_again() -> None:
    server = Server("http://nowhere", "m1")
    backoff = Backoff(server)
    for number in range(1, 6):
        backoff.next_s(Unreachable("lost"))
        assert backoff.failures == number
    server.answered += 1
    assert backoff.next_s(Unreachable("lost", retry_after_s=7.0)) >= 7.0
    assert backoff.failures == 1
