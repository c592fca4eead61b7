"""Text from outside as a terminal may show it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.terminal_text import control_character, escape, escape_lines

INVISIBLE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
#: Formatting characters that are drawn (prepended concatenation marks of Arabic, Syriac, Kaithi).
DRAWN = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


def test_every_character_that_acts_or_hides_is_shown_and_no_other_changes() -> None:
    for code in range(0x110000):
        character = chr(code)
        shown = escape(character)
        if unicodedata.category(character) in INVISIBLE and character not in DRAWN + "\t":
            assert shown.isascii(), hex(code)
            assert shown.startswith("\\"), hex(code)
        elif shown != character:  # drawn as nothing, or not assigned
            assert unicodedata.category(character) in ("Cn", "Lo", "Mn"), hex(code)


@pytest.mark.parametrize(
    "text",
    [
        "a\tb",
        "日本語 ひらがな",
        "Zürich e\u0301",
        "👩‍🔬 ❤️‍🔥 🙂‍↔️ 👨🏽‍🚀 🏴󠁧󠁢󠁳󠁣󠁴󠁿 🇨🇭",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "क्\u200dष",
        "שלום",
        "葛\U000e0100",
        "[red]x[/red]",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert escape(text) == text
    assert control_character(text, allow="\t") == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("a\r\nb\x7f\x08", "a\\r\\nb\\x7f\\x08"),
        ("\u202eevil\u2066", "\\u202eevil\\u2066"),
        ("in\u200bvisible\ufeff", "in\\u200bvisible\\ufeff"),
        ("a\u200db\u200c", "a\\u200db\\u200c"),
        ("\udc9b\ud800", "\\x9b\\ud800"),
        ("\U000e0041", "\\U000e0041"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    assert escape(text) == shown
    assert control_character(text)


@given(st.text())
def test_an_escape_is_one_safe_line_and_escaping_again_changes_nothing(text: str) -> None:
    shown = escape(text)
    assert escape(shown) == shown
    assert not set(shown) & {chr(code) for code in (*range(9), *range(10, 32), *range(127, 160), 0x202E, 0x2028)}
    assert (control_character(text, allow="\t") == "") == (shown == text)
    shown.encode("utf-8")


def test_lines_stay_lines() -> None:
    assert escape_lines("a\r\nb\rc\x85d\n") == "a\nb\\rc\\x85d\n"


def test_free_text_may_hold_line_breaks() -> None:
    assert control_character("a\n\tb", allow="\n\t") == ""
    assert control_character("a\n\tb") == "\\n"
    assert control_character("a\tb") == "\\t"
