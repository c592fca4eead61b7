"""Single attempts of a worker under examination."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gym_gui.workers.conformance import attempt
from gym_gui.workers.conformance.subject import Subject
from gym_gui.workers.record import WorkerRecord


def test_of_a_long_run_the_ends_are_read(
    small_worker: Callable[[str], WorkerRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "_END_BYTES", 1000)
    with Subject(small_worker("printing")) as subject:
        run = subject.start({"total_steps": 10_000}, wall_s=60.0)
        ends = run.finish(briefly=True)
        whole = run.finish()
    assert ends.kinds[0] == whole.kinds[0] == "run_started"
    assert ends.kinds[-1] == whole.kinds[-1] == "run_completed"
    assert 4 < len(ends.kinds) < 30 < len(whole.kinds)
    assert {line.kind for line in ends.lines} == {"telemetry"}
