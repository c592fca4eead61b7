"""Text from outside as a terminal may show it: what acts on a terminal or cannot be seen is written as an escape.

Standard library alone (Python 3.8+): logging and every room use it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Match

# All control characters (C0, DEL, C1) but tab; line and paragraph separators; bidirectional and zero-width characters;
# fillers and other characters that are never drawn; lone surrogates; tags. Combining marks and variation selectors are
# ordinary text. A flag made of tags (Scotland's) is found first, as a whole.
_SUSPECT = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{2,6}\U000e007f)|"
    "[\x00-\x08\x0a-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
_VIRAMA = 9
_NAMED = {"\n": "\\n", "\r": "\\r", "\x1b": "\\x1b"}


def escape(text: str) -> str:
    """Return text that takes one line of a terminal: a tab stays, a line break becomes ``\\n``.

    Args:
        text: Anything, lone surrogates included.
    """
    return _SUSPECT.sub(_escaped, text)


def escape_lines(text: str) -> str:
    """Return text of several lines: line breaks stay, everything else as in :func:`escape`."""
    return "\n".join(map(escape, text.replace("\r\n", "\n").split("\n")))


def control_character(text: str, *, allow: str = "") -> str:
    """Return the first character that a name must not hold, as an escape; empty if there is none.

    Args:
        text: A name, or free text.
        allow: Characters that may stand in it all the same, such as tab and newline in notes.
    """
    for found in _SUSPECT.finditer(text):
        if found[0] not in allow and _escaped(found) != found[0]:
            return _escaped(found)
    return "\\t" if "\t" in text and "\t" not in allow else ""


def _escaped(found: Match[str]) -> str:
    character = found[0]
    if found["flag"] or (character in (_JOINER, _NON_JOINER) and _joins(found)):
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python hands on those of file names and arguments
        code -= 0xDC00
    return _NAMED.get(character) or (
        "\\x{:02x}" if code < 0x100 else "\\u{:04x}" if code < 0x10000 else "\\U{:08x}"
    ).format(code)


def _joins(found: Match[str]) -> bool:
    """Whether a joiner stands where scripts and emoji need it (as in RFC 5892, appendix A)."""
    text, start = found.string, found.start()
    before, after = text[start - 1 : start], text[start + 1 : start + 2]
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if found[0] == _NON_JOINER:
        return unicodedata.bidirectional(before) in ("AL", "NSM") and unicodedata.bidirectional(after) == "AL"
    emoji = before in _SKIN_TONES + "\ufe0f" or unicodedata.category(before) == "So"
    return emoji and unicodedata.category(after) in ("So", "Sm")


__all__ = ["control_character", "escape", "escape_lines"]
