"""The settings of a run.

Hyperparameters carry MARLlib's names. One that is null is the value of MARLlib's own file for the algorithm and the
environment. Those without a field of their own go into ``algo_args``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .registry import (
    ALGORITHMS,
    CONTINUOUS,
    ENVIRONMENTS,
    JOINT_Q,
    MPE,
    PARADIGMS,
    UNRELEASED,
    paradigm_of,
)
from .sdk import ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "resume", "evaluate")


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


def _null(label: str) -> list[dict[str, Any]]:
    return [{"when": {}, "label": label}]


@dataclass
class MarllibWorkerConfig:
    """Every setting of a run."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of everything random (null: drawn, and reported in run_started).", minimum=0, maximum=2**31 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    paradigm: str | None = _setting(
        None,
        "How agents learn together: only its algorithms are allowed (null: any).",
        choices=(None, *PARADIGMS),
        default_by=_null("any"),
    )
    algo: str = _setting("mappo", "Algorithm, by MARLlib's name.", choices=ALGORITHMS)
    env_id: str = _setting(
        "mpe/simple_spread",
        "Environment and map of MARLlib: 'mpe/simple_spread'; others need packages of their own.",
        examples=tuple(f"mpe/{name}" for name in MPE),
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Arguments of the environment, as in MARLlib's env_args: {'max_cycles': 50}."},
    )
    force_coop: bool = _setting(
        False, "Give every agent the mean of all rewards; value decomposition does so in any case."
    )
    share_policy: str = _setting(
        "group",
        "One policy for all agents, one for each team, or one for each agent.",
        choices=("all", "group", "individual"),
    )
    total_timesteps: int = _setting(
        100_000,
        "Environment steps of the whole training, those before a resume included; the iteration that gets there ends.",
        minimum=1,
        unit="steps",
        log=True,
    )
    mode: str = _setting(
        "train", "Train from scratch, resume a checkpoint's training, or evaluate a checkpoint's policy.", choices=MODES
    )
    checkpoint_path: str | None = _setting(
        None, "Checkpoint to resume or to evaluate.", suggest="checkpoints", applies={"mode": ["resume", "evaluate"]}
    )

    core_arch: str = _setting("mlp", "Network of an agent.", choices=("mlp", "gru", "lstm"))
    encode_layer: str = _setting(
        "128-128", "Sizes of the layers before it, joined by hyphens.", pattern="^[1-9][0-9]*(-[1-9][0-9]*)*$"
    )
    hyperparams: str = _setting(
        "auto",
        "MARLlib's file of hyperparameters: that tuned for the environment where there is one (auto), or another.",
        choices=("auto", "common", "test", "mpe", "smac", "mamujoco"),
    )
    batch_episode: int | None = _setting(
        None,
        "Episodes of each update (null: MARLlib's file).",
        minimum=1,
        default_by=_null("MARLlib's file"),
    )
    lr: float | None = _setting(
        None,
        "Step size of the optimizer (null: MARLlib's file).",
        exclusive_minimum=0,
        log=True,
        applies={"algo": [name for name in ALGORITHMS if name not in (*CONTINUOUS, "matrpo", "hatrpo", "itrpo")]},
        default_by=_null("MARLlib's file"),
    )
    algo_args: dict[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Any other value of MARLlib's algo_args by its name: {'num_sgd_iter': 5}.", "advanced": True},
    )

    steps: str = _setting(
        "all",
        "Which steps are put out: 'all', 'none', or 'episodes:<k>' for every k-th whole episode.",
        pattern="^(all|none|episodes:[1-9][0-9]*)$",
    )
    observations: bool = _setting(False, "Put the observation of each agent out with its step.")
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats; 0 turns them off.", minimum=0, unit="s", advanced=True
    )
    checkpoint_interval: int = _setting(
        25_000,
        "Steps between checkpoints, at the end of an iteration; 0 saves only the last.",
        minimum=0,
        unit="steps",
    )
    keep_checkpoints: int = _setting(5, "Checkpoints to keep, the newest; 0 keeps all.", minimum=0)
    eval_episodes: int = _setting(10, "Episodes of an evaluation.", minimum=1)
    eval_at_end: bool = _setting(False, "Evaluate the final policy after a training.")
    tensorboard: bool = _setting(True, "Write TensorBoard event files.")
    torch_threads: int = _setting(
        1, "Threads of torch within one operation; 0 leaves torch's own choice.", minimum=0, advanced=True
    )

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise ConfigError("the worker's config is not valid", problems)

    @property
    def environment(self) -> str:
        """MARLlib's name of the environment."""
        return self.env_id.partition("/")[0]

    @property
    def map_name(self) -> str:
        """Its map."""
        return self.env_id.partition("/")[2]

    def to_dict(self) -> dict[str, Any]:
        """Return the config as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MarllibWorkerConfig:
        """Build a config from a dict.

        Raises:
            ConfigError: Unknown names, wrong types or values; all of them are listed.
        """
        problems = check_config(cls, data)
        if any(problem.message == "is unknown" or problem.path == "run_id" for problem in problems):
            raise ConfigError("the worker's config is not valid", problems)
        return cls(**data)

    def to_json(self, indent: int = 2) -> str:
        """Return the config as JSON text."""
        return json.dumps(self.to_dict(), indent=indent)

    def arguments(self) -> dict[str, Any]:
        """Return the values of MARLlib's ``algo_args`` that are set."""
        own = {"batch_episode": self.batch_episode, "lr": self.lr}
        return {**{name: value for name, value in own.items() if value is not None}, **self.algo_args}

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}
        for name in ("run_id", "env_id"):
            if not getattr(self, name) and name not in faulty:
                problems.append(Problem(name, "is required", value=getattr(self, name)))
                faulty.add(name)
        if "algo" not in faulty and "paradigm" not in faulty:
            problems += self._family_problems()
        if "env_id" not in faulty:
            problems += _environment_problems(self.env_id)
        if self.mode in ("resume", "evaluate") and not self.checkpoint_path:
            problems.append(Problem("checkpoint_path", f"is required to {self.mode}", allowed="path of a checkpoint"))
        return problems

    def _family_problems(self) -> list[Problem]:
        problems = []
        if self.paradigm is not None and paradigm_of(self.algo) != self.paradigm:
            message = f"does not belong to the paradigm {self.paradigm}"
            problems.append(Problem("algo", message, value=self.algo, allowed=", ".join(PARADIGMS[self.paradigm])))
        if self.algo in JOINT_Q and self.share_policy == "individual":
            message = f"missing capability: {self.algo} learns one policy for all agents"
            problems.append(Problem("share_policy", message, value=self.share_policy, allowed="all, group"))
        return problems


