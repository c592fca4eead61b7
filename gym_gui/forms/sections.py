"""Sections of a worker's config: by the group that a field names, else by the field's name."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from gym_gui.workers import ALGORITHM_FIELDS, ENVIRONMENT_FIELDS, MANAGED_FIELDS, STEPS_FIELDS, WorkerRecord

OTHER = "other"
#: Id, title and names of each section, in order; the first that matches counts.
_SECTIONS: tuple[tuple[str, str, str], ...] = (
    (
        "logging",
        "Logging and checkpoints",
        (
            r"steps|observations|mind|metrics?_interval|heartbeat\w*|checkpoint_(interval|every|freq\w*)|(save|keep)_\w+|"
            r"log|log(ging)?_\w+|\w*_log|verbose|verbosity|tensorboard\w*|wandb\w*|mlflow\w*|track\w*|videos?|video_\w+|"
            r"record_\w+|capture_\w+|render\w*|eval_at_end|save_replay_buffer"
        ),
    ),
    (
        "environment",
        "Environment",
        (
            r"env|envs|env_\w+|environment\w*|\w+_envs?|n_envs|num_envs?_\w+|vec_env|vectori[sz]ation|wrappers?|"
            r"frame_(stack|skip)|api|curriculum|map(_\w+)?|scenario\w*|level|max_episode_steps|time_limit|"
            r"norm(ali[sz]e)?_(obs\w*|rewards?)|num_agents|n_agents|paradigm|training_paradigm"
        ),
    ),
    (
        "length",
        "Length",
        (
            r"\w*total_\w+|max_(steps|timesteps|episodes|iterations|epochs)|(num|n)_(timesteps|episodes|iterations)|mode|"
            r"episodes|iterations|epochs|"
            r"checkpoint(_path)?|resume\w*|eval_episodes|n_eval_episodes|num_eval_episodes|eval_\w+|step_rate|burst"
        ),
    ),
    (
        "network",
        "Network and device",
        (
            r"policy|policy_kwargs|model|model_\w+|network\w*|net_\w+|\w*hidden\w*|\w*layers?|activation\w*|device|cuda|"
            r"use_(cuda|gpu)|\w*gpus?|torch_\w+|num_threads|dtype|precision|optimi[sz]er\w*"
        ),
    ),
    (
        "algorithm",
        "Algorithm",
        (
            r"algo|algorithm\w*|preset|training|\w*learning_\w+|\w*lr|gamma|\w*lambda|\w*batch\w*|\w*clip\w*|\w*coeff?|"
            r"\w*epsilon\w*|\w*_eps|(start|end)_e|alpha|tau|\w*buffer\w*|num_steps|n_steps|(n|num|update)_epochs|"
            r"\w*exploration\w*|\w*noise\w*|target_\w+|\w*_kl|max_grad_norm|grad_\w+|gradient_\w+|train_\w+|"
            r"\w*entropy\w*|anneal\w*|autotune|norm_adv|normali[sz]e_advantage|n_atoms|v_(min|max)|use_sde|\w*_frequency|"
            r"q_\w+|initial_value"
        ),
    ),
)
#: The order in which sections without a group of the worker's own are shown; those come before the last two.
_ORDER = ("environment", "algorithm", "length", "network")
_LAST = ("logging", OTHER)
_TITLES = {**{section: title for section, title, _ in _SECTIONS}, OTHER: "Everything else"}
_PATTERNS = tuple((section, re.compile(names)) for section, _, names in _SECTIONS)
_FIRST = {
    **dict.fromkeys(ENVIRONMENT_FIELDS, "environment"),
    **dict.fromkeys(ALGORITHM_FIELDS, "algorithm"),
    **dict.fromkeys(STEPS_FIELDS, "length"),
}


class ConfigSection(NamedTuple):
    """Fields of a worker's config that belong together."""

    id: str
    """Unique among the worker's sections."""
    title: str
    """For users."""
    fields: list[str]
    """Their names."""
    advanced: list[str]
    """Names of those that most users do not need."""


def config_sections(record: WorkerRecord) -> list[ConfigSection]:
    """Return the sections of a worker's config, empty ones left out; fields that MOSAIC fills in are in none.

    Args:
        record: The worker.
    """
    found: dict[str, ConfigSection] = {}
    for name, part in record.properties.items():
        if name in MANAGED_FIELDS:
            continue
        key, title = section_of(name, part)
        section = found.setdefault(key, ConfigSection(key, title, [], []))
        (section.advanced if part.get("x-advanced") is True else section.fields).append(name)
    own = [key for key in found if key not in _ORDER and key not in _LAST]
    return [found[key] for key in (*_ORDER, *own, *_LAST) if key in found]


def section_of(name: str, part: dict[str, Any]) -> tuple[str, str]:
    """Return id and title of the section that a field belongs to.

    Args:
        name: The field.
        part: Its JSON Schema.
    """
    group = part.get("x-group")
    if isinstance(group, str) and group.strip():
        title = group.strip()
        for key, known in _TITLES.items():
            if title.casefold() in (key, known.casefold()):
                return key, known
        return re.sub(r"\W+", "-", title.casefold()).strip("-") or OTHER, title
    if name in _FIRST:
        key = _FIRST[name]
    else:
        key = next((section for section, names in _PATTERNS if names.fullmatch(name.lower())), OTHER)
    return key, _TITLES[key]
