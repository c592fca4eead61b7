"""The command line that starts the same run as a form."""

from __future__ import annotations

import copy
import shlex
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import msgspec

from gym_gui.core.worker.secret_detection import MARK
from gym_gui.forms.fields import CONFIG_PATH, PREFIX
from gym_gui.forms.naming import default_run_name
from gym_gui.forms.run_config import base_config, to_run_configs
from gym_gui.forms.run_fields import SEEDS, WORKER_SEEDS
from gym_gui.forms.spec import FormSpec, Values
from gym_gui.forms.team import worker_ids
from gym_gui.forms.values import Reading
from gym_gui.runs import Secrets, join_path, run_config_schema, schema_of_member
from gym_gui.workers import ALGORITHM_FIELDS, ENVIRONMENT_FIELDS, STEPS_FIELDS, same_json, write_value

#: Names of options that set a field of the worker's config.
_FLAGS = (("--env", ENVIRONMENT_FIELDS), ("--algo", ALGORITHM_FIELDS), ("--steps", STEPS_FIELDS))
_SHELL_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
Option = tuple[str, str]


class CommandLine(msgspec.Struct, kw_only=True, frozen=True):
    """A command, and what it cannot say."""

    text: str
    """``mosaic train …``, quoted for a shell."""
    left_out: list[str] = []
    """Paths in the run config for which ``mosaic train`` has no option."""
    variables: list[str] = []
    """Variables of the shell that must hold the secrets, which are not in the text."""

    def with_comments(self) -> str:
        """Return the text with comments of the shell that say what is not in it."""
        lines = [self.text]
        if self.variables:
            lines.append(f"# secrets are not in it: your shell must have {', '.join(self.variables)}")
        if self.left_out:
            lines.append(f"# it has no option for {', '.join(self.left_out)}: save the config, and mosaic run FILE")
        return "\n".join(lines)


def command_line(form: FormSpec, values: Values) -> CommandLine:
    """Return the command that starts the same runs as a form; secrets are left to variables of the shell.

    Args:
        form: The form.
        values: What is entered; a form with problems makes a command with problems.
    """
    sent = Reading(form, values).sent()
    seeds, ids = sent.get(SEEDS), worker_ids(sent)
    configs = to_run_configs(form, values)
    one = base_config(form, values)
    declared = [field.path[-1] for field in form.fields() if field.kind == "secret" and field.path]
    config, variables = _without_secrets(copy.deepcopy(one), declared)
    several = [("--seeds", seeds)] if len(configs) > 1 and isinstance(seeds, str) else []
    named = _run_name(form, config)  # before the seed is taken
    workers = [("--worker-id", worker_id) for worker_id in ids if _text(worker_id)]
    options = [*_worker_options(form, config, several), *workers, *named, *_run_options(config)]
    words = ["mosaic", "train", form.worker]
    for option, value in options:
        words += [f"{option}={value}"] if value.startswith("-") or not value else [option, value]
    left_out = [*_left_out(config, []), *(["metadata.workers"] if ids and WORKER_SEEDS in sent else [])]
    return CommandLine(text=shlex.join(words), left_out=sorted(left_out), variables=variables)


