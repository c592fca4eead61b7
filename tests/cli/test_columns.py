from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from gym_gui.cli import columns
from gym_gui.cli.columns import print_columns
from gym_gui.cli.text_width import fold, text_width


def test_the_last_column_is_folded_and_the_others_are_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "_PIPE_WIDTH", 40)
    rows = [
        ["one", "ready", "short"],
        ["another", "broken", "a reason of more words than fit\nnext: mend it"],
        ["x", "", ""],
    ]
    print_columns(("name", "state", "what it is"), rows, [{}, {"broken": "bold red"}])
    assert capsys.readouterr().out.splitlines() == [
        "name     state   what it is",
        "one      ready   short",
        "another  broken  a reason of more words",
        "                 than fit",
        "                 next: mend it",
        "x",
    ]


def test_without_rows_there_are_the_headers(capsys: pytest.CaptureFixture[str]) -> None:
    print_columns(("name", "state"), [])
    assert capsys.readouterr().out == "name  state\n"


WIDE = st.text(alphabet="ab 日本語한글é🚀\u0301", max_size=12).map(str.strip)


@given(st.lists(st.tuples(WIDE, WIDE), min_size=1, max_size=5))
@example([("日本語", "x"), ("a", "y")])
def test_columns_stand_under_each_other_whatever_is_in_them(rows: list[tuple[str, str]]) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        print_columns(("name", "state", "what it is"), [[*row, "end"] for row in rows])
    assert len({cell_len(line.removesuffix("end")) for line in out.getvalue().splitlines()[1:]}) == 1


@given(st.text(alphabet="ab 日本語🚀é", max_size=60), st.integers(min_value=2, max_value=20))
def test_folding_keeps_every_character_within_the_width(text: str, width: int) -> None:
    lines = fold(text, width)
    assert all(text_width(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
