"""The config of a run: what to train on what, for how long, with how many processes, and what to put out."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .defaults import DEFAULTS, RLLIB_NAMES, form_hints
from .sdk import HAS_SDK, ConfigError, Problem, check_config, load_worker_config_from_file, nearest

ALGORITHMS = ("PPO", "DQN", "SAC", "IMPALA", "APPO")
MODES = ("train", "resume", "evaluate", "tune")
PARADIGMS = ("auto", "sequential", "parameter_sharing", "independent", "self_play")
WANDB_MODES = ("off", "offline", "online")
ENV_APIS = ("auto", "gymnasium", "parallel", "aec")

#: Settings of ``AlgorithmConfig.training`` that have fields here, with what RLlib calls them.
TRAINING_FIELDS = {ours: theirs for ours, theirs in RLLIB_NAMES.items() if ours != "hidden_sizes"}

_WANDB: dict[str, Any] = {"applies": {"wandb": ["offline", "online"]}}
_PROCESSES = "Processes"
_SELF_PLAY: dict[str, Any] = {"group": "Self-play", "applies": {"paradigm": ["self_play"]}}
_SEARCH: dict[str, Any] = {"group": "Search", "applies": {"mode": ["tune"]}}


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


@dataclass
class RayWorkerConfig:
    """What a run of this worker is told. Every field says what it is in its metadata."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of everything random (null: drawn, and said in run_started).", minimum=0, maximum=2**63 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    algo: str = _setting("PPO", "Algorithm of RLlib.", choices=ALGORITHMS)
    env_id: str = _setting(
        "CartPole-v1",
        "Gymnasium id ('CartPole-v1'), or PettingZoo's ('sisl/pursuit_v4', 'classic/tictactoe_v3', "
        "'mpe2/simple_spread_v3').",
        suggest="environments",
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Keyword arguments that the environment is made with."}
    )
    env_api: str = _setting(
        "auto",
        "Gymnasium's one agent, PettingZoo's parallel or its AEC interface (auto: as the id has it, parallel first).",
        choices=ENV_APIS,
    )
    paradigm: str = _setting(
        "auto",
        "sequential: one agent. parameter_sharing: all agents one policy. independent: a policy each. self_play: one "
        "policy against a league of its frozen snapshots (auto: sequential, with several agents parameter_sharing).",
        choices=PARADIGMS,
    )
    total_timesteps: int = _setting(
        50_000,
        "Environment steps of the whole training, those before a resume included; it ends with the iteration that "
        "reaches them.",
        minimum=1,
        unit="steps",
        log=True,
    )
    mode: str = _setting(
        "train",
        "Train from scratch, resume a checkpoint, evaluate a checkpoint's policies, or search with Ray Tune.",
        choices=MODES,
    )
    checkpoint_path: str | None = _setting(
        None,
        "Checkpoint (a folder) to resume or to evaluate.",
        suggest="checkpoints",
        applies={"mode": ["resume", "evaluate"]},
    )
    preset: str = _setting(
        "auto",
        "Use the hyperparameters known to work on the environment, or RLlib's defaults alone.",
        choices=("auto", "none"),
    )

    learning_rate: float | None = _setting(
        None,
        "Learning rate (null: preset's or RLlib's); SAC has three of its own, in training.",
        exclusive_minimum=0,
        log=True,
        **form_hints("learning_rate"),
    )
    gamma: float | None = _setting(
        None, "Discount of a step (null: preset's or RLlib's).", minimum=0, maximum=1, **form_hints("gamma")
    )
    train_batch_size: int | None = _setting(
        None,
        "Steps of one update's batch (null: preset's or RLlib's).",
        minimum=1,
        unit="steps",
        **form_hints("train_batch_size"),
    )
    minibatch_size: int | None = _setting(
        None, "Steps of a minibatch (PPO, IMPALA, APPO).", minimum=1, unit="steps", **form_hints("minibatch_size")
    )
    num_epochs: int | None = _setting(
        None, "Passes over a batch (PPO, IMPALA, APPO).", minimum=1, **form_hints("num_epochs")
    )
    entropy_coeff: float | None = _setting(
        None, "Weight of the entropy bonus (PPO, IMPALA, APPO).", minimum=0, **form_hints("entropy_coeff")
    )
    grad_clip: float | None = _setting(
        None, "Largest gradient norm.", exclusive_minimum=0, advanced=True, **form_hints("grad_clip")
    )
    hidden_sizes: list[int] | None = field(
        default=None, metadata={"help": "Units of the networks' hidden layers.", **form_hints("hidden_sizes")}
    )
    training: dict[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "Any other argument of RLlib's AlgorithmConfig.training() by its name, e.g. {'clip_param': 0.2}.",
            "advanced": True,
        },
    )
    model: dict[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "Any setting of RLlib's DefaultModelConfig by its name, e.g. {'fcnet_activation': 'relu'}.",
            "advanced": True,
        },
    )

    num_env_runners: int = _setting(
        0,
        "Processes that step environments; 0 steps them in the worker itself.",
        minimum=0,
        maximum=256,
        group=_PROCESSES,
    )
    num_envs_per_env_runner: int = _setting(
        1, "Environments that each of them steps at once.", minimum=1, maximum=1024, group=_PROCESSES
    )
    object_store_mb: int = _setting(
        200,
        "Shared memory of the run's Ray instance; as much is taken from /dev/shm.",
        minimum=80,
        unit="MB",
        group=_PROCESSES,
        advanced=True,
    )

    league_interval: int = _setting(
        4000,
        "self_play: steps between two snapshots of the policy that join the league.",
        minimum=1,
        unit="steps",
        **_SELF_PLAY,
    )
    league_size: int = _setting(
        4,
        "self_play: snapshots in the league; a newer one takes the oldest's place.",
        minimum=1,
        maximum=64,
        **_SELF_PLAY,
    )

    tune_samples: int = _setting(
        1, "tune: how often the search space is drawn from (a grid counts once).", minimum=1, **_SEARCH
    )
    tune_space: dict[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "tune: values to search by setting, e.g. {'learning_rate': [1e-4, 1e-3]} (a grid), "
            "{'gamma': {'uniform': [0.9, 1.0]}}, {'learning_rate': {'loguniform': [1e-5, 1e-2]}}, {'choice': [...]}.",
            **_SEARCH,
        },
    )
    tune_metric: str = _setting("env_runners/episode_return_mean", "tune: what the best trial is chosen by.", **_SEARCH)
    tune_mode: str = _setting("max", "tune: whether it is to be large or small.", choices=("max", "min"), **_SEARCH)
    tune_concurrent: int = _setting(1, "tune: trials that run at the same time.", minimum=1, maximum=64, **_SEARCH)

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
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats; 0 turns them off.", minimum=0, unit="s", advanced=True
    )
    checkpoint_interval: int = _setting(
        25_000, "Steps between checkpoints; 0 saves only the last.", minimum=0, unit="steps"
    )
    keep_checkpoints: int = _setting(5, "Checkpoints to keep, the newest; 0 keeps all.", minimum=0)
    eval_episodes: int = _setting(10, "Greedy episodes of an evaluation.", minimum=1)
    eval_at_end: bool = _setting(False, "Evaluate the final policies after a training.")
    tensorboard: bool = _setting(True, "Write TensorBoard event files.")
    wandb: str = _setting(
        "off", "Weights & Biases: not at all, into files of the run, or sent to its server.", choices=WANDB_MODES
    )
    wandb_project: str = _setting("mosaic", "Project of Weights & Biases.", **_WANDB)
    wandb_entity: str | None = _setting(
        None,
        "Team or user of Weights & Biases (null: the account's own).",
        default_by=[{"when": {}, "label": "the account's own"}],
        **_WANDB,
    )
    torch_threads: int = _setting(
        1, "Threads of torch within one operation; 0 leaves torch's own choice.", minimum=0, advanced=True
    )

    def __post_init__(self) -> None:
        if not self.run_id:
            raise ValueError("run_id is required")
        problems = self._problems()
        if problems:
            raise ConfigError("The worker's config is not valid.", problems)
        if HAS_SDK:
            from gym_gui.core.worker.protocol import WorkerConfig

            assert isinstance(self, WorkerConfig)

    def to_dict(self) -> dict[str, Any]:
        """Return the config as a JSON-ready dict."""
        return asdict(self)

    def to_json(self, indent: int = 2) -> str:
        """Return the config as JSON text."""
        return json.dumps(self.to_dict(), indent=indent)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RayWorkerConfig:
        """Build a config from a dict.

        Raises:
            ConfigError: Unknown names, wrong types or values; all of them are listed.
        """
        names = [entry.name for entry in fields(cls)]
        unknown = [name for name in data if name not in names]
        if not unknown and "run_id" in data:
            return cls(**data)
        problems = [
            Problem(name, "is not a field of this worker's config", value=data[name], nearest=nearest(name, names))
            for name in unknown
        ]
        if "run_id" not in data:
            problems.append(Problem("run_id", "is required", allowed="the name of the run"))
        try:
            cls(**{"run_id": "-", **{name: value for name, value in data.items() if name in names}})
        except ConfigError as error:
            problems += error.problems
        raise ConfigError("The worker's config is not valid.", problems)

    def training_settings(self) -> dict[str, Any]:
        """Return what is given for ``AlgorithmConfig.training``, by RLlib's names."""
        given = {theirs: getattr(self, ours) for ours, theirs in TRAINING_FIELDS.items()}
        return {name: value for name, value in given.items() if value is not None} | self.training

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}
        if not self.env_id and "env_id" not in faulty:
            problems.append(Problem("env_id", "is required", value=self.env_id))
        if isinstance(self.hidden_sizes, list) and any(not isinstance(n, int) or n < 1 for n in self.hidden_sizes):
            problems.append(
                Problem("hidden_sizes", "has a layer without units", value=self.hidden_sizes, allowed="numbers from 1")
            )
        if self.mode in ("resume", "evaluate") and not self.checkpoint_path:
            problems.append(Problem("checkpoint_path", f"is required to {self.mode}", allowed="path of a checkpoint"))
        if self.mode == "tune" and not self.tune_space and self.tune_samples < 2:
            allowed = "values by setting, or tune_samples from 2"
            problems.append(Problem("tune_space", "leaves nothing to search", value=self.tune_space, allowed=allowed))
        problems += [
            Problem(name, f"is not an argument of {self.algo}", value=getattr(self, name), allowed="null")
            for name, defaults in DEFAULTS.items()
            if self.algo in ALGORITHMS and self.algo not in defaults and getattr(self, name) is not None
        ]
        if isinstance(self.training, dict):
            problems += [
                Problem(f"training.{theirs}", f"has a field of its own: {ours}", value=self.training[theirs])
                for ours, theirs in TRAINING_FIELDS.items()
                if theirs in self.training and getattr(self, ours) is not None
            ]
        return problems


def load_worker_config(config_path: str | Path) -> RayWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return RayWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["RayWorkerConfig", "load_worker_config"]
