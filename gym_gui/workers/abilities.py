"""Compares what a run config needs with the capabilities that its worker declares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gym_gui.core.worker.errors import Problem, nearest
from gym_gui.runs import join_path
from gym_gui.workers.environment_facts import EnvironmentFacts
from gym_gui.workers.inspect_environment import PETTINGZOO
from gym_gui.workers.record import WorkerRecord

PARADIGM_FIELDS = ("paradigm", "training_paradigm")
FAMILY_FIELDS = ("env_family",)
AGENT_FIELDS = ("num_agents", "n_agents")

#: Families whose environments a registry or PettingZoo's modules name: a name that is missing there is no environment.
_GYMNASIUM = ("gymnasium", "classic_control", "toy_text", "box2d", "mujoco", "atari")
_PETTINGZOO = ("pettingzoo", "butterfly", "classic", "mpe", "mpe2", "sisl")
LOOKED_UP = frozenset((*_GYMNASIUM, *_PETTINGZOO))
_ACTIONS = frozenset(
    ("discrete", "continuous", "multi_discrete", "multi_binary", "dict", "tuple", "text", "sequence", "graph")
)
_OBSERVATIONS = _ACTIONS - {"continuous"} | {"vector", "image"}
_ALIASES = {
    "action_spaces": {"box": "continuous", "multidiscrete": "multi_discrete", "multibinary": "multi_binary"},
    "observation_spaces": {
        "box": "vector",
        "continuous": "vector",
        "pixels": "image",
        "rgb": "image",
        "multidiscrete": "multi_discrete",
        "multibinary": "multi_binary",
    },
    "env_families": {"gym": "gymnasium", "ale": "atari"},
}


def ability_problems(record: WorkerRecord, settings: dict[str, Any], gpus: int | None, path: str) -> list[Problem]:
    """Return what a run asks for that its worker does not declare, as far as that needs no look at the environment.

    Args:
        record: The worker.
        settings: Its config.
        gpus: How many GPUs the run requests; ``None``: it does not say.
        path: Where the config stands in the run config.
    """
    lacking = gpu_problem(record, gpus)
    return config_problems(record, settings, path) + ([lacking] if lacking else [])


def config_problems(record: WorkerRecord, settings: dict[str, Any], path: str) -> list[Problem]:
    """Return what a worker's config asks for that the worker does not declare.

    Args:
        record: The worker.
        settings: Its config.
        path: Where the config stands in the run config.
    """
    problems = []
    for name, paradigm in _given(record, settings, PARADIGM_FIELDS):
        declared = _declared(record, "supported_paradigms")
        if isinstance(paradigm, str) and declared and paradigm not in ("", "auto") and _word(paradigm) not in declared:
            problems.append(
                _missing(record, join_path(path, name), paradigm, f"trains {paradigm}", "supported_paradigms")
            )
    for name, family in _given(record, settings, FAMILY_FIELDS):
        declared = _declared(record, "env_families")
        if isinstance(family, str) and declared and family not in ("", "auto") and _word(family) not in declared:
            problems.append(_missing(record, join_path(path, name), family, f"needs {family}", "env_families"))
    most = record.capabilities.get("max_agents")
    for name, agents in _given(record, settings, AGENT_FIELDS):
        if _exceeds(agents, most):
            problems.append(_missing(record, join_path(path, name), agents, f"has {agents} agents", "max_agents"))
    mode = settings.get("mode")
    # Without a checkpoint an evaluation measures what the worker is, as that of a random policy.
    begins = mode == "resume" or (mode == "evaluate" and bool(settings.get("checkpoint_path")))
    if begins and record.capabilities.get("supports_checkpointing") is False:
        message = f"{mode} needs checkpoints, which {record.name} does not have (its capability supports_checkpointing)"
        problems.append(Problem(join_path(path, "mode"), message, value=mode, allowed="train"))
    return problems


def environment_problems(record: WorkerRecord, env_id: str, path: str, facts: EnvironmentFacts) -> list[Problem]:
    """Return why a worker cannot handle an environment that exists: each capability that is missing.

    Args:
        record: The worker.
        env_id: The environment.
        path: Where its name stands in the run config.
        facts: What it is.
    """
    problems = []
    declared = _declared(record, "env_families")
    if facts.families and declared and not declared & set(facts.families):
        what = f"is an environment of {' or '.join(facts.families)}"
        problems.append(_missing(record, path, env_id, what, "env_families"))
    for kinds, capability, known, noun in (
        (facts.actions, "action_spaces", _ACTIONS, "actions"),
        (facts.observations, "observation_spaces", _OBSERVATIONS, "observations"),
    ):
        declared = _declared(record, capability)
        if not declared or declared - known:
            continue  # nothing declared, or in words that are not ours
        lacking = [words[0] for words in kinds if not declared & set(words)]
        if lacking:
            problems.append(_missing(record, path, env_id, f"has {' and '.join(lacking)} {noun}", capability))
    most = record.capabilities.get("max_agents")
    if _exceeds(facts.agents, most):
        problems.append(_missing(record, path, env_id, f"has {facts.agents} agents", "max_agents"))
    return problems


def unknown_environment(record: WorkerRecord, env_id: str, path: str, facts: EnvironmentFacts) -> Problem:
    """Return the problem of an environment that does not exist, with the names that are like it."""
    near = facts.nearest[0] if facts.nearest else None
    others = f", like {', '.join(facts.nearest)}" if len(facts.nearest) > 1 else ""
    message = f"is unknown to the libraries of {record.name} ({facts.reason})"
    return Problem(path, message, value=env_id, allowed=f"an environment that is installed there{others}", nearest=near)


def is_decisive(record: WorkerRecord) -> bool:
    """Return whether an environment that no registry names is none that a worker could run."""
    declared = _declared(record, "env_families")
    return bool(declared) and declared <= LOOKED_UP


def pettingzoo_only(record: WorkerRecord, env_id: str) -> EnvironmentFacts | None:
    """Return what the name of an environment says alone: that it is PettingZoo's, which a worker does not handle."""
    found = PETTINGZOO.fullmatch(env_id)
    families = ["pettingzoo", *([found[1]] if found and found[1] else [])]
    declared = _declared(record, "env_families")
    return EnvironmentFacts(families=families) if found and declared and not declared & set(families) else None


