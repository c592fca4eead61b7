"""What a run of this worker is told.

Hyperparameters carry XuanCe's names. One that is null is the value of XuanCe's own config file for the algorithm and
the environment (``xuance_worker.arguments``). Whatever has no field of its own goes into ``settings``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .defaults import ALGORITHMS, OFF_POLICY, SEVERAL, form_hints
from .registry import algorithm_names, find_algorithm, reason_against
from .sdk import ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "resume", "evaluate")
BACKENDS = ("torch", "tensorflow")
#: Why; the errors are on the worker's page.
NO_TENSORFLOW = (
    "XuanCe 1.4.4 itself fails with TensorFlow for several agents (TypeError: set_device() takes 1 positional argument "
    "but 2 were given), and saves no optimizers with it, so that no training could be resumed"
)
WANDB_MODES = ("off", "offline", "online")
_WANDB: dict[str, Any] = {"applies": {"wandb": ["offline", "online"]}}


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


def _argument(name: str, text: str, **bounds: Any) -> Any:
    """Return a field for an argument of XuanCe's config; null leaves XuanCe's value."""
    text = f"{text} (null: XuanCe's config)."
    return field(default=None, metadata={"help": text, "argument": True, **form_hints(name), **bounds})


@dataclass
class XuanceWorkerConfig:
    """Every setting of a run."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of everything random (null: drawn, and said in run_started).", minimum=0, maximum=2**31 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    backend: str = _setting(
        "torch",
        "Deep learning library: PyTorch; a run with TensorFlow is refused, see the page of this worker.",
        choices=BACKENDS,
    )
    algo: str = _setting(
        "PPO",
        f"Algorithm: {', '.join(algorithm_names()) or 'any that XuanCe registers'}.",
        examples=algorithm_names() or ALGORITHMS,
    )
    env_id: str = _setting(
        "CartPole-v1",
        "Gymnasium id ('CartPole-v1'), or PettingZoo's for several agents ('mpe2/simple_spread_v3').",
        suggest="environments",
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Keyword arguments that the environment is made with."}
    )
    n_envs: int | None = _setting(
        None,
        "Environments stepped side by side (null: XuanCe's config).",
        minimum=1,
        maximum=256,
        default_by=[{"when": {}, "label": "XuanCe's config"}],
    )
    parameter_sharing: bool | None = _setting(
        None,
        "Several agents: one network for all of them (null: XuanCe's config, but never of agents with other spaces).",
        applies={"algo": list(SEVERAL)},
        default_by=[{"when": {}, "label": "where the agents are alike"}],
    )
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

    learning_rate: float | None = _argument(
        "learning_rate", "Step size of the optimizer", exclusive_minimum=0, log=True
    )
    gamma: float | None = _argument("gamma", "Discount factor of future rewards", minimum=0, maximum=1)
    batch_size: int | None = _argument("batch_size", "Samples in each gradient step", minimum=1)
    buffer_size: int | None = _argument(
        "buffer_size", "Transitions in the buffer (episodes with recurrent networks)", minimum=1, log=True
    )
    horizon_size: int | None = _argument(
        "horizon_size", "Steps of each environment between two updates", minimum=1, unit="steps"
    )
    n_epochs: int | None = _argument("n_epochs", "Passes over the data of an update", minimum=1)
    n_minibatch: int | None = _argument("n_minibatch", "Parts that the data of an update is divided into", minimum=1)
    start_training: int | None = _argument("start_training", "Steps before the first update", minimum=0, unit="steps")
    training_frequency: int | None = _argument(
        "training_frequency", "Steps between two updates; counted in steps of all environments", minimum=1, unit="steps"
    )
    start_greedy: float | None = _argument("start_greedy", "Exploration rate at the start", minimum=0, maximum=1)
    end_greedy: float | None = _argument("end_greedy", "Exploration rate at the end", minimum=0, maximum=1)
    decay_step_greedy: int | None = _argument(
        "decay_step_greedy",
        "Steps over which exploration falls, times the number of environments: XuanCe divides it by that",
        minimum=1,
        unit="steps",
    )
    gae_lambda: float | None = _argument(
        "gae_lambda", "Lambda of generalized advantage estimation", minimum=0, maximum=1
    )
    settings: dict[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "Any other argument of XuanCe's config by its name, e.g. {'actor_hidden_size': [64, 64]}.",
            "advanced": True,
        },
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
        1000, "Steps between two metric events; 0 puts out those of every update.", minimum=0, unit="steps",
        advanced=True,
    )  # fmt: skip
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats; 0 turns them off.", minimum=0, unit="s", advanced=True
    )
    checkpoint_interval: int = _setting(
        25_000, "Steps between checkpoints; 0 saves only the last.", minimum=0, unit="steps"
    )
    keep_checkpoints: int = _setting(5, "Checkpoints to keep, the newest; 0 keeps all.", minimum=0)
    save_replay_buffer: bool = _setting(
        False, "Put the replay buffer of an off-policy algorithm into checkpoints.", applies={"algo": list(OFF_POLICY)}
    )
    eval_episodes: int = _setting(10, "Episodes of an evaluation.", minimum=1)
    eval_at_end: bool = _setting(False, "Evaluate the final policy after a training.")
    eval_deterministic: bool = _setting(
        True, "Evaluate the best action of a stochastic policy, where the algorithm lets choose."
    )
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
    device: str = _setting("cpu", "Where the networks live: cpu, cuda or cuda:<n>.")
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
    def from_dict(cls, data: dict[str, Any]) -> XuanceWorkerConfig:
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
        """Return the arguments of XuanCe's config that are set, by XuanCe's names."""
        names = [entry.name for entry in fields(self) if entry.metadata.get("argument")]
        given = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        if self.n_envs is not None:
            given["parallels"] = self.n_envs
        if self.parameter_sharing is not None:
            given["use_parameter_sharing"] = self.parameter_sharing
        return {**given, **self.settings}

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}
        problems += [
            Problem(name, "is required", value=getattr(self, name))
            for name in ("run_id", "algo", "env_id")
            if not getattr(self, name) and name not in faulty
        ]
        names = algorithm_names()
        if names and isinstance(self.algo, str) and self.algo:
            problems += _algorithm_problems(self.algo, names)
        if self.backend == "tensorflow":
            problems.append(Problem("backend", f"cannot be used: {NO_TENSORFLOW}", value="tensorflow", allowed="torch"))
        if self.mode in ("resume", "evaluate") and not self.checkpoint_path:
            problems.append(Problem("checkpoint_path", f"is required to {self.mode}", allowed="path of a checkpoint"))
        return problems


def _algorithm_problems(algo: str, names: tuple[str, ...]) -> list[Problem]:
    known = find_algorithm(algo)
    if known is None:
        near = nearest(algo.lower(), [name.lower() for name in names])
        message = "is not an algorithm that XuanCe registers"
        found = find_algorithm(near) if near else None
        return [Problem("algo", message, value=algo, allowed=", ".join(names), nearest=found)]
    reason = reason_against(known)
    if reason is not None:
        return [Problem("algo", f"cannot be trained here: {reason}", value=algo, allowed=", ".join(names))]
    return []


def load_worker_config(config_path: str | Path) -> XuanceWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return XuanceWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["XuanceWorkerConfig", "load_worker_config"]
