"""The command's one palette: the terminal's own sixteen colours, so that it suits light and dark ones.

Every colour stands beside a word that says the same.
"""

from __future__ import annotations

from gym_gui.look import STATES

STATE_STYLES = {state: look.terminal for state, look in STATES.items()}
HEADER = "bold"
QUIET = "dim"
GOOD = "green"
DOUBTFUL = "yellow"
BAD = "bold red"
BAR = "blue"
