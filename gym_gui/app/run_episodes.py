"""The episodes of a run as a page lists them."""

from __future__ import annotations

from gym_gui.reading import EpisodePage
from gym_gui.telemetry import EpisodeRollup

EPISODE_PHASES = {"all episodes": "", "training": "train", "evaluation": "eval"}
"""Phases to choose from, by what they are called."""
EPISODE_SORTS = {"latest first": "-id", "highest return": "-return", "lowest return": "return", "longest": "-steps"}
"""Orders, likewise."""


def page_text(page: EpisodePage, offset: int) -> str:
    """Return which episodes a page has.

    Args:
        page: The page.
        offset: Episodes before it.
    """
    last = offset + len(page.episodes)
    return f"{offset + 1:,} to {last:,} of {page.total:,}" if page.episodes else "no episodes yet"


def steps_text(episode: EpisodeRollup, shown: int) -> str:
    """Return how many of an episode's steps are shown, or why none is.

    Args:
        episode: The episode.
        shown: How many steps of it are.
    """
    whole = episode.steps or shown
    if not shown:
        return f"no step of episode {episode.ep_index} ({whole:,} steps) is stored: a sampling rule left them out"
    return f"{shown:,} of the {whole:,} steps of episode {episode.ep_index}"
