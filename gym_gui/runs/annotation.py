"""What users write about a run after its submission: name, tags, notes, a star. ``run.json`` itself never changes."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Sequence

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.runs.files import move_folder_away, write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.names import ALLOWED, LINE_BREAKS_AND_TABS, name_fault
from gym_gui.runs.summary import RunSummary

logger = logging.getLogger(__name__)

#: Bounds of the run config's own fields, which apply here too.
MAX_NAME, MAX_TAG, MAX_TAGS, MAX_NOTES = 120, 100, 100, 100_000


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """All that users wrote about a run; a field that is ``None`` is as submitted."""

    name: str | None = None
    tags: list[str] | None = None
    """Its present tags, all of them."""
    notes: str | None = None
    starred: bool = False
    by: str = ""
    """User of the last change."""
    at: float = 0.0
    """Unix time of the last change, seconds."""


class AnnotationChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what users wrote about a run; a field that is ``None`` or empty changes nothing."""

    name: str | None = None
    """Empty: as submitted."""
    add_tags: list[str] = []
    remove_tags: list[str] = []
    notes: str | None = None
    starred: bool | None = None


NOTHING = Annotation()


def check_change(change: AnnotationChange) -> None:
    """Check a change before it is made.

    Raises:
        ConfigError: A value is not allowed; all problems are listed.
    """
    problems = []
    if change.name is not None and len(change.name) > MAX_NAME:
        problems.append(_too_long("name", change.name, MAX_NAME))
    problems += _faults("name", change.name or "")
    for path, tags in (("add_tags", change.add_tags), ("remove_tags", change.remove_tags)):
        for tag in tags:
            if not tag:
                problems.append(Problem(path, "has an empty tag", value=tag, allowed=f"1 to {MAX_TAG} characters"))
            elif len(tag) > MAX_TAG:
                problems.append(_too_long(path, tag, MAX_TAG))
            problems += _faults(path, tag)
    if change.notes is not None and len(change.notes) > MAX_NOTES:
        problems.append(_too_long("notes", change.notes, MAX_NOTES))
    problems += _faults("notes", change.notes or "", allow=LINE_BREAKS_AND_TABS)
    if problems:
        raise ConfigError("the change is not valid", problems, next_step="correct these fields; nothing was changed")


def changed(
    annotation: Annotation, change: AnnotationChange, submitted_tags: Sequence[str], *, by: str, at: float | None = None
) -> Annotation:
    """Return an annotation after a change.

    Args:
        annotation: The present one.
        change: The change, checked.
        submitted_tags: The run's tags as submitted.
        by: Who changes it.
        at: Unix time, seconds.

    Raises:
        ConfigError: The run would have too many tags.
    """
    tags = annotation.tags
    if change.add_tags or change.remove_tags:
        present = list(submitted_tags if tags is None else tags)
        kept = [tag for tag in dict.fromkeys([*present, *change.add_tags]) if tag not in change.remove_tags]
        if len(kept) > MAX_TAGS:
            problem = Problem("add_tags", f"would make it {len(kept)} tags", allowed=f"at most {MAX_TAGS}")
            raise ConfigError("the change is not valid", [problem], next_step="remove some tags first")
        tags = None if kept == list(submitted_tags) else kept
    return Annotation(
        name=annotation.name if change.name is None else change.name or None,
        tags=tags,
        notes=annotation.notes if change.notes is None else change.notes,
        starred=annotation.starred if change.starred is None else change.starred,
        by=by,
        at=time.time() if at is None else at,
    )


def annotated(run: RunSummary, annotation: Annotation) -> RunSummary:
    """Return a summary, of the run as submitted, with what users wrote."""
    if annotation is NOTHING:
        return run
    return msgspec.structs.replace(
        run,
        run_name=run.run_name if annotation.name is None else annotation.name,
        tags=run.tags if annotation.tags is None else annotation.tags,
        notes=annotation.notes,
        starred=annotation.starred,
    )


def read_annotation(folder: RunFolder) -> Annotation:
    """Return what users wrote about a run; a file that cannot be read counts as nothing written, with a warning."""
    try:
        return annotation_to_change(folder)
    except MosaicError as error:
        _warn_once(f"{error.what}: {error.why} ({error.where})")
        return NOTHING


def annotation_to_change(folder: RunFolder) -> Annotation:
    """Return what users wrote about a run, to be written again with a change.

    Raises:
        MosaicError: The file cannot be read: writing it again would lose what is in it.
    """
    try:
        return msgspec.json.decode(read_regular(folder.annotation), type=Annotation)
    except FileNotFoundError:
        return NOTHING
    except (OSError, ValueError, RecursionError) as error:
        raise MosaicError(
            f"what was written about run {folder.run_id} cannot be read",
            where=str(folder.annotation),
            why=getattr(error, "strerror", None) or str(error),
            next_step="correct the file or its permissions, or move it away: the run is as submitted then",
        ) from None


@functools.lru_cache(maxsize=256)
def _warn_once(text: str) -> None:
    logger.warning("%s", text)


def write_annotation(folder: RunFolder, annotation: Annotation) -> None:
    """Write what users wrote about a run.

    Raises:
        MosaicError: It cannot be written.
    """
    try:
        move_folder_away(folder.annotation)
        write_json_atomic(folder.annotation, annotation)
    except OSError as error:
        raise MosaicError(
            f"what was written about run {folder.run_id} cannot be saved",
            where=str(folder.annotation),
            why=error.strerror or str(error),
            next_step="make room on the disk or correct the folder's permissions, then try again",
        ) from None


def _too_long(path: str, value: str, limit: int) -> Problem:
    return Problem(path, f"has {len(value):,} characters", value=value[:80], allowed=f"at most {limit:,}")


def _faults(path: str, value: str, allow: str = "") -> list[Problem]:
    fault = name_fault(value, allow=allow)
    return [Problem(path, fault, value=value[:80], allowed=ALLOWED)] if fault else []
