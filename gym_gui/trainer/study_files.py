"""Parts of studies on disk: the private variables of their runs, checks of their run configs, files that runs left."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.fleet import RETRIED, AssignmentState, ResultFile, Study, StudyFolder, StudyState, shown_split
from gym_gui.reading import list_files
from gym_gui.runs import READ_ERRORS, RunFolder, read_json, read_machine, write_json_atomic
from gym_gui.trainer.submission import Submission

logger = logging.getLogger(__name__)

#: Folders of a run with what its workers left, beside its manifest.
_RESULT_FOLDERS = ("checkpoints", "tensorboard", "videos", "work")


def check_study(submission: Submission, study: Study, environment: dict[str, Any]) -> None:
    """Check every run config of a study, one for all that differ in ``seeds`` alone; blocks.

    Raises:
        ConfigError: One is not valid, or holds a secret.
    """
    checked = set()
    for assignment in study.assignments:
        unseeded = {key: value for key, value in shown_split(assignment.split).items() if key != "seed"}
        key = json.dumps(unseeded if study.spec.seeds else assignment.index)
        if key in checked:
            continue
        checked.add(key)
        config = assignment.run_config
        try:
            planned = submission.planned(config_bytes(completed(config, environment)))
        except ConfigError as error:
            error.what = f"the run config of assignment {assignment.index} is not valid"
            error.where = json.dumps(shown_split(assignment.split), ensure_ascii=False)
            error.next_step = "Fix it and try again. Nothing was submitted."
            raise
        own = config.get("environment") or {}
        if any(secrets.config is not None or secrets.environment.keys() & own for secrets in planned.secrets.values()):
            problem = Problem(
                "base_config",
                "has a secret, and a study keeps its configs on record",
                allowed="the name of a variable in `secrets`, whose value is taken from your environment",
            )
            raise ConfigError("the study cannot be created", [problem], next_step="Nothing was submitted.")


def to_retry(state: StudyState, indices: Collection[int]) -> Sequence[AssignmentState]:
    """Return the assignments that a retry is for.

    Raises:
        UsageError: One of them is under way or completed, or does not exist, or there is none.
    """
    for index in indices:
        if not 0 <= index < len(state.assignments):
            raise UsageError(
                f"study {state.name!r} has no assignment {index}",
                where=state.study_id,
                next_step=f"its assignments are 0 to {len(state.assignments) - 1}",
            )
        each = state.assignments[index]
        if each.state not in RETRIED:
            raise UsageError(
                f"assignment {index} of study {state.name!r} is {each.state}",
                where=each.runs[-1].run_id,
                why="a retry is for assignments that failed or were cancelled",
                next_step="leave it out",
            )
    wanted = [
        each for each in state.assignments if each.state in RETRIED and (each.index in indices if indices else True)
    ]
    if not wanted:
        raise UsageError(
            f"no assignment of study {state.name!r} has failed or was cancelled",
            where=state.study_id,
            next_step=f"mosaic study show {state.study_id}",
        )
    return wanted


def write_study(folder: StudyFolder, study: Study, environment: dict[str, Any]) -> None:
    """Write a study; last ``study.json``, from which on its runs are submitted whatever happens.

    Raises:
        MosaicError: The disk refused.
    """
    try:
        folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if environment:
            write_json_atomic(folder.environment, environment)
    except OSError as error:
        raise MosaicError(
            f"study {study.name!r} cannot be written: {error.strerror}",
            where=str(folder.path),
            next_step="mosaic doctor",
        ) from error
    folder.save(study)


def read_environment(folder: StudyFolder) -> dict[str, Any]:
    """Return the private variables of a study's runs; none where they cannot be read."""
    try:
        found = read_json(folder.environment)
    except READ_ERRORS as error:
        logger.warning("%s cannot be read: %s", folder.environment, error)
        return {}
    return found if isinstance(found, dict) else {}


def completed(config: dict[str, Any], environment: dict[str, Any]) -> dict[str, Any]:
    """Return a run config with the variables that are on no record of the study."""
    base, secret = environment.get("base_environment"), environment.get("environment")
    completed = dict(config)
    if base:
        completed.setdefault("base_environment", base)
    if secret:
        completed["environment"] = {**(config.get("environment") or {}), **secret}
    return completed


def machines_of(home: Path, runs: Collection[str]) -> dict[str, str]:
    """Return by run where each was placed."""
    return {run_id: read_machine(RunFolder.of(home, run_id)) for run_id in runs}


def result_files(home: Path, run_id: str) -> list[ResultFile]:
    """Return the files that a run left: its manifest, and those of its workers."""
    folder = RunFolder.of(home, run_id)
    found = (
        [ResultFile(path=folder.analytics.name, bytes=_size(folder.analytics))] if folder.analytics.is_file() else []
    )
    for name in _RESULT_FOLDERS:
        with contextlib.suppress(UsageError):  # the run has none
            listed = list_files(folder, name, recursive=True)
            found += [ResultFile(path=each.path, bytes=each.bytes) for each in listed.entries if each.kind == "file"]
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def stamp_of(path: Path) -> object:
    """Return what differs once a file was written again; ``None`` without it."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns


def config_bytes(config: dict[str, Any]) -> bytes:
    """Return a run config as it is submitted."""
    try:
        return json.dumps(config, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(config).encode()
