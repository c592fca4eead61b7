"""What users write about a run: changes add up, and bad ones change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError, MosaicError
from gym_gui.runs.annotation import (
    MAX_TAGS,
    NOTHING,
    Annotation,
    AnnotationChange,
    annotated,
    annotation_to_change,
    changed,
    check_change,
    read_annotation,
    write_annotation,
)
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.summary import RunSummary

RUN = RunSummary(run_id="01ARZ3NDEKTSV4RRFFQ69G5FAV", run_name="submitted", tags=["a", "b"])


def after(*changes: AnnotationChange) -> RunSummary:
    annotation = NOTHING
    for change in changes:
        check_change(change)
        annotation = changed(annotation, change, RUN.tags, by="ada", at=1.0)
    return annotated(RUN, annotation)


def test_a_run_without_annotation_is_as_submitted() -> None:
    assert annotated(RUN, NOTHING) is RUN


def test_changes_add_up() -> None:
    run = after(
        AnnotationChange(name="new", starred=True), AnnotationChange(add_tags=["c", "a"]),
        AnnotationChange(notes="why\nnot"), AnnotationChange(remove_tags=["b", "unknown"]),
    )  # fmt: skip
    assert (run.run_name, run.tags, run.notes, run.starred) == ("new", ["a", "c"], "why\nnot", True)


def test_an_empty_name_is_the_submitted_one_and_empty_notes_are_none() -> None:
    run = after(AnnotationChange(name="new", notes="x"), AnnotationChange(name="", notes="", starred=False))
    assert (run.run_name, run.notes, run.starred) == ("submitted", "", False)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcde")), max_size=12))
def test_tags_are_a_set_in_order(changes: list[tuple[bool, str]]) -> None:
    expected = ["a", "b"]
    for add, tag in changes:
        if add and tag not in expected:
            expected.append(tag)
        if not add and tag in expected:
            expected.remove(tag)
    steps = [AnnotationChange(**{"add_tags" if add else "remove_tags": [tag]}) for add, tag in changes]
    assert sorted(after(*steps).tags) == sorted(expected)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (AnnotationChange(name="x" * 121), "name"), (AnnotationChange(name="a\x1b[2J"), "name"),
        (AnnotationChange(name="two\nlines"), "name"), (AnnotationChange(add_tags=[""]), "add_tags"),
        (AnnotationChange(add_tags=["x" * 101]), "add_tags"), (AnnotationChange(remove_tags=["\u202e"]), "remove_tags"),
        (AnnotationChange(notes="x" * 100_001), "notes"), (AnnotationChange(notes="\x07"), "notes"),
    ],
)  # fmt: skip
def test_what_is_not_allowed(change: AnnotationChange, path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_change(change)
    assert [problem.path for problem in caught.value.problems] == [path]


def test_a_run_has_a_bounded_number_of_tags() -> None:
    with pytest.raises(ConfigError, match="at most"):
        changed(NOTHING, AnnotationChange(add_tags=[str(number) for number in range(MAX_TAGS - 1)]), RUN.tags, by="")


def test_it_is_kept_beside_run_json(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / RUN.run_id)
    folder.create()
    assert read_annotation(folder) is NOTHING
    annotation = Annotation(name="ä", tags=["x"], notes="n", starred=True, by="ada", at=2.0)
    write_annotation(folder, annotation)
    assert read_annotation(folder).tags == ["x"]
    folder.annotation.write_text("{")
    assert read_annotation(folder) is NOTHING
    with pytest.raises(MosaicError, match="cannot be read") as caught:  # or the change would overwrite it
        annotation_to_change(folder)
    assert caught.value.next_step
    folder.annotation.unlink()
    folder.annotation.mkdir()
    assert read_annotation(folder) is NOTHING
    write_annotation(folder, annotation)
    assert read_annotation(folder).starred


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MosaicError) as caught:
        write_annotation(RunFolder(tmp_path / "gone"), NOTHING)
    assert caught.value.next_step
