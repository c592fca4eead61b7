"""While workers take no steps, every view says what they are busy with instead of 0 %."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from gym_gui.app.progress import RunProgress
from gym_gui.cli.commands.runs_show import _figures
from gym_gui.cli.progress.live import table_of
from gym_gui.cli.progress.plain import PlainView, line_of
from gym_gui.rpc.messages import summary_from_pb, summary_to_pb
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary, WorkerSummary
from gym_gui.trainer.why import explain_state, phase_text

HOSTILE = "evil\x1b]0;owned\x07\x1b[31m\u202e\r\n[red]FORGED[/red]"


def run_of(*phases: str, steps: int = 0, state: RunState = RunState.RUNNING) -> RunSummary:
    workers = [
        WorkerSummary(worker_id=f"w{number}", worker_type="x", state=state, phase=phase)
        for number, phase in enumerate(phases)
    ]
    return RunSummary(run_id="r", state=state, steps=steps, target_steps=20_000, workers=workers)


def progress_of(run: RunSummary) -> RunProgress:
    progress = RunProgress("a run")
    progress.update(run, 0.0)
    return progress


def drawn(run: RunSummary, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table_of([progress_of(run)], 1.0, width))
    return console.export_text()


@pytest.mark.parametrize(
    ("run", "text"),
    [
        (run_of("importing torch"), "starting: importing torch …"),
        (run_of("importing torch", state=RunState.STARTING), "starting: importing torch …"),
        (run_of("compiling", steps=5), "compiling …"),
        (run_of("b", "a", "a"), "starting: a … (2 of 3 workers)"),
        (run_of("", "a"), "starting: a … (1 of 2 workers)"),
        (run_of(""), ""),
        (run_of("importing torch", state=RunState.PAUSED), ""),
        (run_of("importing torch", state=RunState.FAILED), ""),
    ],
)
def test_what_is_told(run: RunSummary, text: str) -> None:
    assert phase_text(run) == text
    assert phase_text(summary_from_pb(summary_to_pb(run))) == text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_live_view_shows_the_phase_and_no_percentage(width: int) -> None:
    assert "starting: importing" in drawn(run_of("importing torch"), width)
    assert "0%" not in drawn(run_of("importing torch"), width)
    assert "\ncompiling …" in drawn(run_of("compiling", steps=5), width)
    assert "starting" not in drawn(run_of("", steps=5), width)


def test_the_plain_view_has_a_line_for_each_phase() -> None:
    stream = io.StringIO()
    view = PlainView(stream)
    progress = RunProgress("a run")
    for now, phase in [(0.0, ""), (0.1, "one"), (0.2, "one"), (0.3, "two"), (1.2, "two"), (1.3, "two"), (2.5, "")]:
        progress.update(run_of(phase), now)
        view.show([progress], set(), now)
    assert [line.split(" · ")[1:] for line in stream.getvalue().splitlines()] == [
        ["starting: one …"],
        ["starting: two …"],
    ]


def test_show_and_why_tell_the_phase_in_place_of_the_steps(tmp_path: Any) -> None:
    rows = dict(_figures(tmp_path, run_of("importing torch")))
    assert (rows["phase"], rows["steps"]) == ("starting: importing torch …", None)
    rows = dict(_figures(tmp_path, run_of("compiling", steps=5)))
    assert (rows["phase"], rows["steps"]) == ("compiling …", "5 of 20,000")
    assert explain_state(run_of("importing torch")).meaning == "Its workers run. Starting: importing torch …"


def test_no_phase_acts_on_the_terminal() -> None:
    stream = io.StringIO()
    PlainView(stream).show([progress_of(run_of(HOSTILE))], {"r"}, 0.0)
    shown = [stream.getvalue(), drawn(run_of(HOSTILE), 60), drawn(run_of(HOSTILE), 160)]
    for text in shown:
        assert not set(text) & set("\x1b\x07\u202e\r")
        assert "evil" in text
    assert "FORGED" in shown[0] + shown[2]
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" in line_of(progress_of(run_of(HOSTILE)), 0.0)  # it is the view that makes it harmless
