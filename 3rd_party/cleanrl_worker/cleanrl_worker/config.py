"""The config of a run: what to train on what, for how long, and what to put out.

Hyperparameters carry CleanRL's names. One that is null is taken from the preset of algorithm and environment, else it
is CleanRL's default (``cleanrl_worker.presets``, ``cleanrl_worker.arguments``); on resume, from the checkpoint.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .arguments import ARGUMENTS, argument_names
from .curriculum import Stage, check_curriculum, steps_of
from .form_hints import hyperparameter_hints
from .presets import preset_for
from .sampling import sampling_period
from .sdk import HAS_SDK, ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "resume", "evaluate")
WANDB_MODES = ("off", "offline", "online")
_SCRIPT: dict[str, Any] = {"group": "Script of your own", "advanced": True}
_WANDB: dict[str, Any] = {"applies": {"wandb": ["offline", "online"]}}


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


def _hyperparameter(name: str) -> Any:
    return field(default=None, metadata=_help(name))


def _help(name: str) -> dict[str, Any]:
    """Return help, bounds and form hints of a hyperparameter as the algorithms' arguments have them."""
    algorithms: dict[str, list[str]] = {}
    metadata: dict[str, Any] = {}
    for algo, arguments in ARGUMENTS.items():
        for f in fields(arguments):
            if f.name == name:
                metadata = metadata or dict(f.metadata)
                default = f.default if f.default_factory is MISSING else f.default_factory()
                algorithms.setdefault(json.dumps(default), []).append(algo)
    defaults = ", ".join(f"{value} for {' and '.join(algos)}" for value, algos in algorithms.items())
    text = f"{metadata['help'].rstrip('.')} (null: the preset's, else {defaults})."
    return {**metadata, "help": text, **hyperparameter_hints(name, metadata.get("applies"))}


