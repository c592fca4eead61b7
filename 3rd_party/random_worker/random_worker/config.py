"""The config of a run: which environment, how many steps, how fast, what to put out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .sampling import sampling_period
from .sdk import HAS_SDK, ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "evaluate")
_IN_TRAINING = {"mode": ["train"]}
_LOAD: dict[str, Any] = {"group": "Load tests of MOSAIC itself", "advanced": True}


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


@dataclass
class RandomWorkerConfig:
    """What a run of this worker is told. Every field says what it is in its metadata."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of the environment and of the actions (null: drawn, and said in run_started).", minimum=0
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    env_id: str = _setting(
        "CartPole-v1",
        "Gymnasium environment ('package:Name-v0' imports the package first), or one of PettingZoo's "
        "('mpe2/simple_spread_v3', 'classic/tictactoe_v3').",
        suggest="environments",
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Keyword arguments that the environment is made with."}
    )
    num_envs: int = _setting(1, "Copies of a Gymnasium environment that are stepped together.", minimum=1, maximum=4096)
    vectorization: str = _setting(
        "sync", "Whether the copies share a process ('sync') or have one each ('async').", choices=("sync", "async")
    )
    api: str = _setting(
        "auto",
        "Whether PettingZoo's agents act in turn ('aec') or at once ('parallel'; 'auto': where the environment can).",
        choices=("auto", "aec", "parallel"),
    )
    mode: str = _setting("train", "Label the episodes as training or as evaluation.", choices=MODES)
    total_steps: int = _setting(
        10_000, "Environment steps of a training; 0 sets no limit.", minimum=0, unit="steps", applies=_IN_TRAINING
    )
    episodes: int = _setting(0, "Episodes of a training; 0 sets no limit.", minimum=0, applies=_IN_TRAINING)
    eval_episodes: int = _setting(10, "Episodes of an evaluation.", minimum=1, applies={"mode": ["evaluate"]})
    step_rate: float = _setting(0.0, "Steps per second at most; 0 sets no limit.", minimum=0, unit="steps/s")

    steps: str = _setting(
        "all",
        "Which steps are put out: 'all', 'none', or 'episodes:<k>' for every k-th whole episode.",
        pattern="^(all|none|episodes:[1-9][0-9]*)$",
    )
    observations: bool = _setting(False, "Put the observation out with each step.")
    render: str = _setting(
        "off",
        "Show the environment live in the run's page ('on': it is made such that pictures of it can be taken).",
        choices=("off", "on"),
    )
    payload_bytes: int = _setting(
        0,
        "Bytes of padding put into each step, to make events larger.",
        minimum=0,
        maximum=64 * 2**20,
        unit="bytes",
        **_LOAD,
    )
    burst: int = _setting(
        0, "Put out this many steps without any environment, as fast as possible, and exit at once.", minimum=0, **_LOAD
    )
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats; 0 turns them off.", minimum=0, unit="s", advanced=True
    )

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise ConfigError("The worker's config is not valid.", problems)
        if HAS_SDK:
            from gym_gui.core.worker.protocol import WorkerConfig

            assert isinstance(self, WorkerConfig)

    def to_dict(self) -> dict[str, Any]:
        """Return the config as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RandomWorkerConfig:
        """Build a config from a dict.

        Raises:
            ConfigError: Unknown names, wrong types or values; all of them are listed.
        """
        names = [f.name for f in fields(cls)]
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

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}
        for name in ("run_id", "env_id"):
            if not getattr(self, name) and name not in faulty:
                problems.append(Problem(name, "is required", value=getattr(self, name)))
        try:
            sampling_period(str(self.steps))
        except ValueError:
            if "steps" not in faulty:
                allowed = "all, none, episodes:<k> with k from 1"
                problems.append(Problem("steps", "is not a sampling rule", value=self.steps, allowed=allowed))
        if self.mode == "train" and 0 < self.total_steps < self.num_envs and not {"total_steps", "num_envs"} & faulty:
            allowed = f"at least num_envs, {self.num_envs}"
            problems.append(
                Problem(
                    "total_steps", "is less than a step of each environment", value=self.total_steps, allowed=allowed
                )
            )
        if self.num_envs > 1 and self.payload_bytes and not self.burst and not {"payload_bytes", "num_envs"} & faulty:
            problems.append(
                Problem("payload_bytes", "pads a single environment's steps only", value=self.payload_bytes)
            )
        if self.mode == "train" and self.total_steps == self.episodes == self.burst == 0:
            allowed = "total_steps, episodes or burst above 0"
            problems.append(Problem("total_steps", "sets no limit, nor does episodes", value=0, allowed=allowed))
        return problems


def load_worker_config(config_path: str | Path) -> RandomWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return RandomWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["RandomWorkerConfig", "load_worker_config"]
