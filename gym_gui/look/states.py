"""How the states of runs and workers look: a glyph, a word, a colour; never the colour alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gym_gui.look.palette import Role


@dataclass(frozen=True)
class StateLook:
    """Look of a state.

    Args:
        glyph: One character, distinguishable without colour.
        colour: Its colour's role in the palette.
        terminal: Its style in the terminal's own sixteen colours, which suit light and dark terminals.
    """

    glyph: str
    colour: Role
    terminal: str


#: By the state's word, in the order of a run's life.
STATES: Mapping[str, StateLook] = {
    "queued": StateLook("◌", "grey", "dim"),
    "starting": StateLook("◔", "accent", "cyan"),
    "running": StateLook("●", "accent", "blue"),
    "paused": StateLook("‖", "amber", "yellow"),
    "completed": StateLook("✓", "green", "green"),
    "failed": StateLook("✕", "red", "bold red"),
    "cancelled": StateLook("⊘", "grey", "yellow"),
    "lost": StateLook("?", "violet", "bold red"),
}
