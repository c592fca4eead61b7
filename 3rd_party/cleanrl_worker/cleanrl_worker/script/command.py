"""The command line of a script: CleanRL's arguments, as its scripts take them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleanrl_worker.config import CleanRLWorkerConfig

HOOK = Path(__file__).parent / "hook" / "run_script.py"


def script_argv(config: CleanRLWorkerConfig, seed: int) -> list[str]:
    """Return the command that runs a config's script with its environments recorded.

    Environment, steps and seed are always given, hyperparameters where the config has them, ``script_args`` last.

    Args:
        config: Names the script.
        seed: The run's seed.
    """
    assert config.script is not None
    values: dict[str, Any] = {"env_id": config.env_id, "total_timesteps": config.total_timesteps, "seed": seed}
    values.update(config.given())
    # What CleanRL's scripts do by themselves is not repeated, for the sake of those without the argument.
    if not config.cuda:
        values["cuda"] = False
    if not config.torch_deterministic:
        values["torch_deterministic"] = False
    if config.wandb != "off":
        values.update(track=True, wandb_project_name=config.wandb_project)
        if config.wandb_entity:
            values["wandb_entity"] = config.wandb_entity
    script = Path(config.script).expanduser().absolute()
    tyro = "tyro" in script.read_text(encoding="utf-8", errors="replace")
    flags = [word for name, value in values.items() for word in _flag(name, value, tyro=tyro)]
    return [config.script_python or sys.executable, str(HOOK), str(script), *flags, *config.script_args]


def _flag(name: str, value: Any, *, tyro: bool) -> list[str]:
    flag = name.replace("_", "-")
    if value is True:
        return [f"--{flag}"]
    if value is False:  # CleanRL read its arguments by argparse before it did by tyro
        return [f"--no-{flag}"] if tyro else [f"--{flag}", "False"]
    return [f"--{flag}", *map(str, value if isinstance(value, list) else [value])]