def _without_secrets(config: dict[str, Any], declared: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Return a run config with marks in place of secrets, and the variables that ``mosaic train`` takes them from."""
    secrets = Secrets(config, declared)
    settings, environment = _member(config, CONFIG_PATH), config.get("environment")
    variables: list[str] = []
    if isinstance(settings, dict):
        settings = config["metadata"]["worker"]["config"] = secrets.hide(settings)
        variables += [name.upper() for name in _marked(settings, "")]
    if isinstance(environment, dict):
        environment = config["environment"] = secrets.hide(environment)
        variables += _marked(environment, "")
    for name in ("run_name", "notes"):
        if isinstance(config.get(name), str):
            config[name] = secrets.hide_text(config[name])
    if isinstance(config.get("tags"), list):
        config["tags"] = [secrets.hide_text(tag) if isinstance(tag, str) else tag for tag in config["tags"]]
    return config, sorted(set(variables))


def _marked(value: Any, name: str) -> Iterator[str]:
    """Yield the names of the members that are marks."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _marked(member, key)
    elif isinstance(value, list):
        for member in value:
            yield from _marked(member, name)
    elif value == MARK:
        yield name


def _run_name(form: FormSpec, config: dict[str, Any]) -> list[Option]:
    settings = _member(config, CONFIG_PATH)
    given = settings if isinstance(settings, dict) else {}
    seed = given.get("seed")
    name = config.get("run_name")
    if name == default_run_name(form.worker, given, seed if type(seed) is int else None):
        del config["run_name"]
        return []
    return _taken(config, "run_name", "--name", _text)


def _worker_options(form: FormSpec, config: dict[str, Any], seeds: list[Option]) -> list[Option]:
    """Take the worker's entry out of a run config, and return its options."""
    worker = _member(config, CONFIG_PATH[:2])
    for name, usual in (("worker_id", form.worker), ("module", form.module)):
        if (worker.get(name) or usual) == usual:
            worker.pop(name, None)
    settings = worker.get("config")
    options: list[Option] = []
    for name in list(settings) if isinstance(settings, dict) else ():
        found = [*seeds] if name == "seed" and seeds else _setting(form, name, settings[name])
        if found:
            options += found
            del settings[name]
    options = sorted(options, key=lambda option: option[0] == "--set")
    options += _taken(config, "metadata.worker.replicas", "--replicas", _count)
    if settings == {}:
        del worker["config"]
    if not worker:
        del config["metadata"]["worker"]
    return options


def _setting(form: FormSpec, name: str, value: Any) -> list[Option]:
    """Return the option that sets a field of the worker's config; none where there is no such option."""
    if name == "worker_id":
        return [("--worker-id", value)] if _text(value) else []
    if name == "seed" and type(value) is int and value >= 0:
        return [("--seed", str(value))]
    fields = form.by_name()
    unknown = CONFIG_PATH[-1] in fields  # the worker's fields are unknown
    field = fields.get(PREFIX + name)
    for flag, names in _FLAGS:
        first = next((each for each in names if PREFIX + each in fields), None)
        if name == first and flag == "--steps" and type(value) is int and 0 < value < 2**63:
            return [(flag, str(value))]
        if name == first and flag != "--steps" and isinstance(value, str) and _text(value):
            return [(flag, value)]
    known = field is not None or unknown or name == "seed"
    sayable = name == name.strip() and "=" not in name and name not in ("", "run_id") and (unknown or "." not in name)
    if not known or not sayable:
        return []
    text = write_value(value, field.schema if field else {"type": ["integer", "null"]} if name == "seed" else {})
    return [] if text is None or "\0" in text + name else [("--set", f"{name}={text}")]


def _run_options(config: dict[str, Any]) -> Iterator[Option]:
    """Take what every run has out of a run config, and yield its options."""
    yield from _taken(config, "tags", "--tag", _texts)
    yield from _taken(config, "notes", "--notes", _text)
    yield from _taken(config, "secrets", "--secret", _texts)
    yield from _taken(config, "resources.gpus", "--gpus", _gpus)
    yield from _taken(config, "resources.cpus", "--cpus", _count)
    yield from _taken(config, "resources.memory_mb", "--memory", lambda value: _count(value, "M"))
    yield from _taken(config, "limits.wall_time_s", "--wall-time", _duration)
    yield from _taken(config, "limits.max_attempts", "--max-attempts", _count)
    yield from _taken(config, "environment", "--setenv", _variables)
    yield from _taken(config, "priority", "--priority", _whole)
    yield from _taken(config, "executor", "--executor", _text)


def _taken(
    config: dict[str, Any], path: str, option: str, write: Callable[[Any], list[str] | str | None]
) -> list[Option]:
    """Take a member out of a run config, and return its options; one that no option can say stays where it is."""
    *outer, last = path.split(".")
    place = _member(config, outer)
    if not isinstance(place, dict) or last not in place or _is_default(place[last], path.split(".")):
        return []
    words = write(place[last])
    if words is None or words == "":
        return []
    del place[last]
    return [(option, word) for word in ([words] if isinstance(words, str) else words)]


def _left_out(config: Any, path: list[str]) -> Iterator[str]:
    """Yield the paths of what is left of a run config, unless it says what holds anyway."""
    if isinstance(config, dict) and config:
        for name, value in config.items():
            yield from _left_out(value, [*path, name])
    elif path and not _is_default(config, path):
        text = ""
        for name in path:
            text = join_path(text, name)
        yield text


def _is_default(value: Any, path: list[str]) -> bool:
    """Return whether a member of a run config says no more than its absence does."""
    if tuple(path[:3]) == CONFIG_PATH:
        return len(path) == len(CONFIG_PATH) and value == {}
    part = schema_of_member(run_config_schema(), path)
    if part is None:
        return False
    if value == {} and "properties" in part:
        return True
    return same_json(value, part["default"]) if "default" in part else value in ({}, [])


def _member(config: Any, path: tuple[str, ...] | list[str]) -> Any:
    for name in path:
        config = config.get(name) if isinstance(config, dict) else None
    return config


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and "\0" not in value else None


def _texts(value: Any) -> list[str] | None:
    return value if isinstance(value, list) and all(_text(entry) is not None for entry in value) else None


def _count(value: Any, unit: str = "") -> str | None:
    return f"{value}{unit}" if type(value) is int and 0 < value < 2**53 else None


def _whole(value: Any) -> str | None:
    return str(value) if type(value) is int else None


def _gpus(value: Any) -> str | None:
    count = value.get("requested") if isinstance(value, dict) else None
    usual = type(count) is int and value == {"requested": count, "mandatory": count > 0}
    return str(count) if usual else None


def _duration(value: Any) -> str | None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < 2**53:
        return None
    return f"{Decimal(repr(value)):f}s"


def _variables(value: Any) -> list[str] | None:
    if not isinstance(value, dict):
        return None
    ok = all(
        name and set(name) <= _SHELL_NAME and not name[0].isdigit() and _text(text) is not None
        for name, text in value.items()
    )
    return [name if text == MARK else f"{name}={text}" for name, text in value.items()] if ok else None
