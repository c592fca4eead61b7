"""The config of a run: which study, started how, and what is emitted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .command import PRACTICE, TEMPLATES, check_command
from .sdk import ConfigError, Problem, check_config, load_worker_config_from_file, nearest

WANDB_MODES = ("off", "offline", "online")
_TRACKING = "needs the package's extra 'tracking'"


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


@dataclass
class GoliatWorkerConfig:
    """Every setting of a run."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None,
        "Seed of the run: {seed} of the command, MOSAIC_SEED of the study (null: drawn, and reported in run_started).",
        minimum=0,
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    study: str | None = _setting(
        None,
        "Config file of the study, in working_directory unless its path is absolute.",
        suggest="files",
        default_by=[{"when": {}, "label": "study_config"}],
    )
    study_config: dict[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Config of the study, where study names no file; its keys keep their order."},
    )
    command: str = _setting(
        "goliat",
        "How the study is started: a name, or a command line with {config} and, if needed, {python} and {seed}.",
        examples=list(TEMPLATES),
    )
    python: str | None = _setting(
        None,
        "Python of the study: {python} in the command (null: the Python of this worker's environment).",
        default_by=[{"when": {}, "label": "the worker's own"}],
    )
    working_directory: str | None = _setting(
        None,
        "Folder that the study runs in, with its configs and data (null: the run's own working directory).",
        default_by=[{"when": {}, "label": "the run's own"}],
    )
    environment: dict[str, str] = field(
        default_factory=dict, metadata={"help": "Further environment variables of the study.", "advanced": True}
    )
    machine_id: str | None = _setting(
        None,
        "GOLIAT_MACHINE_ID of the study (null: that of this worker's environment, else the name of the machine).",
        advanced=True,
        default_by=[{"when": {}, "label": "the machine's name"}],
    )
    memory_retries: int = _setting(
        2, "Further starts of a study that runs out of memory (exit code 42).", minimum=0, maximum=100
    )
    finish_grace_s: float = _setting(
        60.0,
        "Seconds that the process may live on after the study has reported its end.",
        minimum=0,
        unit="s",
        advanced=True,
    )
    cancel_grace_s: float = _setting(
        20.0,
        "Seconds that a cancelled study has to end by itself before it is killed.",
        minimum=0,
        maximum=600,
        unit="s",
        advanced=True,
    )
    metrics_interval_s: float = _setting(
        0.2, "Seconds between two metric events at least.", minimum=0, maximum=3600, unit="s", advanced=True
    )
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats; 0 turns them off.", minimum=0, unit="s", advanced=True
    )
    tensorboard: bool = _setting(False, f"Write TensorBoard event files ({_TRACKING}).")
    wandb: str = _setting(
        "off",
        f"Weights & Biases: not at all, into files of the run, or sent to its server ({_TRACKING}).",
        choices=WANDB_MODES,
    )
    wandb_project: str = _setting("mosaic", "Project of Weights & Biases.", applies={"wandb": ["offline", "online"]})

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise ConfigError("The worker's config is not valid.", problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the config as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> GoliatWorkerConfig:
        """Build a config from a dict.

        Args:
            data: Settings by name.

        Raises:
            ConfigError: Unknown names, wrong types or values; all of them are listed.
        """
        names = [entry.name for entry in fields(cls)]
        problems = [
            Problem(name, "is not a field of this worker's config", value=value, nearest=nearest(name, names))
            for name, value in data.items()
            if name not in names
        ]
        if "run_id" not in data:
            problems.append(Problem("run_id", "is required", allowed="the name of the run"))
        known = {name: value for name, value in data.items() if name in names}
        try:
            config = cls(**{"run_id": "-", **known})
        except ConfigError as error:
            raise ConfigError("The worker's config is not valid.", [*problems, *error.problems]) from None
        if problems:
            raise ConfigError("The worker's config is not valid.", problems)
        return config

    def to_json(self, indent: int = 2) -> str:
        """Return the config as JSON text."""
        return json.dumps(self.to_dict(), indent=indent)

    @property
    def is_practice(self) -> bool:
        """Whether the built-in practice study is started."""
        return self.command.strip() == PRACTICE

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}
        if not self.run_id and "run_id" not in faulty:
            problems.append(Problem("run_id", "is required", value=self.run_id))
        if isinstance(self.command, str) and "command" not in faulty:
            problems += check_command(self.command)
        if isinstance(self.environment, dict) and "environment" not in faulty:
            problems += [
                Problem(f"environment.{name}", "is not text", value=value, allowed="text")
                for name, value in self.environment.items()
                if not isinstance(value, str)
            ]
        if self.study and self.study_config and not {"study", "study_config"} & faulty:
            problems.append(Problem("study_config", "is given beside study", allowed="one of the two"))
        if self.wandb not in WANDB_MODES and "wandb" not in faulty:
            problems.append(Problem("wandb", "is unknown", value=self.wandb, allowed=", ".join(WANDB_MODES)))
        return problems


def load_worker_config(config_path: str | Path) -> GoliatWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return GoliatWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["GoliatWorkerConfig", "load_worker_config"]
