"""What a client asks about studies: each call's request and answer. Does no I/O."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from gym_gui.fleet import StudyResults, StudySpec, StudyState
from gym_gui.rpc.calls import SUBMIT_TIMEOUT_S, Call, user, working_directory
from gym_gui.rpc.converter import json_bytes
from gym_gui.rpc.proto import study_pb2 as pb
from gym_gui.rpc.study_messages import results, specs, studies


def create(
    spec: StudySpec,
    study_id: str,
    environment: dict[str, Any],
    *,
    by: str | None,
    here: bool,
    argv: Sequence[str] | None = None,
    dry_run: bool = False,
) -> Call[StudyState]:
    """Create a study.

    Args:
        spec: What it is made of.
        study_id: Its id: the call may be made to a second daemon, and it is created once.
        environment: What its runs have besides, recorded with no study.
        by: Who asks; ``None``: the user's name.
        here: Whether the daemon is on this machine, and can look at the working directory.
        argv: The command line that goes on record; ``None``: this process's.
        dry_run: Write nothing.
    """
    words = sys.argv if argv is None else argv
    request = pb.CreateStudyRequest(
        spec=specs().encode(spec),
        study_id=study_id,
        by=user() if by is None else by,
        environment_json=json_bytes(environment) if environment else b"",
        argv=[os.fsencode(word).decode("utf-8", "backslashreplace") for word in words],
        working_directory=working_directory() if here else "",
        dry_run=dry_run,
    )
    return Call("CreateStudy", request, studies().decode, SUBMIT_TIMEOUT_S)


def list_studies() -> Call[list[StudyState]]:
    """List the studies."""
    return Call(
        "ListStudies",
        pb.ListStudiesRequest(),
        lambda answer: [studies().decode(each) for each in answer.studies],
        SUBMIT_TIMEOUT_S,
    )


def get(study: str) -> Call[StudyState]:
    """Get a study as it stands."""
    return Call("GetStudy", pb.GetStudyRequest(study=study), studies().decode, SUBMIT_TIMEOUT_S)


def get_spec(study: str) -> Call[StudySpec]:
    """Get what a study was made of."""
    return Call("GetStudySpec", pb.GetStudySpecRequest(study=study), specs().decode)


def retry(study: str, indices: Iterable[int], environment: dict[str, Any], by: str | None) -> Call[StudyState]:
    """Make new runs for assignments. ``by``: who asks; ``None``: the user."""
    request = pb.RetryStudyRequest(
        study=study,
        indices=indices,
        by=user() if by is None else by,
        environment_json=json_bytes(environment) if environment else b"",
    )
    return Call("RetryStudy", request, studies().decode, SUBMIT_TIMEOUT_S, tries=1)


def cancel(study: str, reason: str, by: str | None) -> Call[StudyState]:
    """Ask all runs of a study to end. ``by``: who asks; ``None``: the user."""
    request = pb.CancelStudyRequest(study=study, reason=reason, by=user() if by is None else by)
    return Call("CancelStudy", request, studies().decode, SUBMIT_TIMEOUT_S)


def delete(study: str, *, runs: bool) -> Call[int]:
    """Remove a study, and its runs if asked."""
    request = pb.DeleteStudyRequest(study=study, runs=runs)
    return Call("DeleteStudy", request, lambda answer: int(answer.runs), SUBMIT_TIMEOUT_S, tries=1)


def get_results(study: str) -> Call[StudyResults]:
    """Get what a study came to."""
    return Call("GetStudyResults", pb.GetStudyResultsRequest(study=study), results().decode, SUBMIT_TIMEOUT_S)
