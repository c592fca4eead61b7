from __future__ import annotations

import pytest

from gym_gui.cli import columns
from gym_gui.cli.columns import print_columns


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
