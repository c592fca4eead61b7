"""The manifest of a run's artifacts: what a worker left behind and where."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Mapping

from gym_gui.core.worker.encoding import to_jsonable
from gym_gui.core.worker.errors import ConfigError, Problem, nearest

SCHEMA_VERSION = 1


@dataclass
class TensorBoardMetadata:
    """TensorBoard files.

    Args:
        log_dir: Their folder; relative to the run's (or the worker's working) folder unless absolute.
        enabled: Whether they were written.
        port: Port of the server that shows them, if one runs.
        url: Where they can be viewed.
    """

    log_dir: str
    enabled: bool = True
    port: int | None = None
    url: str | None = None


@dataclass
class WandBMetadata:
    """A Weights & Biases run.

    Args:
        project: Its project.
        entity: The user or team it belongs to.
        run_id: Its id there.
        run_name: Its name there.
        url: Where it can be viewed.
        enabled: Whether it was logged to.
        offline_dir: Folder of an offline run.
    """

    project: str | None = None
    entity: str | None = None
    run_id: str | None = None
    run_name: str | None = None
    url: str | None = None
    enabled: bool = True
    offline_dir: str | None = None


@dataclass
class CheckpointMetadata:
    """Checkpoints.

    Args:
        directory: Their folder.
        format: Who can read them, e.g. ``"pytorch"``.
        files: Their names within the folder, oldest first.
        best_checkpoint: The one to evaluate.
        final_checkpoint: The one to resume from.
        frequency: Steps between two.
    """

    directory: str = "checkpoints"
    format: str = "pytorch"
    files: list[str] = field(default_factory=list)
    best_checkpoint: str | None = None
    final_checkpoint: str | None = None
    frequency: int | None = None


@dataclass
class ArtifactsMetadata:
    """Everything a worker left behind. What there is none of is ``None``.

    Args:
        tensorboard: TensorBoard files: their folder, or more about them.
        wandb: Weights & Biases run.
        checkpoints: Checkpoints.
        logs_dir: Folder of log files.
        videos_dir: Folder of videos.
        frames_dir: Folder of rendered frames.
        plots: Picture files.
    """

    tensorboard: str | TensorBoardMetadata | None = None
    wandb: WandBMetadata | None = None
    checkpoints: CheckpointMetadata | None = None
    logs_dir: str | None = None
    videos_dir: str | None = None
    frames_dir: str | None = None
    plots: list[str] = field(default_factory=list)


@dataclass
class WorkerAnalyticsManifest:
    """What one worker of a run left behind, saved as JSON.

    Args:
        run_id: The run.
        worker_type: The kind of worker.
        artifacts: What it left.
        metadata: Anything else about the run that explains them (algorithm, environment, …); JSON-ready.
        worker_id: The instance of the worker.
        created_at: Unix time in seconds.
        schema_version: Version of this layout.

    Raises:
        ConfigError: A field holds something of another kind; every such field is named.
    """

    run_id: str
    worker_type: str
    artifacts: ArtifactsMetadata = field(default_factory=ArtifactsMetadata)
    metadata: dict[str, Any] = field(default_factory=dict)
    worker_id: str | None = None
    created_at: float = field(default_factory=time.time)
    schema_version: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        problems = self.problems()
        if problems:
            raise ConfigError("the analytics manifest is not valid", problems)

    def problems(self) -> list[Problem]:
        """Return every fault of the manifest."""
        found = [
            Problem(name, "must be text", value=getattr(self, name), allowed="a name")
            for name in ("run_id", "worker_type")
            if not isinstance(getattr(self, name), str) or not getattr(self, name)
        ]
        artifacts: Any = self.artifacts
        metadata: Any = self.metadata
        if not isinstance(artifacts, ArtifactsMetadata):
            return [*found, _kind("artifacts", artifacts, "ArtifactsMetadata")]
        if not isinstance(metadata, dict):
            found.append(_kind("metadata", metadata, "a dict"))
        if self.schema_version != SCHEMA_VERSION:
            found.append(
                Problem("schema_version", "is unknown", value=self.schema_version, allowed=str(SCHEMA_VERSION))
            )
        for name, kinds in _ARTIFACTS.items():
            value = getattr(artifacts, name)
            if value is not None and not isinstance(value, kinds):
                found.append(_kind(f"artifacts.{name}", value, " or ".join(kind.__name__ for kind in kinds)))
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as a JSON-ready dict; artifacts of which there are none are left out."""
        values: dict[str, Any] = _plain(self)
        values["artifacts"] = {name: value for name, value in values["artifacts"].items() if value not in (None, [])}
        return values

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WorkerAnalyticsManifest:
        """Build a manifest from its dict.

        Raises:
            ConfigError: It is not a manifest; every fault is named.
        """
        problems: list[Problem] = []
        values = _known(cls, data, "", problems)
        raw = values.get("artifacts")
        if isinstance(raw, Mapping):
            artifacts = _known(ArtifactsMetadata, raw, "artifacts.", problems)
            for name, kind in _PARTS.items():
                if isinstance(artifacts.get(name), Mapping):
                    artifacts[name] = _build(kind, artifacts[name], f"artifacts.{name}.", problems)
            values["artifacts"] = ArtifactsMetadata(**artifacts)
        problems += [
            Problem(name, "is missing", allowed="a name") for name in ("run_id", "worker_type") if name not in values
        ]
        if problems:
            raise ConfigError("the analytics manifest is not valid", problems)
        return cls(**values)

    def save(self, path: str | Path) -> Path:
        """Write the manifest, whole or not at all.

        Returns:
            Where it was written.

        Raises:
            OSError: The disk refused.
        """
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        text = json.dumps(self.to_dict(), indent=2, sort_keys=True, ensure_ascii=False, default=to_jsonable)
        try:
            temporary.write_text(text + "\n", encoding="utf-8")
            temporary.replace(path)
        except OSError:
            if temporary.exists():
                temporary.unlink()
            raise
        return path

    @classmethod
    def load(cls, path: str | Path) -> WorkerAnalyticsManifest:
        """Read a manifest.

        Raises:
            FileNotFoundError: There is none.
            ConfigError: It is not a manifest; every fault is named.
        """
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigError(f"the analytics manifest is not JSON: {error}", where=str(path)) from None
        try:
            return cls.from_dict(data)
        except ConfigError as error:
            raise ConfigError(error.what, error.problems, where=str(path)) from None


