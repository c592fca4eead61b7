"""The config of a run: which game, which search, how long, and what is emitted."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .sdk import ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "resume", "evaluate")
ALGORITHMS = ("gumbel_muzero", "alphazero")
OPPONENTS = ("random", "frozen", "both")
WANDB_MODES = ("off", "offline", "online")
#: Games of Pgx for two players, as examples; the library is asked which there are.
GAMES = (
    "tic_tac_toe", "connect_four", "othello", "hex", "go_9x9", "go_19x19", "chess", "gardner_chess", "animal_shogi",
    "shogi", "backgammon", "kuhn_poker", "leduc_holdem",
)  # fmt: skip
_NETWORK = "Network"
_SEARCH = "Search"
_EVALUATION = "Evaluation"
_TRACKING = "needs the package's extra 'tracking'"


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


@dataclass
class MctxWorkerConfig:
    """Every setting of a run."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of everything random (null: drawn, and reported in run_started).", minimum=0, maximum=2**31 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    algo: str = _setting(
        "gumbel_muzero",
        "Search: Gumbel MuZero's (sequential halving), or AlphaZero's (PUCT with Dirichlet noise).",
        choices=ALGORITHMS,
    )
    env_id: str = _setting("tic_tac_toe", "Game of Pgx for two players.", examples=list(GAMES))
    total_steps: int = _setting(
        100_000,
        "Moves of the whole training, of all games together, those before a resume included.",
        minimum=1,
        unit="steps",
        log=True,
    )
    mode: str = _setting(
        "train", "Train from scratch, resume a checkpoint's training, or evaluate a checkpoint.", choices=MODES
    )
    checkpoint_path: str | None = _setting(
        None, "Checkpoint to resume or to evaluate.", suggest="checkpoints", applies={"mode": ["resume", "evaluate"]}
    )

    num_envs: int = _setting(64, "Games played side by side.", minimum=1, maximum=65536)
    rollout_steps: int = _setting(
        16, "Moves of each game between two updates; game ends within them teach most.", minimum=1, unit="steps"
    )
    num_simulations: int = _setting(
        16, "Simulations of the search before each move of a training.", minimum=1, maximum=10_000, group=_SEARCH
    )
    max_considered_actions: int = _setting(
        16,
        "Actions that the search samples at the root.",
        minimum=1,
        group=_SEARCH,
        applies={"algo": ["gumbel_muzero"]},
        advanced=True,
    )
    dirichlet_fraction: float = _setting(
        0.25,
        "Share of noise in the priors at the root.",
        minimum=0,
        maximum=1,
        group=_SEARCH,
        applies={"algo": ["alphazero"]},
        advanced=True,
    )
    dirichlet_alpha: float = _setting(
        0.3,
        "Concentration of that noise.",
        exclusive_minimum=0,
        group=_SEARCH,
        applies={"algo": ["alphazero"]},
        advanced=True,
    )

    random_moves: float = _setting(
        0.2,
        "Share of moves of a training that are any legal ones, so that the network sees what follows mistakes.",
        minimum=0,
        maximum=1,
        group=_SEARCH,
    )

    num_channels: int = _setting(
        32, "Channels of the residual network; units of each layer without a board.", minimum=1, group=_NETWORK
    )
    num_blocks: int = _setting(2, "Residual blocks.", minimum=0, maximum=100, group=_NETWORK)
    learning_rate: float = _setting(2e-3, "Step size of AdamW.", exclusive_minimum=0, log=True)
    weight_decay: float = _setting(1e-4, "Weight decay of AdamW.", minimum=0, advanced=True)
    batch_size: int = _setting(256, "Positions in each gradient step.", minimum=1)
    epochs: int = _setting(2, "Passes over the positions of each update.", minimum=1)
    value_coef: float = _setting(1.0, "Weight of the value loss beside the policy loss.", minimum=0, advanced=True)

    steps: str = _setting(
        "all",
        "Which moves are emitted: 'all', 'none', or 'episodes:<k>' for those of every k-th whole game.",
        pattern="^(all|none|episodes:[1-9][0-9]*)$",
    )
    metrics_interval: int = _setting(1, "Updates between two metric events.", minimum=1, unit="updates", advanced=True)
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats; 0 turns them off.", minimum=0, unit="s", advanced=True
    )
    checkpoint_interval: int = _setting(
        25_000, "Moves between checkpoints; 0 saves only the last.", minimum=0, unit="steps"
    )
    keep_checkpoints: int = _setting(5, "Checkpoints to keep, the newest; 0 keeps all.", minimum=0)

    eval_interval: int = _setting(
        0, "Moves between two evaluations during a training, as metrics; 0: none.", minimum=0, unit="steps",
        group=_EVALUATION,
    )  # fmt: skip
    eval_at_end: bool = _setting(False, "Evaluate the final network after a training.", group=_EVALUATION)
    eval_episodes: int = _setting(
        20, "Games of an evaluation against each opponent, half of them with the first move.", minimum=2,
        group=_EVALUATION,
    )  # fmt: skip
    eval_opponent: str = _setting(
        "random",
        "Opponent: random legal moves, a frozen network, or both in turn.",
        choices=OPPONENTS,
        group=_EVALUATION,
    )
    opponent_checkpoint: str | None = _setting(
        None,
        "Checkpoint of the frozen opponent (null: the network that the training began with).",
        suggest="checkpoints",
        applies={"eval_opponent": ["frozen", "both"]},
        default_by=[{"when": {}, "label": "the network that the training began with"}],
        group=_EVALUATION,
    )
    eval_opening: int = _setting(
        2,
        "Random moves at the beginning of each game against a frozen network, the same with either seat; 0: none.",
        minimum=0,
        maximum=100,
        unit="steps",
        applies={"eval_opponent": ["frozen", "both"]},
        group=_EVALUATION,
    )
    eval_simulations: int = _setting(
        32, "Simulations before each move of an evaluation; 0: the network's best move without a search.", minimum=0,
        maximum=10_000, group=_EVALUATION,
    )  # fmt: skip

    cpu_threads: int = _setting(
        1, "Threads of XLA on the CPU; 0 leaves JAX's own choice.", minimum=0, maximum=1024, advanced=True
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
    def from_dict(cls, data: dict[str, Any]) -> MctxWorkerConfig:
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
    def opponents(self) -> tuple[str, ...]:
        """The opponents of an evaluation, in order."""
        return ("random", "frozen") if self.eval_opponent == "both" else (self.eval_opponent,)

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}
        problems += [
            Problem(name, "is required", value=getattr(self, name))
            for name in ("run_id", "env_id")
            if not getattr(self, name) and name not in faulty
        ]
        if self.mode in ("resume", "evaluate") and not self.checkpoint_path:
            problems.append(Problem("checkpoint_path", f"is required to {self.mode}", allowed="path of a checkpoint"))
        for entry in fields(self):
            choices, value = entry.metadata.get("choices"), getattr(self, entry.name)
            if choices and value not in choices and entry.name not in faulty:
                near = nearest(str(value), choices)
                allowed = ", ".join(choices)
                problems.append(Problem(entry.name, "is unknown", value=value, allowed=allowed, nearest=near))
        return problems


def load_worker_config(config_path: str | Path) -> MctxWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return MctxWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["MctxWorkerConfig", "load_worker_config"]
