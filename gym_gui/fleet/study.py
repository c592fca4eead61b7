"""A study: its base config, how it is split, and the runs of each assignment; kept as ``study.json``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import MosaicError, NotFoundError, UsageError, nearest
from gym_gui.fleet.splitting import Split
from gym_gui.runs import is_run_id, write_json_atomic

STUDY_SCHEMA = 1


class StudySpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a study is made from."""

    name: str
    base_config: dict[str, Any] = {}
    """A run config; a worker's settings where ``worker`` is given; any JSON object where ``command`` is."""
    description: str = ""
    worker: str = ""
    """The worker that the base config has settings for."""
    command: str = ""
    """A command template, or the name of a known one."""
    splits: list[Split] = []
    paired: bool = False
    """Take the values of the splits together, instead of every combination."""
    num_splits: int | None = None
    """Number of parts that splits without values are dealt out to."""
    seeds: list[int] = []
    weights: list[float] = []
    """One per assignment, for the progress of the study; empty: 1 each."""
    executor: str = ""
    """Empty: as the base config says."""
    priority: int | None = None
    tags: list[str] = []


class StudyRun(msgspec.Struct, kw_only=True):
    """A run of an assignment: its first, or one that was made by a retry."""

    run_id: str
    """Given before the run is submitted, so that it is submitted once."""
    created_at: float
    by: str = ""
    submitted: bool = False
    error: str = ""
    """Why it could not be submitted."""
    cancelled: bool = False
    """The study was cancelled before it was submitted."""


class Assignment(msgspec.Struct, kw_only=True):
    """One part of a study."""

    index: int
    """From 0."""
    split: dict[str, Any]
    """By key: what it has in place of the base config's value."""
    run_config: dict[str, Any]
    weight: float = 1.0
    runs: list[StudyRun] = []
    """The newest last; the others are earlier attempts."""


class Study(msgspec.Struct, kw_only=True):
    """The whole of ``study.json``."""

    schema: int = STUDY_SCHEMA
    study_id: str
    spec: StudySpec
    created_at: float
    """Unix time, seconds."""
    submitter: str = ""
    argv: list[str] = []
    working_directory: str = ""
    assignments: list[Assignment] = []

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pending(self) -> Iterator[tuple[Assignment, StudyRun]]:
        """The runs that are not submitted yet, in order."""
        return (
            (assignment, run)
            for assignment in self.assignments
            for run in assignment.runs
            if not (run.submitted or run.error or run.cancelled)
        )


class UnknownStudyError(NotFoundError):
    """There is no such study.

    Args:
        reference: What was asked for.
        where: The home.
        near: The nearest name that exists.
    """

    def __init__(self, reference: str, where: str = "", near: str | None = None) -> None:
        what = f"there is no study {reference!r}" + (f"; did you mean {near!r}?" if near else "")
        super().__init__(
            what,
            where=where,
            why="STUDY is a study's id, the beginning of it, or its name",
            next_step="list the studies: mosaic study list",
        )


class StudyFolder:
    """The folder of one study.

    Args:
        home: The home.
        study_id: The study.

    Raises:
        UnknownStudyError: That is no id of a study.
    """

    def __init__(self, home: Path, study_id: str) -> None:
        if not is_run_id(study_id):
            raise UnknownStudyError(study_id, str(home))
        self.path = home / "studies" / study_id

    @property
    def study_json(self) -> Path:
        return self.path / "study.json"

    @property
    def environment(self) -> Path:
        """The submitter's variables for runs that are not submitted yet; removed once all are."""
        return self.path / "environment.json"

    def save(self, study: Study) -> None:
        """Write a study atomically.

        Raises:
            MosaicError: The disk refused.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_json_atomic(self.study_json, study)
        except OSError as error:
            raise MosaicError(
                f"study {study.name!r} cannot be written: {error.strerror}",
                where=str(self.study_json),
                next_step="mosaic doctor",
            ) from error

    def load(self) -> Study:
        """Read the study.

        Raises:
            UnknownStudyError: There is none.
            MosaicError: This version cannot read it.
        """
        try:
            study = msgspec.json.decode(read_regular(self.study_json), type=Study)
        except FileNotFoundError:
            raise UnknownStudyError(self.path.name, str(self.path.parent)) from None
        except (OSError, ValueError, RecursionError) as error:
            raise MosaicError(
                f"study {self.path.name} cannot be read",
                where=str(self.study_json),
                why=str(error),
                next_step="restore it from a copy, or remove the folder; its runs stay",
            ) from None
        if study.schema != STUDY_SCHEMA:
            raise MosaicError(
                f"study {self.path.name} has schema {study.schema}",
                where=str(self.study_json),
                why="a newer version of MOSAIC wrote it",
                next_step="upgrade: pip install --upgrade mosaic-rl",
            )
        return study

    def remove(self) -> None:
        """Remove the folder; the study's runs stay."""
        shutil.rmtree(self.path, ignore_errors=True)


def study_ids(home: Path) -> list[str]:
    """Return the ids of a home's studies, the oldest first."""
    try:
        return sorted(path.name for path in (home / "studies").iterdir() if is_run_id(path.name))
    except FileNotFoundError:
        return []


def find_study(reference: str, studies: Sequence[Study], where: str = "") -> Study:
    """Return the study that a user means: by id, the beginning of one, or name.

    Args:
        reference: What the user wrote.
        studies: All studies.
        where: The home, for the error.

    Raises:
        UnknownStudyError: There is no such study.
        UsageError: There are several.
    """
    wanted = reference.strip()
    found = [study for study in studies if study.study_id == wanted.upper()]
    found = found or [study for study in studies if study.name == wanted]
    found = found or [study for study in studies if wanted and study.study_id.startswith(wanted.upper())]
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} studies are called {reference!r}",
            where=", ".join(study.study_id for study in found[:5]),
            next_step="give the study's id",
        )
    if not found:
        raise UnknownStudyError(reference, where, nearest(wanted, [study.name for study in studies]))
    return found[0]
