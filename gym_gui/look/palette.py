"""Colours of both themes, as the web pages, plots and windows use them.

Colour means a state or a series, never decoration; text reaches a contrast of 4.5:1 on both backgrounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Theme = Literal["light", "dark"]
#: What a colour is used for: surfaces, text, and the tones of states and messages.
Role = Literal[
    "background", "surface", "line", "text", "muted", "accent", "grey", "amber", "green", "red", "violet", "on_accent",
]  # fmt: skip

THEMES: tuple[Theme, ...] = get_args(Theme)
ROLES: tuple[Role, ...] = get_args(Role)

COLOURS: Mapping[Theme, Mapping[Role, str]] = {
    "light": {
        "background": "#ffffff",
        "surface": "#f6f7f9",
        "line": "#d9dde3",
        "text": "#16191d",
        "muted": "#5b6470",
        "accent": "#2457d6",
        "grey": "#5b6470",
        "amber": "#8a5a00",
        "green": "#157a3c",
        "red": "#c0262d",
        "violet": "#7a3fc0",
        "on_accent": "#ffffff",
    },
    "dark": {
        "background": "#111418",
        "surface": "#191e24",
        "line": "#2c333c",
        "text": "#e8ebef",
        "muted": "#9aa4b0",
        "accent": "#7aa2ff",
        "grey": "#9aa4b0",
        "amber": "#e0a63a",
        "green": "#4fc07a",
        "red": "#ff7b7b",
        "violet": "#c39bff",
        "on_accent": "#111418",
    },
}


def css() -> str:
    """Return the colours of both themes as CSS custom properties, such as ``--on-accent``.

    The dark theme applies where the system prefers it, unless the document's ``data-theme`` names one.
    """
    light, dark = (_properties(theme) for theme in THEMES)
    return (
        f":root {{ color-scheme: light; {light} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ color-scheme: dark; {dark} }} }}\n"
        f':root[data-theme="light"] {{ color-scheme: light; {light} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {dark} }}\n'
    )


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21.

    Source: WCAG 2.2, definition of "contrast ratio".

    Args:
        first: As ``#rrggbb``.
        second: Likewise.
    """
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _properties(theme: Theme) -> str:
    return " ".join(f"--{role.replace('_', '-')}: {colour};" for role, colour in COLOURS[theme].items())


def _luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