@dataclass
class CleanRLWorkerConfig:
    """What a run of this worker is told. Every field says what it is in its metadata."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of everything random (null: drawn, and said in run_started).", minimum=0, maximum=2**63 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    algo: str = _setting("ppo", "Algorithm.", choices=tuple(ARGUMENTS))
    env_id: str = _setting(
        "CartPole-v1", "Gymnasium environment; 'package:Name-v0' imports the package first.", suggest="environments"
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Keyword arguments that the environment is made with."}
    )
    curriculum: list[dict[str, Any]] | None = field(
        default=None,
        metadata={
            "help": "Environments to train on in turn, not env_id: [{env_id, total_steps, env_kwargs}, …].",
            "advanced": True,
        },
    )
    total_timesteps: int = _setting(
        500_000,
        "Environment steps of the whole training, those before a resume included; a curriculum's own sum if left out.",
        minimum=1,
        unit="steps",
        log=True,
    )
    mode: str = _setting(
        "train",
        "Train from scratch, resume a checkpoint's training, or evaluate a checkpoint's policy.",
        choices=MODES,
    )
    checkpoint_path: str | None = _setting(
        None, "Checkpoint to resume or to evaluate.", suggest="checkpoints", applies={"mode": ["resume", "evaluate"]}
    )
    preset: str = _setting(
        "auto",
        "Use the hyperparameters known to work on the environment, or CleanRL's defaults alone.",
        choices=("auto", "none"),
    )

    script: str | None = _setting(
        None,
        "A script of your own CleanRL checkout to run in place of this worker's algorithms.",
        suggest="files",
        **_SCRIPT,
    )
    script_args: list[str] = field(
        default_factory=list, metadata={"help": "Further arguments of the script, as on its command line.", **_SCRIPT}
    )
    script_python: str | None = _setting(
        None,
        "Interpreter that the script runs on (null: this worker's own).",
        suggest="files",
        default_by=[{"when": {}, "label": "this worker's own"}],
        **_SCRIPT,
    )

    learning_rate: float | None = _hyperparameter("learning_rate")
    num_envs: int | None = _hyperparameter("num_envs")
    gamma: float | None = _hyperparameter("gamma")
    hidden_sizes: list[int] | None = field(default=None, metadata=_help("hidden_sizes"))
    num_steps: int | None = _hyperparameter("num_steps")
    anneal_lr: bool | None = _hyperparameter("anneal_lr")
    gae_lambda: float | None = _hyperparameter("gae_lambda")
    num_minibatches: int | None = _hyperparameter("num_minibatches")
    update_epochs: int | None = _hyperparameter("update_epochs")
    norm_adv: bool | None = _hyperparameter("norm_adv")
    clip_coef: float | None = _hyperparameter("clip_coef")
    clip_vloss: bool | None = _hyperparameter("clip_vloss")
    ent_coef: float | None = _hyperparameter("ent_coef")
    vf_coef: float | None = _hyperparameter("vf_coef")
    max_grad_norm: float | None = _hyperparameter("max_grad_norm")
    target_kl: float | None = _hyperparameter("target_kl")
    norm_obs: bool | None = _hyperparameter("norm_obs")
    norm_reward: bool | None = _hyperparameter("norm_reward")
    buffer_size: int | None = _hyperparameter("buffer_size")
    tau: float | None = _hyperparameter("tau")
    target_network_frequency: int | None = _hyperparameter("target_network_frequency")
    batch_size: int | None = _hyperparameter("batch_size")
    start_e: float | None = _hyperparameter("start_e")
    end_e: float | None = _hyperparameter("end_e")
    exploration_fraction: float | None = _hyperparameter("exploration_fraction")
    learning_starts: int | None = _hyperparameter("learning_starts")
    train_frequency: int | None = _hyperparameter("train_frequency")
    gradient_steps: int | None = _hyperparameter("gradient_steps")
    n_atoms: int | None = _hyperparameter("n_atoms")
    v_min: float | None = _hyperparameter("v_min")
    v_max: float | None = _hyperparameter("v_max")
    exploration_noise: float | None = _hyperparameter("exploration_noise")
    policy_frequency: int | None = _hyperparameter("policy_frequency")
    policy_noise: float | None = _hyperparameter("policy_noise")
    noise_clip: float | None = _hyperparameter("noise_clip")
    policy_lr: float | None = _hyperparameter("policy_lr")
    q_lr: float | None = _hyperparameter("q_lr")
    alpha: float | None = _hyperparameter("alpha")
    autotune: bool | None = _hyperparameter("autotune")

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
    eval_episodes: int = _setting(10, "Greedy episodes of an evaluation.", minimum=1)
    eval_at_end: bool = _setting(False, "Evaluate the final policy after a training.")
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
    cuda: bool = _setting(True, "Use a GPU where there is one.")
    torch_threads: int = _setting(
        1, "Threads of torch within one operation; 0 leaves torch's own choice.", minimum=0, advanced=True
    )
    torch_deterministic: bool = _setting(True, "Let torch use deterministic algorithms only.", advanced=True)

    def __post_init__(self) -> None:
        problems = self._problems()
        if problems:
            raise ConfigError("The worker's config is not valid.", problems)
        if HAS_SDK:
            from gym_gui.core.worker.protocol import WorkerConfig

            assert isinstance(self, WorkerConfig)

    @property
    def name(self) -> str:
        """What is trained with: the algorithm's name, or the script's."""
        return Path(self.script).stem if self.script else self.algo

    def stages(self) -> list[Stage]:
        """Return the stages of the training: those of the curriculum, else one."""
        if not self.curriculum:
            return [Stage(self.env_id, self.total_timesteps, self.env_kwargs)]
        return [Stage(**entry) for entry in self.curriculum]

    def given(self) -> dict[str, Any]:
        """Return the hyperparameters that are given, of whichever algorithm."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name in HYPERPARAMETERS}
        return {name: value for name, value in values.items() if value is not None}

    def arguments(self, saved: dict[str, Any] | None = None) -> Any:
        """Return the algorithm's arguments: what is given, else a checkpoint's, else the preset's, else the default.

        Args:
            saved: The arguments that a checkpoint was saved with.
        """
        preset = preset_for(self.algo, self.stages()[0].env_id) if self.preset == "auto" else None
        values: dict[str, Any] = dict(preset.values) if preset else {}
        names = argument_names(self.algo)
        values.update({name: value for name, value in (saved or {}).items() if name in names})
        values.update({name: getattr(self, name) for name in names if getattr(self, name) is not None})
        return ARGUMENTS[self.algo](**values)

    def to_dict(self) -> dict[str, Any]:
        """Return the config as a JSON-ready dict."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> CleanRLWorkerConfig:
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
        if data.get("curriculum") and "total_timesteps" not in data and steps_of(data["curriculum"]):
            known["total_timesteps"] = steps_of(data["curriculum"])
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
        problems += [problem for problem in self._of_algorithm() if problem.path not in faulty]
        try:
            sampling_period(str(self.steps))
        except ValueError:
            if "steps" not in faulty:
                allowed = "all, none, episodes:<k> with k from 1"
                problems.append(Problem("steps", "is not a sampling rule", value=self.steps, allowed=allowed))
        sizes = self.hidden_sizes
        if isinstance(sizes, list) and any(not isinstance(n, int) or n < 1 for n in sizes):
            problems.append(Problem("hidden_sizes", "has a layer without units", value=sizes, allowed="numbers from 1"))
        if self.mode in ("resume", "evaluate") and not self.checkpoint_path:
            problems.append(Problem("checkpoint_path", f"is required to {self.mode}", allowed="path of a checkpoint"))
        if self.curriculum is not None and not any(p.startswith(("curriculum", "total_timesteps")) for p in faulty):
            problems += check_curriculum(self.curriculum, self.total_timesteps)
        return problems + self._of_script()

    def _of_algorithm(self) -> list[Problem]:
        if self.algo not in ARGUMENTS:
            allowed, near = ", ".join(ARGUMENTS), nearest(str(self.algo), ARGUMENTS)
            return [Problem("algo", "is unknown", value=self.algo, allowed=allowed, nearest=near)]
        if self.script:
            return []
        own = argument_names(self.algo)
        problems = [
            Problem(name, f"is not an argument of {self.algo}", value=value, allowed="null")
            for name, value in self.given().items()
            if name not in own
        ]
        try:
            args = self.arguments()
        except (KeyError, TypeError):  # a curriculum without environments, which is a fault of its own
            return problems
        if self.algo == "c51" and not args.v_min < args.v_max:
            problems.append(Problem("v_max", "is not above v_min", value=args.v_max, allowed=f"more than {args.v_min}"))
        return problems

    def _of_script(self) -> list[Problem]:
        if not self.script:
            lone = [name for name in ("script_args", "script_python") if getattr(self, name)]
            return [Problem(name, "is given without a script", value=getattr(self, name)) for name in lone]
        problems = []
        if self.mode != "train":
            message = f"a script cannot {self.mode}: its checkpoints are its own"
            problems.append(Problem("mode", message, value=self.mode, allowed="train"))
        if self.curriculum is not None:
            problems.append(Problem("curriculum", "a script has no curriculum", allowed="null"))
        return problems


#: The names of all algorithms' arguments.
HYPERPARAMETERS = frozenset(name for algo in ARGUMENTS for name in argument_names(algo))


def load_worker_config(config_path: str | Path) -> CleanRLWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return CleanRLWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["CleanRLWorkerConfig", "load_worker_config"]