def wants_facts(record: WorkerRecord) -> bool:
    """Return whether a worker declares anything that an environment can be compared with."""
    return any(_declared(record, name) for name in ("env_families", "action_spaces", "observation_spaces"))


def gpu_problem(record: WorkerRecord, requested: int | None) -> Problem | None:
    """Return what is wrong if a worker that does not run without a GPU is to have none."""
    if record.capabilities.get("requires_gpu") is not True or requested != 0:
        return None
    message = f"{record.name} does not run without a GPU (its capability requires_gpu)"
    return Problem("resources.gpus.requested", message, value=requested, allowed="at least 1, or leave it out")


def command_line_problem(record: WorkerRecord, module: str, flags: Sequence[str], path: str) -> Problem | None:
    """Return what is wrong if a worker's command line has no ``--config``: it would end with exit code 2.

    Args:
        record: The worker.
        module: What ``python -m`` starts.
        flags: Options that its ``--help`` names; none if it could not be run.
        path: Where the worker stands in the run config.
    """
    if not flags or "--config" in flags:
        return None
    shown = " ".join(flag for flag in flags if flag != "--help") or "no options"
    message = (
        f"cannot be started: {module} does not take --config, by which MOSAIC passes its settings (its --help names"
        f" {shown}); a program that waits for commands on stdin cannot be run by MOSAIC"
    )
    return Problem(path, message, value=record.name, allowed="a worker whose command line takes --config PATH")


def _given(record: WorkerRecord, settings: dict[str, Any], names: Iterable[str]) -> list[tuple[str, Any]]:
    return [(name, settings[name]) for name in names if record.has_field(name) and settings.get(name) is not None]


def _declared(record: WorkerRecord, capability: str) -> set[str]:
    """Return what a worker declares, in MOSAIC's words; empty if it takes anything."""
    declared = record.capabilities.get(capability)
    if not isinstance(declared, Sequence) or isinstance(declared, str):
        return set()
    aliases = _ALIASES.get(capability, {})
    words = {_word(str(word)) for word in declared}
    return set() if words & {"any", "all", "*"} else {aliases.get(word, word) for word in words}


def _word(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_")


def _missing(record: WorkerRecord, path: str, value: Any, what: str, capability: str) -> Problem:
    declared = record.capabilities.get(capability)
    names = list(map(str, declared)) if isinstance(declared, (list, tuple)) else None
    allowed = f"at most {declared}" if names is None else ", ".join(names)
    near = None if names is None else nearest(str(value), names)
    message = f"{what}, which {record.name} does not handle (its capability {capability})"
    return Problem(path, message, value=value, allowed=f"{capability}: {allowed}", nearest=near)


def _exceeds(agents: Any, most: Any) -> bool:
    return type(agents) is int and type(most) is int and agents > most
