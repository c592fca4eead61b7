"""The files of a run as a page lists them, and what can be looked into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from gym_gui.core.terminal_text import escape_lines
from gym_gui.look import figures
from gym_gui.reading import FileEntry

#: Bytes of a text, and of a picture, that are looked into.
_TEXT_BYTES, _PICTURE_BYTES = 256 << 10, 16 << 20
_TEXTS = (".json", ".jsonl", ".log", ".txt", ".csv", ".yaml", ".yml", ".toml", ".py", ".md", ".asl", ".lock")


class Preview(NamedTuple):
    """How a file is looked into.

    Args:
        kind: As a picture, as text, or not at all.
        length: Bytes that are read of it.
        why: Why it is not.
    """

    kind: Literal["picture", "text", ""]
    length: int = 0
    why: str = ""


def preview_of(entry: FileEntry) -> Preview:
    """Return how a file is looked into."""
    if entry.media_type.startswith("image/") and entry.bytes <= _PICTURE_BYTES:
        return Preview("picture", entry.bytes)
    if entry.media_type.startswith("text/") or entry.path.endswith(_TEXTS):
        return Preview("text", _TEXT_BYTES)
    kind = entry.media_type or "unknown kind"
    return Preview("", why=f"{figures.size(entry.bytes)} of {kind}: save it to open it")


def preview_text(entry: FileEntry, data: bytes) -> str:
    """Return what is shown of a text.

    Args:
        entry: The file.
        data: Its first bytes.
    """
    rest = "\n… the rest: Save as" if entry.bytes > len(data) else ""
    return escape_lines(data.decode("utf-8", "replace")) + rest


def matching_files(entries: Sequence[FileEntry], word: str) -> list[FileEntry]:
    """Return the files with a word in their paths."""
    word = word.strip().casefold()
    return [entry for entry in entries if word in entry.path.casefold()]


def files_text(entries: Sequence[FileEntry], *, truncated: bool) -> str:
    """Return how many files there are, and how large they are together.

    Args:
        entries: The files.
        truncated: There are more than could be listed.
    """
    size = figures.size(sum(entry.bytes for entry in entries))
    text = f"{len(entries):,} files, {size}" if entries else "no file has this in its name"
    return f"{text}; there are more than can be listed" if truncated else text
