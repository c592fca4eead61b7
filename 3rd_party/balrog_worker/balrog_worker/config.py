"""The config of a run: which agent and model, in which environment, at which cost, and what is emitted."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .sdk import ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "resume", "evaluate")
MODEL_AGENTS = ("naive", "chain_of_thought", "few_shot")
AGENTS = (*MODEL_AGENTS, "random", "oracle")
WANDB_MODES = ("off", "offline", "online")
#: Environments as examples; of BabyAI and MiniHack every registered one can be named.
EXAMPLES = (
    "babyai/BabyAI-GoToLocal-v0", "babyai/BabyAI-GoToRedBallNoDists-v0", "babyai/BabyAI-PickupLoc-v0",
    "textworld/custom", "textworld/coin_collector", "textworld/treasure_hunter",
    "minihack/MiniHack-Room-5x5-v0", "minihack/MiniHack-Corridor-R2-v0", "crafter/crafter",
)  # fmt: skip
_MODEL: dict[str, Any] = {"group": "Model", "applies": {"agent": list(MODEL_AGENTS)}}
_LIMITS: dict[str, Any] = {"group": "Requests", "applies": {"agent": list(MODEL_AGENTS)}, "advanced": True}
_BUDGET: dict[str, Any] = {"group": "Budget", "applies": {"agent": list(MODEL_AGENTS)}}
_TRACKING = "needs the package's extra 'tracking'"


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


@dataclass
class BalrogWorkerConfig:
    """Every setting of a run."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of the episodes (null: drawn, and reported in run_started).", minimum=0, maximum=2**31 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    env_id: str = _setting(
        EXAMPLES[0], "Environment: a family, a slash, and its name in that family.", examples=list(EXAMPLES)
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Keyword arguments that the environment is made with."}
    )
    agent: str = _setting(
        "naive",
        "Who acts: a model that names an action, that reasons first, or that sees demonstrations; or a baseline.",
        choices=AGENTS,
    )
    mode: str = _setting(
        "train",
        "Play episodes, go on with those of a checkpoint, or play episodes that are labelled as evaluation.",
        choices=MODES,
    )
    checkpoint_path: str | None = _setting(
        None, "Checkpoint to go on with or to evaluate.", suggest="checkpoints",
        applies={"mode": ["resume", "evaluate"]},
    )  # fmt: skip
    episodes: int = _setting(5, "Episodes, those before a resume included; 0 sets no limit.", minimum=0)
    total_steps: int = _setting(
        0, "Environment steps, those before a resume included; 0 sets no limit.", minimum=0, unit="steps"
    )
    eval_episodes: int = _setting(5, "Episodes of an evaluation.", minimum=1, applies={"mode": ["evaluate"]})
    max_episode_steps: int = _setting(
        64, "Steps after which an episode is cut off; 0 leaves the environment's own limit.", minimum=0, unit="steps"
    )

    base_url: str = _setting("http://127.0.0.1:8080/v1", "Address of the OpenAI-compatible endpoint.", **_MODEL)
    model: str = _setting("default", "Model, as the endpoint calls it.", **_MODEL)
    api_key_variable: str = _setting(
        "OPENAI_API_KEY",
        "Environment variable that has the key, if the endpoint needs one; the key itself is never a setting.",
        pattern="^[A-Za-z_][A-Za-z0-9_]*$",
        **_MODEL,
    )
    temperature: float = _setting(0.0, "Temperature of the replies.", minimum=0, maximum=5, **_MODEL)
    max_reply_tokens: int = _setting(256, "Tokens of a reply at most.", minimum=1, unit="tokens", **_MODEL)
    reply_format: str = _setting(
        "text", "Ask for plain text, or for JSON that only allows legal actions (json_schema).",
        choices=("text", "json_schema"), **_MODEL,
    )  # fmt: skip
    images: bool = _setting(False, "Send a picture with each observation, to models that take them.", **_MODEL)
    history: int = _setting(8, "Earlier steps of the episode in each prompt.", minimum=0, unit="steps", **_MODEL)
    demonstrations: int = _setting(
        1, "Episodes of the oracle in each prompt.", minimum=1, maximum=20, group="Model",
        applies={"agent": ["few_shot"]},
    )  # fmt: skip
    extra_body: dict[str, Any] = field(
        default_factory=dict,
        metadata={"help": "Further parameters of each request, as the endpoint names them.", **_LIMITS},
    )

    timeout_s: float = _setting(60.0, "Seconds to wait for a reply.", exclusive_minimum=0, unit="s", **_LIMITS)
    retries: int = _setting(
        5, "Further tries of a request that fails for a reason that may pass.", minimum=0, **_LIMITS
    )
    backoff_s: float = _setting(
        1.0, "Seconds before the first further try; doubled for each one.", minimum=0, unit="s", **_LIMITS
    )
    requests_per_minute: float = _setting(0.0, "Requests a minute at most; 0 sets no limit.", minimum=0, **_LIMITS)
    invalid_in_a_row: int = _setting(
        20, "Replies in a row without a legal action that end the run; 0: it goes on.", minimum=0, **_LIMITS
    )
    check_endpoint: bool = _setting(True, "Ask the endpoint for its models before the run.", **_LIMITS)

    max_cost: float = _setting(
        0.0, "Cost that ends the run, in the currency of the prices, which it needs; 0: none.", minimum=0, **_BUDGET
    )
    max_tokens: int = _setting(
        0, "Tokens of prompts and replies that end the run; 0: none.", minimum=0, unit="tokens", **_BUDGET
    )
    price_input: float = _setting(0.0, "Price of a million tokens of prompts.", minimum=0, **_BUDGET)
    price_output: float = _setting(0.0, "Price of a million tokens of replies.", minimum=0, **_BUDGET)

    steps: str = _setting(
        "all",
        "Which steps are emitted: 'all', 'none', or 'episodes:<k>' for those of every k-th whole episode.",
        pattern="^(all|none|episodes:[1-9][0-9]*)$",
    )
    observations: bool = _setting(False, "Emit the text of the observation with each step.")
    prompts: bool = _setting(False, "Emit the prompt with each step; it is long.", **_MODEL)
    replies: bool = _setting(True, "Emit the model's reply with each step.", **_MODEL)
    redact: list[str] = field(
        default_factory=list,
        metadata={
            "help": "Regular expressions; what they match is replaced in emitted prompts, replies and observations.",
            "advanced": True,
        },
    )
    checkpoint_interval: int = _setting(1, "Episodes between checkpoints; 0 saves only the last.", minimum=0)
    keep_checkpoints: int = _setting(5, "Checkpoints to keep, the newest; 0 keeps all.", minimum=0)
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
    def from_dict(cls, data: dict[str, Any]) -> BalrogWorkerConfig:
        """Build a config from a dict.

        Args:
            data: Settings by name.

        Raises:
            ConfigError: Unknown names, wrong types or values; all of them are listed.
        """
        names = [entry.name for entry in fields(cls)]
        problems = [
            # A key that was given as a setting is not repeated.
            Problem(name, "is not a field of this worker's config", nearest=nearest(name, names))
            for name in data
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
    def uses_model(self) -> bool:
        """Whether a language model acts."""
        return self.agent in MODEL_AGENTS

    def _problems(self) -> list[Problem]:
        problems = check_config(type(self), self.to_dict())
        faulty = {problem.path for problem in problems}

        def add(name: str, message: str, **more: Any) -> None:
            if name not in faulty:
                problems.append(Problem(name, message, **more))

        for name in ("run_id", "env_id"):
            if not getattr(self, name):
                add(name, "is required", value=getattr(self, name))
        for entry in fields(self):
            choices, value = entry.metadata.get("choices"), getattr(self, entry.name)
            if choices and value not in choices:
                near = nearest(str(value), choices)
                add(entry.name, "is unknown", value=value, allowed=", ".join(choices), nearest=near)
        if self.mode == "resume" and not self.checkpoint_path:
            add("checkpoint_path", "is required to resume", allowed="path of a checkpoint")
        if self.mode != "evaluate" and self.episodes == self.total_steps == 0:
            add("episodes", "sets no limit, nor does total_steps", value=0, allowed="one of the two above 0")
        if self.uses_model and self.max_cost and not (self.price_input or self.price_output):
            message = "has no effect without prices: the cost of each request would be 0"
            add(
                "max_cost",
                message,
                value=self.max_cost,
                allowed="with price_input, price_output or both; or max_tokens",
            )
        fault = _address_fault(self.base_url)
        if fault:
            add("base_url", fault, allowed="such as http://127.0.0.1:8080/v1")
        for i, pattern in enumerate(self.redact if isinstance(self.redact, list) else []):
            fault = _pattern_fault(pattern)
            if fault:
                add(f"redact[{i}]", f"is not a regular expression: {fault}", value=pattern)
        return problems


def _address_fault(text: str) -> str:
    """Return what is wrong with an endpoint's address; empty if nothing is."""
    try:
        parts = urlsplit(text)
    except (ValueError, AttributeError):
        return "is not an address"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "is not an address of http or https"
    if parts.username or parts.password or "key=" in (parts.query or ""):
        return "contains a key or a password; keys belong into the variable that api_key_variable names"
    return ""


def _pattern_fault(pattern: Any) -> str:
    try:
        re.compile(pattern)
    except (re.error, TypeError) as error:
        return str(error)
    return ""


def load_worker_config(config_path: str | Path) -> BalrogWorkerConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return BalrogWorkerConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["BalrogWorkerConfig", "load_worker_config"]