_ARTIFACTS: dict[str, tuple[type, ...]] = {
    "tensorboard": (str, TensorBoardMetadata),
    "wandb": (WandBMetadata,),
    "checkpoints": (CheckpointMetadata,),
    "logs_dir": (str,),
    "videos_dir": (str,),
    "frames_dir": (str,),
    "plots": (list,),
}
_PARTS: dict[str, type] = {
    "tensorboard": TensorBoardMetadata,
    "wandb": WandBMetadata,
    "checkpoints": CheckpointMetadata,
}


def _plain(value: Any) -> Any:
    if hasattr(value, "__dataclass_fields__"):
        return {entry.name: _plain(getattr(value, entry.name)) for entry in fields(value)}
    return dict(value) if isinstance(value, dict) else list(value) if isinstance(value, (list, tuple)) else value


def _kind(path: str, value: Any, allowed: str) -> Problem:
    return Problem(path, f"is a {type(value).__name__}", value=repr(value), allowed=allowed)


def _known(cls: Any, data: Any, path: str, problems: list[Problem]) -> dict[str, Any]:
    """Return the values that a class knows; the others become problems."""
    if not isinstance(data, Mapping):
        problems.append(_kind(path.rstrip(".") or "manifest", data, "a JSON object"))
        return {}
    names = [entry.name for entry in fields(cls)]
    problems += [
        Problem(f"{path}{name}", "is unknown", value=value, nearest=nearest(str(name), names))
        for name, value in data.items()
        if name not in names
    ]
    return {name: value for name, value in data.items() if name in names}


def _build(cls: Any, data: Any, path: str, problems: list[Problem]) -> Any:
    values = _known(cls, data, path, problems)
    try:
        return cls(**values)
    except TypeError as error:
        problems.append(Problem(path.rstrip("."), str(error)))
        return None


__all__ = [
    "ArtifactsMetadata",
    "CheckpointMetadata",
    "TensorBoardMetadata",
    "WandBMetadata",
    "WorkerAnalyticsManifest",
]
