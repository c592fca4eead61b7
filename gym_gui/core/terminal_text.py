"""Makes text safe for terminals: control and invisible characters are escaped.

Standard library alone (Python 3.8+): logging and every room use it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Match

# All control characters (C0, DEL, C1) but tab; line and paragraph separators; bidirectional and zero-width characters;
# fillers and other characters without a glyph; lone surrogates; tags. Combining marks and variation selectors are
# ordinary text. A flag made of tags (Scotland's) is matched first, as a whole.
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
    """Return text for one line of a terminal: tabs are kept, line breaks become ``\\n``.

    Args:
        text: Anything, lone surrogates included.
    """
    return _SUSPECT.sub(_escaped, text)


def escape_lines(text: str) -> str:
    """Return text of several lines: line breaks are kept, otherwise as :func:`escape`."""
    return "\n".join(map(escape, text.replace("\r\n", "\n").split("\n")))


def control_character(text: str, *, allow: str = "") -> str:
    """Return the first character not allowed in a name, escaped; empty without one.

    Args:
        text: A name, or free text.
        allow: Characters that are allowed, such as tab and newline in notes.
    """
    for match in _SUSPECT.finditer(text):
        if match[0] not in allow and _escaped(match) != match[0]:
            return _escaped(match)
    return "\\t" if "\t" in text and "\t" not in allow else ""


def _escaped(match: Match[str]) -> str:
    character = match[0]
    if match["flag"] or (character in (_JOINER, _NON_JOINER) and _joins(match)):
        return character
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, in Python's text of file names and arguments
        code -= 0xDC00
    return _NAMED.get(character) or (
        "\\x{:02x}" if code < 0x100 else "\\u{:04x}" if code < 0x10000 else "\\U{:08x}"
    ).format(code)


def _joins(match: Match[str]) -> bool:
    """Return whether a joiner is where scripts and emoji need it (RFC 5892, appendix A)."""
    text, start = match.string, match.start()
    before, after = text[start - 1 : start], text[start + 1 : start + 2]
    if not before or not after:
        return False
    if unicodedata.combining(before) == _VIRAMA:
        return True
    if match[0] == _NON_JOINER:
        return unicodedata.bidirectional(before) in ("AL", "NSM") and unicodedata.bidirectional(after) == "AL"
    emoji = before in _SKIN_TONES + "\ufe0f" or unicodedata.category(before) == "So"
    return emoji and unicodedata.category(after) in ("So", "Sm")


__all__ = ["control_character", "escape", "escape_lines"]
