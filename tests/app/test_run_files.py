"""What can be looked into of a run's files, and how."""

from __future__ import annotations

import pytest

from gym_gui.app.run_files import files_text, matching_files, preview_of, preview_text
from gym_gui.reading import FileEntry


def file(path: str, size: int = 10, media_type: str = "") -> FileEntry:
    return FileEntry(path=path, kind="file", bytes=size, media_type=media_type)


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (file("plots/a.png", media_type="image/png"), "picture"),
        (file("plots/a.png", 17 << 20, "image/png"), ""),
        (file("notes.html", media_type="text/html"), "text"),
        (file("logs/worker.jsonl"), "text"),
        (file("checkpoints/last.pt"), ""),
    ],
)
def test_pictures_and_texts_are_looked_into(entry: FileEntry, kind: str) -> None:
    found = preview_of(entry)
    assert found.kind == kind
    assert bool(found.length) == bool(kind)
    assert ("save it to open it" in found.why) == (not kind)


def test_a_text_shows_no_control_characters_and_says_that_it_goes_on() -> None:
    assert preview_text(file("a.txt", 4), b"a\x1b[2") == "a\\x1b[2"
    assert preview_text(file("a.txt", 400), b"abc\xff") == "abc\N{REPLACEMENT CHARACTER}\n… the rest: Save as"


def test_files_are_found_by_a_part_of_their_path_in_any_case() -> None:
    entries = [file("checkpoints/A.pt", 1024), file("run.json", 1024)]
    assert matching_files(entries, " CHECK") == entries[:1]
    assert files_text(entries, truncated=False) == "2 files, 2.0 KiB"
    assert files_text(entries, truncated=True).endswith("; there are more than can be listed")
    assert files_text([], truncated=False) == "no file has this in its name"