def _environment_problems(env_id: str) -> list[Problem]:
    environment, slash, name = env_id.partition("/")
    allowed = "environment/map, such as mpe/simple_spread"
    if environment in UNRELEASED:
        message = "is an environment of MARLlib's git repository, which MARLlib 1.0.3 does not have"
        return [Problem("env_id", message, value=env_id, allowed=", ".join(ENVIRONMENTS))]
    if environment not in ENVIRONMENTS:
        known = [f"mpe/{each}" for each in MPE]
        near = nearest(env_id, known) or nearest(f"mpe/{env_id}", known) or nearest(environment, ENVIRONMENTS)
        message = "names no environment of MARLlib"
        if near is None:
            message += " (missing capability: environments of other libraries)"
        return [Problem("env_id", message, value=env_id, allowed=", ".join(ENVIRONMENTS), nearest=near)]
    if not slash or not name:
        return [Problem("env_id", "names no map", value=env_id, allowed=allowed)]
    if environment == "mpe" and name not in MPE:
        near = nearest(name, MPE)
        message = "names no scenario of MPE"
        return [Problem("env_id", message, value=env_id, allowed=", ".join(MPE), nearest=near and f"mpe/{near}")]
    return []


def load_worker_config(config_path: str | Path) -> MarllibWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return MarllibWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["MarllibWorkerConfig", "load_worker_config"]
