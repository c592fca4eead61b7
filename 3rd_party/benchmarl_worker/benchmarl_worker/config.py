"""Settings of a run.

Hyperparameters carry the names of BenchMARL's ``ExperimentConfig``, without its prefixes ``on_policy_`` and
``off_policy_``. One that is null is BenchMARL's own default. Whatever has no field of its own goes into ``experiment``,
``algorithm`` and ``model``.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .registry import ALGORITHMS, OFF_POLICY, ON_POLICY, algorithm_names, find_task, task_names
from .sdk import ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "resume", "evaluate")
WANDB_MODES = ("off", "offline", "online")
_WANDB: dict[str, Any] = {"applies": {"wandb": ["offline", "online"]}}
_RESUMED = {"when": {"mode": ["resume", "evaluate"]}, "label": "as in the checkpoint"}


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


def _argument(text: str, values: dict[str, Any], **bounds: Any) -> Any:
    """Return a field for an argument of BenchMARL; null leaves BenchMARL's default.

    Args:
        text: What it is.
        values: BenchMARL's default by group of algorithms: ``on``, ``off`` or ``all``; one that is missing has it not.
        bounds: Further metadata.
    """
    groups = {"on": ON_POLICY, "off": OFF_POLICY, "all": ALGORITHMS}
    rules = [
        _RESUMED,
        *({"when": {"algo": list(groups[n]), "experiment": [{}]}, "value": v} for n, v in values.items()),
    ]
    applies = {} if "all" in values or len(values) == 2 else {"applies": {"algo": list(groups[next(iter(values))])}}
    text = f"{text} (null: BenchMARL's default)."
    return field(default=None, metadata={"help": text, "default_by": rules, **applies, **bounds})


@dataclass
class BenchmarlWorkerConfig:
    """Every setting of a run."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of everything random (null: drawn, and said in run_started).", minimum=0, maximum=2**31 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    algo: str = _setting(
        "mappo",
        f"Algorithm: {', '.join(algorithm_names() or ALGORITHMS)}.",
        examples=algorithm_names() or ALGORITHMS,
    )
    env_id: str = _setting(
        "vmas/balance",
        "Task of BenchMARL: 'vmas/balance', 'pettingzoo/simple_spread'.",
        examples=[name for name in task_names() if name.startswith(("vmas/", "pettingzoo/"))] or ["vmas/balance"],
        suggest="environments",
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Settings of the task by BenchMARL's names, e.g. {'n_agents': 3}."}
    )
    prefer_continuous_actions: bool = _setting(
        True,
        "Continuous actions where task and algorithm have a choice.",
        applies={"algo": ["ippo", "isac", "mappo", "masac"]},
    )
    share_policy_params: bool = _setting(True, "One network for all agents of a group, or one for each.")
    total_timesteps: int = _setting(
        300_000,
        "Environment steps of the whole training, those before a resume included; it ends with the iteration that "
        "reaches them.",
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

    n_envs: int | None = _argument("Environments stepped side by side", {"all": 10}, minimum=1, maximum=4096)
    frames_per_batch: int | None = _argument(
        "Environment steps of an iteration, of all environments together; rounded up to a multiple of them",
        {"all": 6000},
        minimum=1,
        unit="steps",
    )
    lr: float | None = _argument("Learning rate", {"all": 0.00005}, exclusive_minimum=0, log=True)
    gamma: float | None = _argument("Discount factor of future rewards", {"all": 0.99}, minimum=0, maximum=1)
    n_minibatch_iters: int | None = _argument("Passes over the steps of an iteration", {"on": 45}, minimum=1)
    minibatch_size: int | None = _argument("Steps in each gradient step", {"on": 400}, minimum=1, unit="steps")
    n_optimizer_steps: int | None = _argument("Gradient steps of an iteration", {"off": 1000}, minimum=1)
    train_batch_size: int | None = _argument("Samples in each gradient step", {"off": 128}, minimum=1)
    memory_size: int | None = _argument("Capacity of the replay buffer, in steps", {"off": 1_000_000}, minimum=1)
    init_random_frames: int | None = _argument("Random steps at the start", {"off": 0}, minimum=0, unit="steps")
    hidden_sizes: list[int] | None = field(
        default=None,
        metadata={
            "help": "Units of the networks' hidden layers (null: BenchMARL's default).",
            "default_by": [_RESUMED, {"when": {"model": [{}]}, "value": [256, 256]}],
        },
    )
    experiment: dict[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Any other setting of BenchMARL's ExperimentConfig by its name.", "advanced": True},
    )
    algorithm: dict[str, Any] = field(
        default_factory=dict,
        metadata={
            "help": "Settings of the algorithm by BenchMARL's names, e.g. {'clip_epsilon': 0.1}.",
            "advanced": True,
        },
    )
    model: dict[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Other settings of BenchMARL's MlpConfig by their names.", "advanced": True},
    )

    steps: str = _setting(
        "all",
        "Which steps are put out: 'all', 'none', or 'episodes:<k>' for every k-th whole episode.",
        pattern="^(all|none|episodes:[1-9][0-9]*)$",
    )
    observations: bool = _setting(False, "Put the observation out with each step.")
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats; 0 turns them off.", minimum=0, unit="s", advanced=True
    )
    checkpoint_interval: int = _setting(
        60_000, "Steps between checkpoints; 0 saves only the last.", minimum=0, unit="steps"
    )
    keep_checkpoints: int = _setting(5, "Checkpoints to keep, the newest; 0 keeps all.", minimum=0)
    save_replay_buffer: bool = _setting(
        False, "Put the replay buffer of an off-policy algorithm into checkpoints.", applies={"algo": list(OFF_POLICY)}
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
    device: str = _setting("cpu", "Where environments and networks live: cpu, cuda or cuda:<n>.")
    torch_threads: int = _setting(
        1, "Threads of torch within one operation; 0 leaves torch's own choice.", minimum=0, advanced=True
    )

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise ConfigError("the worker's config is not valid", problems)
        self.algo = self.algo.lower()
        self.env_id = find_task(self.env_id) or self.env_id

    def to_dict(self) -> dict[str, Any]:
        """Return the config as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> BenchmarlWorkerConfig:
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

    @property
    def on_policy(self) -> bool:
        """Whether the algorithm learns from its newest steps alone."""
        return self.algo in ON_POLICY

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}
        problems += [
            Problem(name, "is required", value=getattr(self, name))
            for name in ("run_id", "algo", "env_id")
            if not getattr(self, name) and name not in faulty
        ]
        names = algorithm_names() or ALGORITHMS
        if isinstance(self.algo, str) and self.algo and self.algo.lower() not in names:
            near = nearest(self.algo.lower(), names)
            message = "is not an algorithm of BenchMARL"
            problems.append(Problem("algo", message, value=self.algo, allowed=", ".join(names), nearest=near))
        if isinstance(self.hidden_sizes, list) and any(not isinstance(n, int) or n < 1 for n in self.hidden_sizes):
            problems.append(
                Problem("hidden_sizes", "has a layer without units", value=self.hidden_sizes, allowed="numbers from 1")
            )
        if self.mode in ("resume", "evaluate") and not self.checkpoint_path:
            problems.append(Problem("checkpoint_path", f"is required to {self.mode}", allowed="path of a checkpoint"))
        return problems


def load_worker_config(config_path: str | Path) -> BenchmarlWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return BenchmarlWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["BenchmarlWorkerConfig", "load_worker_config"]
