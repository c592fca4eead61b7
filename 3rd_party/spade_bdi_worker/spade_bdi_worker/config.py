"""The config of a run: who learns what, for how long, over which XMPP server, and what is put out."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from .sdk import HAS_SDK, ConfigError, Problem, check_config, load_worker_config_from_file, nearest

MODES = ("train", "resume", "evaluate")
ALGORITHMS = ("q_learning",)
_SAMPLING = re.compile("all|none|episodes:[1-9][0-9]*")
#: What null stands for without a checkpoint, and with a server of the user's.
LEARNERS, SHARED_TABLE, XMPP_PORT = 1, False, 5222
_TEAM = "Agents"
_PLANS: dict[str, Any] = {
    "group": _TEAM, "suggest": "files", "advanced": True, "default_by": [{"when": {}, "label": "the package's"}],
}  # fmt: skip
_XMPP: dict[str, Any] = {"group": "XMPP server", "advanced": True}


def _setting(default: Any, text: str, **bounds: Any) -> Any:
    return field(default=default, metadata={"help": text, **bounds})


def _of_checkpoint(value: Any) -> list[dict[str, Any]]:
    """Return what null stands for in a field that a checkpoint decides, where there is one."""
    return [
        {"when": {"mode": ["resume", "evaluate"]}, "label": "as in the checkpoint"},
        {"when": {}, "value": value},
    ]


@dataclass
class RunConfig:
    """What a run of this worker is told. Every field says what it is in its metadata."""

    run_id: str = field(metadata={"help": "Unique name of the run."})
    seed: int | None = _setting(
        None, "Seed of everything random (null: drawn, and said in run_started).", minimum=0, maximum=2**63 - 1
    )
    worker_id: str | None = _setting(None, "Name of this worker within the run (null: WORKER_ID of the environment).")

    algo: str = _setting("q_learning", "How the agents learn.", choices=ALGORITHMS)
    env_id: str = _setting(
        "FrozenLake-v1", "Gymnasium environment with discrete observations and actions.", suggest="environments"
    )
    env_kwargs: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "Keyword arguments that the environment is made with."}
    )
    total_steps: int = _setting(
        100_000,
        "Environment steps of the whole training, of all learners together, those before a resume included.",
        minimum=1,
        unit="steps",
    )
    total_episodes: int | None = _setting(
        None, "Episodes after which a training ends, too (null: no limit).", minimum=1,
        default_by=[{"when": {}, "label": "no limit"}],
    )  # fmt: skip
    mode: str = _setting(
        "train",
        "Train from scratch, resume a checkpoint's training, or evaluate a checkpoint's policies.",
        choices=MODES,
    )
    checkpoint_path: str | None = _setting(
        None, "Checkpoint to resume or to evaluate.", suggest="checkpoints", applies={"mode": ["resume", "evaluate"]}
    )

    learners: int | None = _setting(
        None, "Learning agents, besides the coordinator (null: 1, or as many as the checkpoint has).", minimum=1,
        maximum=64, group=_TEAM, default_by=_of_checkpoint(LEARNERS),
    )  # fmt: skip
    shared_table: bool | None = _setting(
        None, "Let all learners use one table of action values (null: each its own, or as the checkpoint has it).",
        group=_TEAM, default_by=_of_checkpoint(SHARED_TABLE),
    )  # fmt: skip
    episodes_per_goal: int = _setting(
        50, "Episodes that the coordinator asks of a learner at once.", minimum=1, group=_TEAM
    )
    learner_asl: str | None = _setting(
        None, "File with the AgentSpeak plans of the learners (null: the package's).", **_PLANS
    )
    coordinator_asl: str | None = _setting(
        None, "File with the AgentSpeak plans of the coordinator (null: the package's).", **_PLANS
    )

    learning_rate: float = _setting(0.1, "Step size of an update.", exclusive_minimum=0, maximum=1, log=True)
    gamma: float = _setting(0.99, "Discount of a step.", minimum=0, maximum=1)
    epsilon_start: float = _setting(1.0, "Share of random actions at first.", minimum=0, maximum=1)
    epsilon_end: float = _setting(0.05, "Share of random actions at last.", minimum=0, maximum=1)
    exploration_fraction: float = _setting(
        0.5, "Share of total_steps over which the share of random actions falls, linearly.", minimum=0, maximum=1
    )
    initial_value: float = _setting(0.0, "What actions are thought to be worth before they were tried.", advanced=True)

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
    mind: str = _setting(
        "episodes",
        "How often beliefs and intentions are put out: with each step, at the end of each episode, or never.",
        choices=("steps", "episodes", "none"),
    )
    metrics_interval: int = _setting(1000, "Steps between two metric events.", minimum=1, unit="steps", advanced=True)
    heartbeat_interval_s: float = _setting(
        30.0, "Seconds between heartbeats.", exclusive_minimum=0, unit="s", advanced=True
    )
    checkpoint_interval: int = _setting(
        25_000, "Steps between checkpoints; 0 saves only the last.", minimum=0, unit="steps"
    )
    keep_checkpoints: int = _setting(5, "Checkpoints to keep, the newest; 0 keeps all.", minimum=0)
    eval_episodes: int = _setting(
        20, "Greedy episodes of an evaluation; several learners take turns.", minimum=1
    )  # fmt: skip
    eval_at_end: bool = _setting(False, "Evaluate the final policies after a training.")

    xmpp_host: str | None = _setting(
        None,
        "Host of an XMPP server of yours (null: the domain of xmpp_jid; without that, a server within the worker).",
        default_by=[
            {"when": {"xmpp_jid": [None]}, "label": "a server within the worker"},
            {"when": {}, "label": "the domain of xmpp_jid"},
        ],
        **_XMPP,
    )
    xmpp_port: int | None = _setting(
        None, "Port of the XMPP server (null: 5222 of yours, any free one of the worker's own).", minimum=1,
        maximum=65535,
        default_by=[{"when": {"xmpp_jid": [None]}, "label": "any free one"}, {"when": {}, "value": XMPP_PORT}],
        **_XMPP,
    )  # fmt: skip
    xmpp_jid: str | None = _setting(
        None,
        "Account on a server of yours, as user@domain; every agent logs in with it under a resource of its own.",
        default_by=[{"when": {}, "label": "a server within the worker"}],
        **_XMPP,
    )
    xmpp_password: str | None = _setting(
        None,
        "Password of xmpp_jid (null: XMPP_PASSWORD of the environment).",
        secret=True,
        default_by=[{"when": {}, "label": "XMPP_PASSWORD of the environment"}],
        **_XMPP,
    )
    xmpp_register: bool = _setting(False, "Let the account be made on your server if it is not there yet.", **_XMPP)
    xmpp_verify: bool = _setting(True, "Refuse a server of yours whose certificate is not valid.", **_XMPP)
    xmpp_timeout_s: float = _setting(
        20.0, "Seconds to wait for a login, and for a message while no agent has anything to do.", exclusive_minimum=0,
        unit="s", **_XMPP,
    )  # fmt: skip
    xmpp_retries: int = _setting(
        5, "Further tries, with growing pauses, where a login fails or is lost.", minimum=0, **_XMPP
    )

    tensorboard: bool = _setting(False, "Write TensorBoard event files (needs the package's extra 'tracking').")
    wandb: str = _setting(
        "disabled",
        "Log to Weights & Biases: not at all, into files to be synced later, or online (needs the extra 'tracking').",
        choices=("disabled", "offline", "online"),
    )
    wandb_project: str = _setting("mosaic", "Project at Weights & Biases.", applies={"wandb": ["offline", "online"]})

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
    def from_dict(cls, data: dict[str, Any]) -> RunConfig:
        """Build a config from a dict: flat, or a whole run's payload with it in ``metadata.worker.config``.

        Raises:
            ConfigError: Unknown names, wrong types or values; all of them are listed.
        """
        data = _flat(data)
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

        def fault(name: str, message: str, **more: Any) -> None:
            if name not in faulty:
                problems.append(Problem(name, message, **more))

        for name in ("run_id", "env_id"):
            if not getattr(self, name):
                fault(name, "is required", value=getattr(self, name))
        for f in fields(self):
            choices, value = f.metadata.get("choices"), getattr(self, f.name)
            if choices and value not in choices:
                near = nearest(str(value), choices)
                fault(f.name, "is not one of the choices", value=value, allowed=", ".join(choices), nearest=near)
        if not _SAMPLING.fullmatch(str(self.steps)):
            fault("steps", "is not a sampling rule", value=self.steps, allowed="all, none, episodes:<k> with k from 1")
        if self.mode in ("resume", "evaluate") and not self.checkpoint_path:
            fault("checkpoint_path", f"is required to {self.mode}", allowed="path of a checkpoint")
        if self.xmpp_jid is not None and not _is_jid(self.xmpp_jid):
            fault("xmpp_jid", "is not an account's name", value=self.xmpp_jid, allowed="user@domain")
        if self.xmpp_host is not None and self.xmpp_jid is None:
            fault("xmpp_jid", "is required with xmpp_host", allowed="an account on that server, user@domain")
        return problems


def _is_jid(text: str) -> bool:
    user, at, domain = text.partition("@")
    return bool(user and at and domain) and not set(text) & set(" /'\"<>,()[]") and "@" not in domain


def _flat(data: dict[str, Any]) -> dict[str, Any]:
    """Return the worker's own config out of a run's payload."""
    worker = (data.get("metadata") or {}).get("worker") if isinstance(data.get("metadata"), dict) else None
    return dict(worker.get("config") or {}) if isinstance(worker, dict) else data


def load_worker_config(config_path: str | Path) -> RunConfig:
    """Read a config from a JSON file: flat, or nested as ``metadata.worker.config``.

    Args:
        config_path: The file.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It does not hold a config of this worker.
    """
    return RunConfig.from_dict(load_worker_config_from_file(config_path))


__all__ = ["RunConfig", "load_worker_config"]
