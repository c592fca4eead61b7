"""How busy a machine was: an hour of samples, the last one as fresh as the last heartbeat."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.fleet.load_history import LoadHistory

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.just("percent"), inner),
)


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def test_an_hour_is_kept_and_the_last_sample_is_fresh() -> None:
    clock = Clock()
    history = LoadHistory(clock)
    for beat in range(2 * 3600 // 5):
        clock.now = 1_700_000_000.0 + 5 * beat
        history.note({"cpu_percent": beat % 100, "gpus": [{"percent": 10.0}, {"percent": 30.0}]})
    columns = history.columns()
    assert len(columns["at"]) == 120
    assert columns["at"][-1] == clock.now
    assert columns["at"] == sorted(columns["at"])
    assert 3500 <= clock.now - (columns["at"][0] or 0) <= 3700
    assert columns["cpu_percent"][-1] == (2 * 3600 // 5 - 1) % 100
    assert set(columns["gpu_percent"]) == {20.0}
    assert set(columns["memory_used_mb"]) == {None}


def test_a_heartbeat_that_says_nothing_leaves_no_sample() -> None:
    history = LoadHistory(Clock())
    history.note({})
    history.note({"load_average": 1.0, "gpus": []})
    assert history.columns()["at"] == []


@given(st.dictionaries(st.sampled_from(["cpu_percent", "memory_used_mb", "gpus"]), ANYTHING))
def test_whatever_a_machine_says_is_taken(load: dict[str, object]) -> None:
    history = LoadHistory(Clock())
    history.note(load)
    columns = history.columns()
    assert len({len(column) for column in columns.values()}) == 1
    assert all(value is None or 0 <= value < float("inf") for column in columns.values() for value in column)
