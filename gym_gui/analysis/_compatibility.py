"""Compatibility of workers with checkpoints, checked without loading them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from gym_gui.core.worker.errors import UsageError
from gym_gui.reading import Checkpoint
from gym_gui.runs import WorkerPlan
from gym_gui.workers import ALGORITHM_FIELDS, WorkerRecord, installed_versions


@dataclass(frozen=True)
class VersionDifference:
    """A library whose version differs between a checkpoint and the worker's environment.

    Args:
        library: Its name.
        saved: The recorded version.
        installed: The version that would load it; ``None``: it is not installed.
    """

    library: str
    saved: str
    installed: str | None

    def __str__(self) -> str:
        now = "is not installed" if self.installed is None else f"is {self.installed}"
        return f"{self.library} was {self.saved} and {now}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON-ready dict."""
        return {"library": self.library, "saved": self.saved, "installed": self.installed}


def check_origin(checkpoint: Checkpoint, worker: WorkerPlan, record: WorkerRecord, mode: str, run_id: str) -> None:
    """Refuse a checkpoint of another kind of worker or another algorithm.

    Anything unrecorded is left to the worker, which checks it when loading.

    Args:
        checkpoint: The checkpoint.
        worker: The worker that is to start with it, as planned in its run.
        record: Its kind.
        mode: ``resume`` or ``evaluate``.
        run_id: Its run.

    Raises:
        UsageError: It does not fit.
    """
    where = f"{checkpoint.path} (run {run_id}, worker {worker.worker_id})"
    owner = f"mosaic {mode} {checkpoint.run_id} --checkpoint {shlex.quote(str(checkpoint.path))}"
    if checkpoint.worker_type and checkpoint.worker_type != worker.worker_type:
        raise UsageError(
            "the checkpoint belongs to another worker",
            where=where,
            why=f"a worker {checkpoint.worker_type} of run {checkpoint.run_id} saved it; this one is {record.name}",
            next_step=f"{mode} the run that saved it: {owner}",
        )
    used = algorithm_of(worker.config, record)
    if checkpoint.algorithm and used and _plain(checkpoint.algorithm) != _plain(used):
        raise UsageError(
            "the checkpoint belongs to another algorithm",
            where=where,
            why=f"it was trained with {checkpoint.algorithm}; run {run_id} uses {used}",
            next_step=f"{mode} the run that saved it: {owner}" if checkpoint.run_id != run_id else "name another",
        )


def version_differences(checkpoint: Checkpoint, record: WorkerRecord) -> list[VersionDifference]:
    """Return the libraries with other versions than at the time of a checkpoint.

    The part after a ``+`` (the build: ``2.13.0+cpu``) and Python's patch releases are ignored. Nothing is imported.

    Raises:
        MosaicError: The worker's interpreter does not answer.
    """
    installed = installed_versions(record.python, checkpoint.libraries)
    return [
        VersionDifference(name, saved, installed[name])
        for name, saved in sorted(checkpoint.libraries.items())
        if _release(name, saved) != _release(name, installed[name])
    ]


def algorithm_of(config: dict[str, Any], record: WorkerRecord) -> str | None:
    """Return the algorithm of a worker's config or defaults, ``None`` without such a field."""
    for name in ALGORITHM_FIELDS:
        value = config.get(name, record.properties.get(name, {}).get("default"))
        if isinstance(value, str) and value:
            return value
    return None


def _plain(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())


def _release(library: str, version: str | None) -> str | None:
    if version is None:
        return None
    release = version.partition("+")[0]
    return ".".join(release.split(".")[:2]) if library.lower() == "python" else release
