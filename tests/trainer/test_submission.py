from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, MosaicError
from gym_gui.runs.folder import RunFolder
from gym_gui.trainer.executors.installed import InstalledExecutors
from gym_gui.trainer.executors.local import LocalExecutor
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.submission import RunRequest, Submission


@pytest.fixture
def registry(home: Path) -> Iterator[Registry]:
    registry = Registry(home / "registry.db")
    yield registry
    registry.close()


@pytest.fixture
def submission(daemon_home: Path, registry: Registry) -> Submission:
    return Submission(daemon_home, registry, InstalledExecutors({"local": LocalExecutor(daemon_home)}))


def request(config: Any, **fields: Any) -> RunRequest:
    return RunRequest(config_json=json.dumps(config).encode(), **fields)


def test_a_run_is_written_marked_and_entered(
    submission: Submission, registry: Registry, home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    asked = request(random_config(), submitter="me", group="g", parent_run_id="P", argv=["mosaic", "train"])
    plan, run = submission.submit(asked)
    assert (plan.submitter, plan.group, plan.parent_run_id) == ("me", "g", "P")
    assert plan.provenance["argv"] == ["mosaic", "train"]
    assert LiveRuns(home / "runs").all() == {plan.run_id}
    assert RunFolder.of(home, plan.run_id).run_json.exists()
    assert submission.register(plan, run).sequence == 1
    assert registry.get(plan.run_id) is not None


def test_a_refused_run_leaves_nothing(
    submission: Submission, home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    with pytest.raises(ConfigError):
        submission.submit(request(random_config(nonsense=1)))
    assert not (home / "runs").exists()


def test_a_run_that_cannot_be_marked_is_not_written(
    submission: Submission, home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    (home / "runs").mkdir()
    (home / "runs" / ".live").write_text("in the way")
    with pytest.raises(MosaicError, match="cannot be written"):
        submission.submit(request(random_config()))
    assert [path.name for path in (home / "runs").iterdir()] == [".live"]


def test_what_a_submission_is_withdrawn_from_leaves_nothing(
    submission: Submission, home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    def gone() -> None:
        raise MosaicError("nobody waits")

    with pytest.raises(MosaicError, match="nobody waits"):
        submission.submit(request(random_config()), gone)
    assert not (home / "runs").exists()


def test_a_run_that_cannot_be_registered_is_removed_again(
    submission: Submission, registry: Registry, home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    plan, run = submission.submit(request(random_config()))
    registry._db.execute("PRAGMA query_only = 1")
    with pytest.raises(MosaicError, match="cannot be registered"):
        submission.register(plan, run)
    registry._db.execute("PRAGMA query_only = 0")
    assert not RunFolder.of(home, plan.run_id).path.exists()
    assert LiveRuns(home / "runs").all() == set()
    assert registry.count() == 0
