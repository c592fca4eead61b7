"""The games of Pgx."""

from __future__ import annotations

from typing import Any

import pgx

from .sdk import Problem, nearest

PLAYERS = 2
#: What a game pays at most, where that is more than 1: networks give values from -1 to 1.
_LARGEST_REWARDS = {"kuhn_poker": 2.0, "backgammon": 3.0, "leduc_holdem": 13.0}


def largest_reward(game: Any) -> float:
    """Return what a game pays its players at most."""
    return _LARGEST_REWARDS.get(game.id, 1.0)


def game_names() -> list[str]:
    """Return the names of all games of the library."""
    return list(pgx.available_envs())


def make_game(env_id: str) -> tuple[Any, list[Problem]]:
    """Make a game, or return why it cannot be played here.

    Args:
        env_id: Its name.

    Returns:
        The game, ``None`` with problems.
    """
    names = game_names()
    if env_id not in names:
        meant = env_id.lower().replace("-", "_")
        near = nearest(meant, names) or next((name for name in names if name.startswith(f"{meant}_")), None)
        message = "is not a game of Pgx"
        if near is None:
            message += " (missing capability: environments of other libraries)"
        return None, [Problem("env_id", message, value=env_id, allowed=", ".join(names), nearest=near)]
    try:
        game = pgx.make(env_id)  # type: ignore[arg-type]
    except Exception as error:  # noqa: BLE001 - the constructor of a game may raise anything
        message = f"the game cannot be made: {' '.join(str(error).split())[:300]}"
        return None, [Problem("env_id", message, value=env_id)]
    if game.num_players != PLAYERS:
        message = f"missing capability: this worker plays games of two players, {env_id} has {game.num_players}"
        return None, [Problem("env_id", message, value=env_id, allowed="a game of two players, such as tic_tac_toe")]
    return game, []
