"""A study's submission goes on after a failure of the disk, and submits nothing twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.fleet import Study, StudyFolder, StudySpec
from gym_gui.runs.folder import RunFolder
from gym_gui.trainer import studies
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.studies import Studies, StudyRequest
from gym_gui.trainer.submission import RunRequest

SPEC = StudySpec(name="rates", worker="random", base_config={}, seeds=[1, 2, 3])


class FakeIntake:
    """Writes a run's folder for each submission, refuses some, and remembers all."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.submitted: list[str] = []
        self.refused: set[int] = set()

    async def do(self, act: Callable[[], Any]) -> Any:
        return act()

    async def submit(self, request: RunRequest, client: str) -> str:
        index = json.loads(request.config_json)["metadata"]["study"]["index"]
        if index in self.refused:
            raise ConfigError("no", [Problem("executor", "is gone")])
        self.submitted.append(request.run_id)
        folder = RunFolder.of(self.home, request.run_id)
        folder.create()
        folder.run_json.write_text("{}")
        return request.run_id


@pytest.fixture
def intake(tmp_path: Path) -> FakeIntake:
    return FakeIntake(tmp_path)


def made(home: Path, intake: FakeIntake) -> Studies:
    submission: Any = SimpleNamespace(home=home, planned=lambda _: SimpleNamespace(secrets={}))
    never: Any = None
    return Studies(RunBoard(Registry(home / "registry.db")), submission, intake, never, never)  # type: ignore[arg-type]


async def idle(found: Studies) -> None:
    while found.busy:
        await asyncio.sleep(0.005)


def test_a_disk_that_refuses_for_a_while_submits_nothing_twice(
    tmp_path: Path, intake: FakeIntake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studies, "AGAIN_S", 0.01)
    save, refusals = StudyFolder.save, [2]

    def refusing(folder: StudyFolder, study: Study) -> None:
        if any(run.submitted for each in study.assignments for run in each.runs) and refusals[0]:
            refusals[0] -= 1
            raise MosaicError("the disk is full")
        save(folder, study)

    monkeypatch.setattr(StudyFolder, "save", refusing)

    async def act() -> str:
        found = made(tmp_path, intake)
        state = await found.create(StudyRequest(SPEC))
        await idle(found)
        return state.study_id

    study = StudyFolder(tmp_path, asyncio.run(act())).load()
    assert refusals == [0]
    assert all(run.submitted for each in study.assignments for run in each.runs)
    assert intake.submitted == [each.runs[0].run_id for each in study.assignments]


def test_a_run_that_is_refused_has_failed_with_the_reason_and_can_be_retried(
    tmp_path: Path, intake: FakeIntake
) -> None:
    async def act() -> None:
        found = made(tmp_path, intake)
        intake.refused = {1}
        await found.create(StudyRequest(SPEC))
        await idle(found)
        state = await found.show("rates")
        assert state.counts == {"failed": 1, "missing": 2}  # no run of them is in this registry
        assert "is gone" in state.assignments[1].runs[0].cause
        intake.refused = set()
        await found.retry("rates", [1], "me", {})
        await idle(found)
        study = StudyFolder(tmp_path, state.study_id).load()
        assert [len(each.runs) for each in study.assignments] == [1, 2, 1]
        assert intake.submitted[-1] == study.assignments[1].runs[-1].run_id

    asyncio.run(act())


def test_the_next_daemon_goes_on_where_this_one_stopped(tmp_path: Path, intake: FakeIntake) -> None:
    async def act() -> None:
        first = made(tmp_path, intake)
        await first.create(StudyRequest(SPEC))
        await first.close()  # before the first run
        before = len(intake.submitted)
        second = made(tmp_path, intake)
        await second.resume()
        await idle(second)
        assert len(intake.submitted) == len(set(intake.submitted)) == 3 >= before

    asyncio.run(act())
