"""Colours, states and curves look alike in every face, and can be told apart."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest

import gym_gui
from gym_gui.look.palette import COLOURS, ROLES, THEMES, Theme, contrast, css
from gym_gui.look.series import LOOKS, series_look
from gym_gui.look.states import STATES
from gym_gui.runs.states import RunState

STYLES = Path(gym_gui.__file__).parent / "web" / "static" / "style.css"


def test_contrast_of_known_colours() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == 1
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)  # the lightest grey that passes


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("background", ["background", "surface"])
def test_text_and_states_are_readable(theme: Theme, background: str) -> None:
    colours = {str(role): colour for role, colour in COLOURS[theme].items()}
    readable = {role for role in ROLES if role not in ("background", "surface", "line", "on_accent")}
    assert {role: contrast(colours[role], colours[background]) for role in readable if
            contrast(colours[role], colours[background]) < 4.5} == {}  # fmt: skip
    assert contrast(colours["on_accent"], colours["accent"]) >= 4.5
    assert contrast(colours["background"], colours["amber"]) >= 4.5, "the banner of the web pages"


@pytest.mark.parametrize("theme", THEMES)
def test_a_selected_row_is_readable(theme: Theme) -> None:
    colours = {str(role): colour for role, colour in COLOURS[theme].items()}
    share = re.search(
        r"tr\.selected \{ background: color-mix\(in srgb, var\(--accent\) (\d+)%, transparent", STYLES.read_text()
    )
    assert share
    row = _mixed(colours["accent"], colours["background"], int(share[1]) / 100)
    for role in ("text", "muted", "accent", "grey", "amber", "green", "red", "violet"):
        assert contrast(colours[role], row) >= 4.5, role


def _mixed(first: str, second: str, share: float) -> str:
    parts = [(int(first[at : at + 2], 16), int(second[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(one * share + other * (1 - share)):02x}" for one, other in parts)


def test_both_themes_have_all_colours_also_in_css() -> None:
    sheet = css()
    for theme in THEMES:
        assert set(COLOURS[theme]) == set(ROLES)
        for role, colour in COLOURS[theme].items():
            assert re.fullmatch("#[0-9a-f]{6}", colour)
            assert sheet.count(f"--{role.replace('_', '-')}: {colour};") >= 2, (
                "by the system's preference, and by choice"
            )


def test_every_state_has_a_look_with_its_own_glyph() -> None:
    assert list(STATES) == [state.value for state in RunState]
    glyphs = [look.glyph for look in STATES.values()]
    assert len(set(glyphs)) == len(glyphs)
    assert all(len(glyph) == 1 for glyph in glyphs)


def test_curves_differ_and_keep_their_looks() -> None:
    assert len(set(LOOKS)) == len(LOOKS) == 24
    assert [look.colour for look in map(series_look, range(6))] == [
        "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9",
    ]  # fmt: skip
    assert series_look(3) == series_look(3 + len(LOOKS))
    assert all(first != second for first, second in itertools.combinations(map(series_look, range(10)), 2))
