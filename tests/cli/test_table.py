"""Tables that fit the terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gym_gui.cli.table import LUXURY, Column, add_row, fit

WIDTHS = st.integers(20, 200)


def columns(name: str, state: str, steps: str) -> list[Column]:
    made = [
        Column("name", shortest=8), Column("env", shortest=4, rank=1), Column("state"), Column("steps", right=True),
        Column("submitted", rank=LUXURY),
    ]  # fmt: skip
    add_row(made, name, "CartPole-v1", state, steps, "3 min ago")
    return made


@given(
    st.text("abc", min_size=1, max_size=60), st.sampled_from(["running", "completed"]), st.integers(0, 10**9), WIDTHS
)
def test_states_and_numbers_are_never_cut(name: str, state: str, steps: int, width: int) -> None:
    shown = {column.header: size for column, size in fit(columns(name, state, f"{steps:,}"), width)}
    assert shown["state"] >= len(state)
    assert shown["steps"] >= len(f"{steps:,}")
    least = 8 + 2 + len(state) + 2 + max(5, len(f"{steps:,}"))
    assert sum(shown.values()) + 2 * (len(shown) - 1) <= max(width, least)


@given(st.text("abc", min_size=1, max_size=60))
def test_wide_shows_everything(name: str) -> None:
    made = columns(name, "running", "5")
    assert [(column.header, size) for column, size in fit(made, None)] == [
        (column.header, column.width()) for column in made
    ]


def test_what_can_be_spared_goes_first_then_text_is_shortened_then_columns_go() -> None:
    made = columns("a long name for a run", "completed", "50k")
    assert [column.header for column, _ in fit(made, 80)] == ["name", "env", "state", "steps", "submitted"]
    assert [column.header for column, _ in fit(made, 52)] == ["name", "env", "state", "steps"]
    assert fit(made, 40)[0][1] < len("a long name for a run")
    assert [column.header for column, _ in fit(made, 27)] == ["name", "state", "steps"]
