from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import (
    ArtifactsMetadata,
    CheckpointMetadata,
    ConfigError,
    TensorBoardMetadata,
    WandBMetadata,
    WorkerAnalyticsManifest,
)


def full() -> WorkerAnalyticsManifest:
    return WorkerAnalyticsManifest(
        run_id="r",
        worker_type="myworker",
        worker_id="000001",
        artifacts=ArtifactsMetadata(
            tensorboard=TensorBoardMetadata(log_dir="tensorboard"),
            wandb=WandBMetadata(project="p", entity=None, run_id="i", run_name="n", url="https://example.org"),
            checkpoints=CheckpointMetadata(
                directory="checkpoints", format="pytorch", files=["1.pt"], final_checkpoint="1.pt"
            ),
            logs_dir="logs",
            plots=["curve.png"],
        ),
        metadata={"env_id": "CartPole-v1", "seed": None},
    )


@pytest.mark.parametrize(
    "manifest",
    [
        full(),
        WorkerAnalyticsManifest(run_id="r", worker_type="t"),
        WorkerAnalyticsManifest("r", "t", ArtifactsMetadata(tensorboard="tb", wandb=None, videos_dir=None)),
    ],
)
def test_saved_manifests_come_back(tmp_path: Path, manifest: WorkerAnalyticsManifest) -> None:
    path = manifest.save(tmp_path / "deeper" / "r_analytics.json")
    assert WorkerAnalyticsManifest.load(path) == manifest
    assert WorkerAnalyticsManifest.from_dict(manifest.to_dict()) == manifest
    assert [entry.name for entry in path.parent.iterdir()] == ["r_analytics.json"]


def test_paths_and_arrays_in_the_metadata_are_written_as_they_read(tmp_path: Path) -> None:
    path = WorkerAnalyticsManifest("r", "t", metadata={"path": Path("/a")}).save(str(tmp_path / "m.json"))
    assert json.loads(path.read_text())["metadata"] == {"path": "/a"}


def test_every_fault_is_named() -> None:
    with pytest.raises(ConfigError) as caught:
        WorkerAnalyticsManifest.from_dict(
            {"run_di": "r", "artifacts": {"tensorbord": "x", "checkpoints": {"form": "pytorch"}}}
        )
    problems = {problem.path: problem.nearest for problem in caught.value.problems}
    assert problems == {
        "run_di": "run_id",
        "artifacts.tensorbord": "tensorboard",
        "artifacts.checkpoints.form": "format",
        "run_id": None,
        "worker_type": None,
    }


@pytest.mark.parametrize(
    "values",
    [
        {"run_id": ""},
        {"worker_type": 3},
        {"artifacts": {"tensorboard": 3}},
        {"artifacts": ArtifactsMetadata(tensorboard=3)},  # type: ignore[arg-type]
        {"metadata": []},
        {"schema_version": 99},
    ],
)
def test_wrong_kinds_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        WorkerAnalyticsManifest(**{"run_id": "r", "worker_type": "t", **values})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"run_id": "r", "worker_type": "t", "artifacts": []}'])
def test_files_that_are_no_manifest(tmp_path: Path, text: str) -> None:
    path = tmp_path / "m.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        WorkerAnalyticsManifest.load(path)
    assert str(path) in str(caught.value)


def test_disk_that_refuses_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "m.json").mkdir()
    with pytest.raises(OSError, match=r"m\.json"):
        full().save(tmp_path / "m.json")
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.startswith(".m")] == []
