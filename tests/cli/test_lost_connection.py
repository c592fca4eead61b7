"""Progress while the connection to the daemon is lost: it says so, and shows no figure as if it were of now."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import pytest
from rich.console import Console

from gym_gui.app.follow import LOST_SHOWN_S, Follower
from gym_gui.app.progress import RunProgress
from gym_gui.cli.progress.live import table_of
from gym_gui.cli.progress.plain import PlainView
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary


class Client:
    """A client whose connection a test loses."""

    lost_since: float | None = None

    def watch(self, run_ids: list[str]) -> Iterator[RunSummary]:
        yield RunSummary(run_id=run_ids[0], state=RunState.RUNNING)


def progress() -> RunProgress:
    run = RunProgress("far")
    for step in (1, 2):
        summary = RunSummary(run_id="r", state=RunState.RUNNING, steps=1000 * step, target_steps=10_000, episodes=7)
        run.update(summary, float(step))
    return run


def test_figures_have_an_age_once_the_connection_is_lost_for_a_while() -> None:
    client = Client()
    with Follower(client, ["r"]) as news:  # type: ignore[arg-type]
        assert news.take(10.0)
        now = time.monotonic()
        assert news.figures_age_s(now) is None
        client.lost_since = now + 2
        assert news.figures_age_s(now + 2 + LOST_SHOWN_S / 2) is None, "a daemon that is replaced is back at once"
        assert news.figures_age_s(now + 10) == pytest.approx(10, abs=1)
        client.lost_since = None
        assert news.figures_age_s(now + 20) is None


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_live_view_says_it_and_shows_no_speed(width: int) -> None:
    def shown(age_s: float | None) -> str:
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(table_of([progress()], 2.5, width, age_s))
        return " ".join(console.export_text().split())

    assert "1k" in shown(None)
    assert "0:08" in shown(None), "the time that it will take"
    text = shown(12.0)
    assert "the connection to the daemon is lost, trying again; the figures are 12 s old" in text
    assert "running" in text
    assert "0:08" not in text


def test_plain_lines_say_it_in_place_of_the_runs() -> None:
    stream = io.StringIO()
    view, runs = PlainView(stream, every_s=5.0), [progress()]
    told = []
    for now, age_s in ((0.0, None), (1.0, 2.0), (2.0, 3.0), (7.0, 8.0), (8.0, None), (9.0, None)):
        view.show(runs, {"r"} if now == 0.0 else set(), now, age_s)
        told.append(stream.getvalue())
        stream.truncate(stream.seek(0))
    first, lost, between, later, back, after = told
    assert "far: running" in first
    assert "is lost, trying again; the figures are 2.0 s old" in lost
    assert "far" not in lost
    assert (between, after) == ("", "")
    assert "the figures are 8.0 s old" in later
    assert "far: running" in back
