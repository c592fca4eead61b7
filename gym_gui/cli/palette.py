"""The command's one palette: the terminal's own sixteen colours, so that it suits light and dark ones.

Every colour stands beside a word that says the same.
"""

from __future__ import annotations

STATE_STYLES = {
    "queued": "dim",
    "starting": "cyan",
    "running": "blue",
    "paused": "yellow",
    "completed": "green",
    "failed": "bold red",
    "cancelled": "yellow",
    "lost": "bold red",
}
HEADER = "bold"
QUIET = "dim"
GOOD = "green"
DOUBTFUL = "yellow"
BAD = "bold red"
BAR = "blue"
