"""Finds what would stop a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .config import MctxWorkerConfig
from .games import make_game
from .scalars import check_tracking
from .sdk import Problem


def check_run(config: MctxWorkerConfig) -> tuple[Any, list[Problem]]:
    """Make the game, and return it with every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    game, problems = make_game(config.env_id)
    problems += check_tracking(config)
    paths = {"opponent_checkpoint": config.opponent_checkpoint}
    if config.mode != "train":
        paths["checkpoint_path"] = config.checkpoint_path
    problems += [
        Problem(name, "there is no such file", value=path, allowed="a path of a checkpoint_saved event")
        for name, path in paths.items()
        if path and not Path(path).is_file()
    ]
    return game, problems
