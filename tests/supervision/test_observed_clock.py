"""A clock that does not count what nobody observed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.supervision.observed_clock import COUNTED_S, GAP_S, ObservedClock


@given(st.lists(st.floats(0.0, 100.0), max_size=50))
def test_short_steps_count_in_full_and_long_ones_barely(steps: list[float]) -> None:
    now = [1000.0]
    clock = ObservedClock(lambda: now[0])
    seen = clock()
    counted = 0.0
    for step in steps:
        now[0] += step
        assert clock() >= seen
        seen = clock()
        counted += step if step <= GAP_S else COUNTED_S
    assert abs(seen - 1000.0 - counted) < 1e-6 * (1 + len(steps))
    assert abs(now[0] - seen - clock.skipped_s) < 1e-6 * (1 + len(steps))
