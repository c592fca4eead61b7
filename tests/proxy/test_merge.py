"""The end of a run while a reader has its database open: other runs have their turns, and the last report waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.proxy.proxy import EXIT_ENDED, MERGE_S, Proxy
from gym_gui.proxy.reporter import NoReporter
from gym_gui.runs import RunState, RunSummary, write_json_atomic
from gym_gui.telemetry.reader import reading


class Scene(NoReporter):
    """A cancelled run on a clock that stands still until it is set; takes its proxy's reports."""

    def __init__(self, run: Any) -> None:
        self.now = 100.0
        self.run = run
        self.states: list[RunState] = []
        self.turns = Proxy(run.folder, self, clock=lambda: self.now, watching_logs=False).turns()

    def report(self, summary: RunSummary) -> None:
        self.states.append(summary.state)

    def turn(self, count: int) -> int | None:
        """Have a number of turns; return the exit code if the proxy ended."""
        try:
            for _ in range(count):
                next(self.turns)
        except StopIteration as end:
            return int(end.value)
        return None

    @property
    def merged(self) -> bool:
        journal: str
        ((journal,),) = self.run.query("PRAGMA journal_mode")
        return journal == "delete"


@pytest.fixture
def scene(logged_run: Any, sdk_line: Callable[..., bytes]) -> Scene:
    logged_run.append(sdk_line(step_index=0))
    ingestor = logged_run.ingestor()
    ingestor.pump()
    ingestor.close()
    write_json_atomic(logged_run.folder.cancel_intent, {"at": 1.0, "by": "test", "reason": ""})
    return Scene(logged_run)


def test_it_is_merged_when_the_reader_is_done(scene: Scene) -> None:
    with reading(scene.run.folder.database, 60.0) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM steps").fetchone()
        assert scene.turn(50) is None
        assert scene.states[-1] is RunState.CANCELLED
        reports = len(scene.states)
    assert scene.turn(1) == EXIT_ENDED
    assert len(scene.states) == reports + 1
    assert scene.merged


def test_a_reader_that_stalls_is_waited_for_no_longer_than_a_while(scene: Scene) -> None:
    with reading(scene.run.folder.database, 60.0) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM steps").fetchone()
        assert scene.turn(50) is None
        scene.now += MERGE_S
        assert scene.turn(2) == EXIT_ENDED
    assert not scene.merged
    assert scene.run.query("SELECT count(*) FROM steps") == [(1,)]
