"""Finds what would stop a run, before agents are made."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .environment import check_environment
from .scalars import check_tracking
from .sdk import Problem, UsageError

if TYPE_CHECKING:
    from .config import RunConfig


def check_run(config: RunConfig) -> list[Problem]:
    """Return every reason why a run cannot start.

    Args:
        config: A valid config.
    """
    problems = [*check_environment(config), *check_tracking(config)]
    if config.mode != "train" and not Path(str(config.checkpoint_path)).is_file():
        allowed = "a path that a checkpoint_saved event named"
        problems.append(
            Problem("checkpoint_path", "there is no such file", value=config.checkpoint_path, allowed=allowed)
        )
    for name in ("learner_asl", "coordinator_asl"):
        path = getattr(config, name)
        if path is None:
            continue
        if not Path(path).is_file():
            problems.append(Problem(name, "there is no such file", value=path, allowed="a file with AgentSpeak plans"))
            continue
        problems += _check_plans(name, Path(path))
    return problems


def _check_plans(name: str, path: Path) -> list[Problem]:
    from .bdi.agents import check_plans

    try:
        check_plans(path)
    except UsageError as error:
        return [Problem(name, f"its plans cannot be read: {error.why}", value=str(path), allowed="AgentSpeak")]
    return []
