"""Row ids hold worker, attempt and offset, and keep their order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.constants import WORKER_MAX_ATTEMPTS
from gym_gui.telemetry.rowid import MAX_ATTEMPT, MAX_OFFSET, MAX_WORKER_NO, row_id, row_id_range, row_place

places = st.tuples(st.integers(0, MAX_WORKER_NO), st.integers(0, MAX_ATTEMPT), st.integers(0, MAX_OFFSET))


@given(places, places)
def test_ids_are_unique_ordered_and_fit_a_signed_integer(
    one: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    assert row_place(row_id(*one)) == one
    assert (row_id(*one) < row_id(*other)) == (one < other)
    assert 0 <= row_id(*one) < 1 << 63


@given(places)
def test_a_range_holds_its_ids(one: tuple[int, int, int]) -> None:
    for first, last in (row_id_range(one[0]), row_id_range(one[0], one[1])):
        assert first <= row_id(*one) <= last


@pytest.mark.parametrize(
    "bad", [(MAX_WORKER_NO + 1, 1, 0), (0, MAX_ATTEMPT + 1, 0), (0, 0, MAX_OFFSET + 1), (-1, 0, 0)]
)
def test_what_does_not_fit_is_refused(bad: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no row id"):
        row_id(*bad)


def test_the_attempts_that_a_run_may_have_fit() -> None:
    assert WORKER_MAX_ATTEMPTS == MAX_ATTEMPT
