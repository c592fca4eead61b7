"""The errors of installs: a full disk, a failed step, a worker that does not work."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.process import CommandError, DiskFullError, is_disk_full
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.environments.source import Source
from gym_gui.workers.probe import index_name, left_out, missing_module
from gym_gui.workers.record import WorkerRecord


def of_disk(error: OSError, folder: EnvironmentFolder) -> MosaicError:
    """Return the error for one of the operating system in a folder of environments."""
    if is_disk_full(error):
        return no_room(folder, str(error), None)
    return MosaicError(
        f"the environment cannot be written: {error.strerror or error}",
        where=str(error.filename or folder.path),
        next_step="mosaic doctor",
    )


def no_room(folder: EnvironmentFolder, said: str, log: Path | None) -> DiskFullError:
    """Return the error for a full disk, with the room that is left where an install writes.

    Args:
        folder: The worker's environments.
        said: Output of the program that found the disk full.
        log: The install's log.
    """
    places = {str(folder.path.parent): shutil.disk_usage(folder.path.parent).free}
    with contextlib.suppress(OSError):
        places[tempfile.gettempdir()] = shutil.disk_usage(tempfile.gettempdir()).free
    free = ", ".join(f"{room >> 20:,} MiB free at {place}" for place, room in places.items())
    return DiskFullError(
        "the disk is full: nothing was installed, and the files that were written are removed",
        where=free + (f"; log: {log}" if log else ""),
        why=said if len(said) <= 500 else said[:499] + "…",
        next_step="free disk space, or use a home on a larger disk (--home DIR); TMPDIR says where pip unpacks",
    )


def step_failed(error: CommandError, log: Path, *, kept: bool) -> MosaicError:
    """Return the error for a step of an install that failed.

    Args:
        error: Of the step's program.
        log: The install's log.
        kept: The finished steps are kept for the next attempt.
    """
    again = "; the steps that are done are kept for the next attempt" if kept else ""
    why, fix = error.quoted(), "fix the requirement, or check that the package index can be reached"
    if "setuptools.backends" in why:  # a name that many templates of pyproject.toml have, and setuptools has not
        fix = 'in its pyproject.toml: build-backend = "setuptools.build_meta"'
    return MosaicError(f"{error.step} failed", where=f"log: {log}", why=why, next_step=f"{fix}{again}")


def not_registered(source: Source, workers: Sequence[WorkerRecord]) -> MosaicError:
    """Return the error for a package that does not register the worker that was to be installed.

    Args:
        source: Where the package comes from.
        workers: Those that it registers.
    """
    next_step = 'add [project.entry-points."mosaic.workers"] to its pyproject.toml'
    if workers:
        named = workers[0].name + source.extras
        next_step = shlex.join(["mosaic", "workers", "install", named, "--from", source.origin])
    names = ", ".join(worker.name for worker in workers)
    return MosaicError(
        f"the package registers no worker {source.name!r}",
        where=source.origin,
        why=f"it registers {names}" if names else "it registers none",
        next_step=next_step,
    )


def does_not_work(worker: WorkerRecord, environment: WorkerEnvironment, log: Path) -> MosaicError:
    """Return the error for a worker that was installed and is broken.

    Args:
        worker: Its record, with the reason.
        environment: Where it is installed.
        log: The install's log.
    """
    broken = worker.broken or ""
    missing = missing_module(broken)
    next_step = left_out(missing) or "fix the package, then install it again"
    if missing and not missing.startswith(("gym_gui.", f"{worker.package}.")) and missing != worker.package:
        again = shlex.join([*environment.command(), "--with", index_name(missing)])
        next_step = f"{again}\n         (for good: add the package of {missing} to the worker's dependencies)"
    return MosaicError(
        f"{worker.distribution} {worker.version} was installed, but the worker does not work",
        where=f"log: {log}",
        why=broken,
        next_step=next_step,
    )
