"""What a run of this worker is told.

Hyperparameters carry Stable-Baselines3's names. One that is null is the library's own default for the algorithm; which
algorithm has which is asked of the library itself (``sb3_worker.arguments``). Whatever has no field of its own goes
into ``algorithm_kwargs`` and ``policy_kwargs``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .defaults import ALGORITHMS, OFF_POLICY, form_hints
from .registry import algorithm_names, find_algorithm
from .sdk import ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "resume", "evaluate")
WANDB_MODES = ("off", "offline", "online")
_WANDB: dict[str, Any] = {"applies": {"wandb": ["offline", "online"]}}


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


def _argument(name: str, text: str, **bounds: Any) -> Any:
    """Return a field for an argument of the algorithm's constructor; null leaves the library's default."""
    text = f"{text} (null: the library's default)."
    return field(default=None, metadata={"help": text, "argument": True, **form_hints(name), **bounds})


@dataclass
class Sb3WorkerConfig:
    """Every setting of a run."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of everything random (null: drawn, and said in run_started).", minimum=0, maximum=2**32 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    algo: str = _setting(
        "PPO",
        f"Algorithm: {', '.join(algorithm_names()) or 'any of the libraries'}.",
        examples=algorithm_names() or ALGORITHMS,
    )
    env_id: str = _setting(
        "CartPole-v1", "Gymnasium environment; 'package:Name-v0' imports the package first.", suggest="environments"
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Keyword arguments that the environment is made with."}
    )
    wrappers: list[str] = field(
        default_factory=list,
        metadata={
            "help": "Wrappers put around each environment in this order, each as 'module:Class'.",
            "advanced": True,
        },
    )
    n_envs: int = _setting(1, "Environments stepped side by side.", minimum=1, maximum=256)
    vec_env: str = _setting(
        "dummy", "Step them in this process (dummy), or each in one of its own (subproc).", choices=("dummy", "subproc")
    )
    frame_stack: int = _setting(1, "Observations stacked into one.", minimum=1, maximum=64)
    normalize_obs: bool = _setting(False, "Normalise observations by their running mean and deviation.")
    normalize_reward: bool = _setting(False, "Scale rewards by the running deviation of the discounted return.")
    total_timesteps: int = _setting(
        100_000,
        "Environment steps of the whole training, those before a resume included.",
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

    policy: str | None = _setting(
        None,
        "Kind of networks: Mlp, Cnn, MultiInput, or a full name of the algorithm's (null: by the observations).",
        default_by=[{"when": {}, "label": "by the observations"}],
    )
    policy_kwargs: dict[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "Further arguments of the policy, e.g. net_arch; classes by name, e.g. activation_fn=Tanh.",
            "advanced": True,
        },
    )
    algorithm_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Further arguments of the algorithm's constructor.", "advanced": True}
    )
    learning_rate: float | None = _argument(
        "learning_rate", "Step size of the optimizer", exclusive_minimum=0, log=True
    )
    learning_rate_schedule: str = _setting(
        "constant", "Keep the learning rate, or lower it linearly to zero.", choices=("constant", "linear")
    )
    gamma: float | None = _argument("gamma", "Discount factor of future rewards", minimum=0, maximum=1)
    batch_size: int | None = _argument("batch_size", "Samples in each gradient step", minimum=1)
    n_steps: int | None = _argument("n_steps", "Steps of each environment between two updates", minimum=1, unit="steps")
    n_epochs: int | None = _argument("n_epochs", "Passes over each rollout", minimum=1)
    gae_lambda: float | None = _argument(
        "gae_lambda", "Lambda of generalized advantage estimation", minimum=0, maximum=1
    )
    clip_range: float | None = _argument("clip_range", "Clip range of the surrogate objective", exclusive_minimum=0)
    normalize_advantage: bool | None = _argument("normalize_advantage", "Normalise the advantages", advanced=True)
    ent_coef: float | str | None = _argument("ent_coef", "Weight of the entropy bonus; SAC and TQC also take 'auto'")
    vf_coef: float | None = _argument("vf_coef", "Weight of the value loss", minimum=0)
    max_grad_norm: float | None = _argument(
        "max_grad_norm", "Largest norm of the gradient", exclusive_minimum=0, advanced=True
    )
    target_kl: float | None = _argument(
        "target_kl", "KL divergence from the old policy that ends an update", exclusive_minimum=0, advanced=True
    )
    buffer_size: int | None = _argument(
        "buffer_size", "Capacity of the replay buffer, in transitions", minimum=1, log=True
    )
    learning_starts: int | None = _argument("learning_starts", "Steps before the first update", minimum=0, unit="steps")
    tau: float | None = _argument(
        "tau", "Share of the network in each update of its target", exclusive_minimum=0, maximum=1
    )
    train_freq: int | None = _argument("train_freq", "Steps between trainings", minimum=1, unit="steps")
    gradient_steps: int | None = _argument(
        "gradient_steps", "Updates in each training; -1: as many as steps were taken", minimum=-1
    )
    exploration_fraction: float | None = _argument(
        "exploration_fraction", "Share of the training over which exploration falls", minimum=0, maximum=1
    )
    exploration_initial_eps: float | None = _argument(
        "exploration_initial_eps", "Exploration rate at the start", minimum=0, maximum=1
    )
    exploration_final_eps: float | None = _argument(
        "exploration_final_eps", "Exploration rate at the end", minimum=0, maximum=1
    )
    target_update_interval: int | None = _argument(
        "target_update_interval", "Steps between updates of the target network", minimum=1
    )
    use_sde: bool | None = _argument("use_sde", "Use state-dependent exploration (continuous actions)", advanced=True)
    action_noise: str | None = _setting(
        None,
        "Noise added to continuous actions of off-policy algorithms.",
        choices=("normal", "ornstein_uhlenbeck"),
        **form_hints("action_noise"),
    )
    action_noise_std: float = _setting(
        0.1,
        "Its deviation, as a share of half the action's range.",
        minimum=0,
        applies={"action_noise": ["normal", "ornstein_uhlenbeck"]},
    )

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
    metrics_interval: int = _setting(
        1000,
        "Steps between two metric events; 0 puts out those of every update.",
        minimum=0,
        unit="steps",
        advanced=True,
    )
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats; 0 turns them off.", minimum=0, unit="s", advanced=True
    )
    checkpoint_interval: int = _setting(
        25_000, "Steps between checkpoints; 0 saves only the last.", minimum=0, unit="steps"
    )
    keep_checkpoints: int = _setting(5, "Checkpoints to keep, the newest; 0 keeps all.", minimum=0)
    save_replay_buffer: bool = _setting(
        False, "Put the replay buffer of an off-policy algorithm into checkpoints.", applies={"algo": OFF_POLICY}
    )
    eval_episodes: int = _setting(10, "Episodes of an evaluation.", minimum=1)
    eval_at_end: bool = _setting(False, "Evaluate the final policy after a training.")
    eval_deterministic: bool = _setting(True, "Evaluate the policy's best action, not one drawn from it.")
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
    device: str = _setting("auto", "Where the networks live: auto, cpu, cuda or cuda:<n>.")
    torch_threads: int = _setting(
        1, "Threads of torch within one operation; 0 leaves torch's own choice.", minimum=0, advanced=True
    )

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise ConfigError("the worker's config is not valid", problems)
        self.algo = find_algorithm(self.algo) or self.algo

    def to_dict(self) -> dict[str, Any]:
        """Return the config as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Sb3WorkerConfig:
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

    def given_arguments(self) -> dict[str, Any]:
        """Return the arguments of the algorithm's constructor that have a field of their own and are set."""
        names = [entry.name for entry in fields(self) if entry.metadata.get("argument")]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}
        problems += [
            Problem(name, "is required", value=getattr(self, name))
            for name in ("run_id", "algo", "env_id")
            if not getattr(self, name) and name not in faulty
        ]
        names = algorithm_names()
        if names and isinstance(self.algo, str) and self.algo and find_algorithm(self.algo) is None:
            near = nearest(self.algo.lower(), [name.lower() for name in names])
            problems.append(
                Problem(
                    "algo",
                    "is not an algorithm of Stable-Baselines3 or SB3-Contrib",
                    value=self.algo,
                    allowed=", ".join(names),
                    nearest=find_algorithm(near) if near else None,
                )
            )
        if isinstance(self.wrappers, list):
            problems += [
                Problem(f"wrappers[{i}]", "is not the path of a class", value=path, allowed="'module:Class'")
                for i, path in enumerate(self.wrappers)
                if not isinstance(path, str) or not all(path.partition(":"))
            ]
        if isinstance(self.ent_coef, str) and not self.ent_coef.startswith("auto"):
            problems.append(Problem("ent_coef", "is not a weight", value=self.ent_coef, allowed="a number, or 'auto'"))
        if self.mode in ("resume", "evaluate") and not self.checkpoint_path:
            problems.append(Problem("checkpoint_path", f"is required to {self.mode}", allowed="path of a checkpoint"))
        return problems


def load_worker_config(config_path: str | Path) -> Sb3WorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return Sb3WorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["Sb3WorkerConfig", "load_worker_config"]
