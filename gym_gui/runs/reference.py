"""Users' references to runs: id, part of an id, name, or ``latest``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from gym_gui.core.worker.errors import UsageError, nearest
from gym_gui.runs.folder import UnknownRunError

LATEST = "latest"
_SHOWN = 5
#: Fewer characters at an id's end could be anything.
_SUFFIX = 4


class NamedRun(NamedTuple):
    """A run and its name."""

    run_id: str
    name: str


def resolve_reference(
    reference: str,
    ids: Sequence[str],
    newest_first: Callable[[], Iterable[NamedRun]],
    *,
    where: str = "",
) -> str:
    """Return the id of the run that a user means.

    Args:
        reference: A run id, ``latest``, the name of one run, or the beginning or end of one id in either case.
        ids: The ids of all runs, at least one.
        newest_first: Returns all runs with their names; called only if the reference is not an id.
        where: The place of the runs, for errors.

    Raises:
        UnknownRunError: There is no such run.
        UsageError: There are several.
    """
    if reference.lower() == LATEST:
        return next(iter(newest_first())).run_id
    wanted = reference.upper()
    if wanted in ids:
        return wanted
    same_name = [run.run_id for run in newest_first() if run.name == reference]
    if len(same_name) == 1:
        return same_name[0]
    if same_name:
        raise _several(f"{len(same_name)} runs are named {reference!r}", same_name, "name one by its id")
    matches = [run_id for run_id in ids if is_part_of_id(wanted, run_id)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        what = f"{len(matches)} runs begin or end with {reference!r}"
        raise _several(what, matches, "give more characters of the id")
    near = nearest(wanted, ids) or nearest(reference, {run.name for run in newest_first()})
    why = f"RUN is a run id, its beginning, its last {_SUFFIX} or more characters, a run's name, or 'latest'"
    raise UnknownRunError(reference, where, why, near)


def is_part_of_id(part: str, run_id: str) -> bool:
    """Return whether a part of an id identifies it."""
    return bool(part) and (run_id.startswith(part) or (len(part) >= _SUFFIX and run_id.endswith(part)))


def _several(what: str, run_ids: Sequence[str], next_step: str) -> UsageError:
    more = f" and {len(run_ids) - _SHOWN} more" if len(run_ids) > _SHOWN else ""
    return UsageError(what, where=", ".join(run_ids[:_SHOWN]) + more, next_step=next_step)
