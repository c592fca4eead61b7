"""The run's ``analytics.json``: the artifact manifests of all its workers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gym_gui.core.regular_files import read_regular
from gym_gui.runs import RunFolder, RunPlan, relative_to_run, write_json_atomic

#: A larger manifest of a worker is not read.
MAX_BYTES = 64 << 20


def merge_manifests(folder: RunFolder, plan: RunPlan) -> dict[str, Any]:
    """Merge the workers' manifests into the run's manifest and write it.

    A worker may write its manifest as ``<run_id>_analytics.json`` (or ``analytics.json``) to its working directory, or
    to the run's folder; there it counts if the run has one worker, or if it names its worker. Paths below the run's
    folder become relative to it, so that the folder can be moved.

    Args:
        folder: The run's folder.
        plan: The run.

    Returns:
        The manifest: ``run_id`` and ``workers {worker_id: manifest}``; an unreadable one as ``{"error", "path"}``.

    Raises:
        OSError: It cannot be written.
    """
    names = (f"{plan.run_id}_analytics.json", "analytics.json")
    shared = [manifest for name in names if (manifest := _load(folder.path / name)) is not None]
    workers: dict[str, Any] = {}
    for worker in plan.workers:
        own = (_load(folder.work(worker.worker_id) / name) for name in names)
        manifest = next((one for one in own if one is not None), None)
        if manifest is None:
            alone = len(plan.workers) == 1
            manifest = next((one for one in shared if _is_of(one, worker.worker_id, alone=alone)), None)
        if manifest is not None:
            workers[worker.worker_id] = _relative(manifest, folder)
    earlier: dict[str, Any] = next((one["workers"] for one in shared if _is_merged(one)), {})
    merged = {"schema": 1, "run_id": plan.run_id, "workers": {**earlier, **workers}}
    write_json_atomic(folder.analytics, merged)
    return merged


def remove_checkpoints(folder: RunFolder) -> None:
    """Remove the checkpoints from a run's manifest, before their files are deleted.

    Raises:
        OSError: The manifest cannot be written.
    """
    merged = _load(folder.analytics)
    if merged is None or not _is_merged(merged):
        return
    for manifest in merged["workers"].values():
        artifacts = manifest.get("artifacts") if isinstance(manifest, dict) else None
        if isinstance(artifacts, dict):
            artifacts.pop("checkpoints", None)
    write_json_atomic(folder.analytics, merged)


def _relative(value: Any, folder: RunFolder) -> Any:
    """Return a manifest with every path below the run's folder relative to it."""
    if isinstance(value, str):
        return relative_to_run(value.removeprefix(f"{folder.path}/"), folder)
    if isinstance(value, dict):
        return {key: _relative(part, folder) for key, part in value.items()}
    if isinstance(value, list):
        return [_relative(part, folder) for part in value]
    return value


def _load(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(read_regular(path, MAX_BYTES))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        return {"error": f"manifest cannot be read: {error}", "path": str(path)}
    if not isinstance(value, dict):
        return {"error": "manifest is not a JSON object", "path": str(path)}
    return value


def _is_merged(manifest: dict[str, Any]) -> bool:
    return isinstance(manifest.get("workers"), dict)


def _is_of(manifest: dict[str, Any], worker_id: str, *, alone: bool) -> bool:
    if _is_merged(manifest):
        return False
    metadata = manifest.get("metadata")
    owner = manifest.get("worker_id") or (metadata.get("worker_id") if isinstance(metadata, dict) else None)
    return alone if owner is None else bool(owner == worker_id)
