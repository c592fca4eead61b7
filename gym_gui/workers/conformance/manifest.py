"""The manifest of what a run left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gym_gui.core.worker.analytics import WorkerAnalyticsManifest
from gym_gui.core.worker.errors import ConfigError
from gym_gui.workers.conformance._resumed import checkpoint_path
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("manifest")
_NAME = "analytics.json"


def _path(subject: Subject) -> Path | None:
    run = subject.trained
    folders = (subject.work(run), subject.run_folder(run))
    names = (f"{run.run_id}_{_NAME}", _NAME)
    return next((path for folder in folders for name in names if (path := folder / name).is_file()), None)


def read_manifest(subject: Subject) -> dict[str, Any]:
    """Return the manifest of the short run.

    Raises:
        NotApplicable: There is none, or it is not valid.
    """
    path = _path(subject)
    if path is None:
        raise NotApplicable("it writes no manifest")
    try:
        manifest = json.loads(path.read_bytes())
        return WorkerAnalyticsManifest.from_dict(manifest).to_dict()
    except (ValueError, ConfigError):
        raise NotApplicable("its manifest is not valid") from None


@BOOK.warning(
    "manifest-written",
    "A completed run leaves an analytics manifest.",
    why="Checkpoints, TensorBoard files and videos are found through it later.",
    mend="Write a `WorkerAnalyticsManifest` to `<run_id>_analytics.json` in the working directory.",
)
def manifest_written(subject: Subject) -> str | None:
    return None if _path(subject) else "there is none in the working directory or the run's folder"


@BOOK.error(
    "manifest-valid",
    "The manifest can be read and is this run's.",
    why="One that cannot be read hides all that the run left behind.",
    mend="Write it with `WorkerAnalyticsManifest(...).save(path)`, which checks it.",
)
def manifest_valid(subject: Subject) -> str | None:
    path = _path(subject)
    if path is None:
        raise NotApplicable("it writes no manifest")
    try:
        manifest = WorkerAnalyticsManifest.load(path)
    except ConfigError as error:
        return f"{error.what}: {'; '.join(map(str, error.problems))[:300]}"
    own = subject.trained.run_id
    return None if manifest.run_id == own else f"its run_id is {manifest.run_id}, the run is {own}"


@BOOK.warning(
    "manifest-exists",
    "The files that the manifest lists exist.",
    why="A list of files that were never written sends people looking for them.",
    mend="List a folder or file only after it was written; leave the others `None`.",
)
def manifest_exists(subject: Subject) -> str | None:
    roots = (subject.work(subject.trained), subject.run_folder(subject.trained))
    missing = [
        name for name in listed_paths(read_manifest(subject)) if not any((root / name).exists() for root in roots)
    ]
    return f"missing: {', '.join(missing[:5])}" if missing else None


@BOOK.warning(
    "manifest-complete",
    "The manifest lists the checkpoints that were announced.",
    why="A checkpoint that is not listed is not found.",
    mend="Fill `CheckpointMetadata(directory=..., files=[...])` from the files in the folder when the run ends.",
)
def manifest_complete(subject: Subject) -> str | None:
    checkpoints = read_manifest(subject).get("artifacts", {}).get("checkpoints") or {}
    listed = {Path(name).name for name in checkpoints.get("files", [])}
    payloads = [event.get("payload") for event in subject.trained.of("checkpoint_saved")]
    paths = [Path(path) for item in payloads if isinstance(item, dict) and (path := checkpoint_path(item))]
    left = sorted({path.name for path in paths if path.exists() and path.name not in listed})
    return f"not listed: {', '.join(left[:5])}" if left else None


def listed_paths(manifest: dict[str, Any]) -> Iterator[str]:
    """Yield every path that a manifest names."""
    artifacts = manifest.get("artifacts", {})
    for name in ("logs_dir", "videos_dir", "frames_dir"):
        if artifacts.get(name):
            yield artifacts[name]
    tensorboard = artifacts.get("tensorboard")
    folder = tensorboard.get("log_dir") if isinstance(tensorboard, dict) else tensorboard
    if folder:
        yield folder
    yield from artifacts.get("plots", [])
    checkpoints = artifacts.get("checkpoints")
    if checkpoints:
        yield checkpoints["directory"]
        names = [*checkpoints.get("files", []), checkpoints.get("best_checkpoint"), checkpoints.get("final_checkpoint")]
        yield from (str(Path(checkpoints["directory"], name)) for name in dict.fromkeys(names) if name)
