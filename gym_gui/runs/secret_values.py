"""Secrets in a run config: detected by name, kept out of records, passed to workers separately.

Records of a run (``run.json``, listings, logs, messages, the digest) have :data:`MARK` in their place.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gym_gui.core.worker.errors import Problem, nearest
from gym_gui.core.worker.secret_detection import MARK, has_password, hide_passwords, is_secret_name
from gym_gui.runs.environment import OWN_VARIABLES
from gym_gui.runs.json_values import join_path

#: Shorter values are hidden under their names, but not searched for in other text: they might be plain words.
_SEARCHED_LENGTH = 8
#: Settings that MOSAIC itself needs.
_NEVER_SECRET = frozenset({"run_id", "worker_id", "seed", *OWN_VARIABLES})
_SETTING = re.compile(r"((?:--[\w-]+=)?)([\w.-]+)=(.+)", re.DOTALL)
_OPTION = re.compile(r"--?([\w-]+)")


class Secrets:
    """Identifies and hides the secret values of a run config.

    Secrets are: text under a name that suggests one, at any depth; any value under a name in ``secrets`` of the run
    config, or under one that a worker declares secret; any other variable or setting that contains such a value; and
    an address with a password.

    Args:
        payload: Plain JSON of a run config; parts of a wrong type have none.
        declared: Names of settings that the schemas of the run's workers declare secret.
    """

    def __init__(self, payload: Mapping[str, Any], declared: Collection[str] = ()) -> None:
        listed = payload.get("secrets")
        names = [item for item in listed if isinstance(item, str)] if isinstance(listed, list) else []
        self.names = frozenset([*names, *declared])
        self._values: tuple[str, ...] = ()
        places = (payload.get("base_environment"), payload.get("environment"))
        self._environments: list[Any] = [place for place in places if isinstance(place, dict)]
        self._configs = [part["config"] for part in worker_parts(payload).values() if "config" in part]
        values = {str(value) for value in self._all() if value != MARK}
        self._values = tuple(sorted((item for item in values if len(item) >= _SEARCHED_LENGTH), key=len, reverse=True))

    def is_secret(self, name: str) -> bool:
        """Return whether the value under a name is a secret."""
        return name not in _NEVER_SECRET and (name in self.names or is_secret_name(name))

    def environment(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that are secrets."""
        return {name: value for name, value in environment.items() if self._hides(value, self._rank(name))}

    def hide(self, value: Any, name: str = "") -> Any:
        """Return a copy of a value with :data:`MARK` in place of every secret.

        Args:
            value: Plain JSON.
            name: Its name.
        """
        return self._hide(value, self._rank(name))

    def without(self, value: Any) -> Any:
        """Return a copy of a value without secret members."""
        return _drop(self.hide(value))

    def hide_text(self, text: str) -> str:
        """Return a text with secrets replaced by :data:`MARK`, addresses without passwords."""
        for value in self._values:
            text = text.replace(value, MARK)
        return hide_passwords(text)

    def hide_problem(self, problem: Problem) -> Problem:
        """Return a problem without secrets in it."""
        parts = re.split(r"[.\[\]]+", problem.path)
        # `secrets` of a run config lists names.
        secret = parts[0] != "secrets" and any(self.is_secret(part) for part in parts if part)
        message, allowed = self.hide_text(problem.message), self.hide_text(problem.allowed)
        if secret and isinstance(problem.value, (str, int, float)) and str(problem.value):
            message = message.replace(str(problem.value), MARK)
        value = (MARK if problem.value is not None else None) if secret else self.hide(problem.value)
        return Problem(self.hide_text(problem.path), message, value=value, allowed=allowed, nearest=problem.nearest)

    def hide_arguments(self, arguments: Sequence[str]) -> list[str]:
        """Return a command line with its secrets replaced by :data:`MARK`."""
        hidden: list[str] = []
        expected = False
        for word in arguments:
            setting, option = _SETTING.fullmatch(word), _OPTION.fullmatch(word)
            if expected and not option:
                word = MARK
            elif setting and self.is_secret(_last_name(setting[2])):
                word = f"{setting[1]}{setting[2]}={MARK}"
            expected = option is not None and word.startswith("--") and self.is_secret(_last_name(option[1]))
            hidden.append(self.hide_text(word))
        return hidden

    def hide_config(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Return a run config without secrets, for records."""
        hidden = dict(payload)
        for name in ("run_name", "notes"):
            hidden[name] = self.hide_text(hidden[name])
        hidden["tags"] = [self.hide_text(tag) for tag in hidden["tags"]]
        for name in ("environment", "base_environment"):
            if name in hidden:
                hidden[name] = self.hide(hidden[name])
        metadata = hidden["metadata"] = dict(hidden["metadata"])
        for notes in ("ui", "artifacts"):
            if notes in metadata:
                metadata[notes] = self.hide(metadata[notes])
        if "worker" in metadata:
            metadata["worker"] = self._hide_part(metadata["worker"])
        if "workers" in metadata:
            metadata["workers"] = [self._hide_part(part) for part in metadata["workers"]]
        return hidden

    def _hide_part(self, part: dict[str, Any]) -> dict[str, Any]:
        return {**part, "config": self.hide(part["config"])}

    def _all(self) -> Iterator[Any]:
        """Yield every secret that is recognized by name."""
        for place in (*self._environments, *self._configs):
            if isinstance(place, dict):
                for name, value in place.items():
                    yield from self._leaves(value, self._rank(name))

    def _leaves(self, value: Any, rank: int) -> Iterator[Any]:
        """Yield the secrets in a value, recognized by its names and those above."""
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self._leaves(item, max(rank, self._rank(key)))
        elif isinstance(value, list):
            for item in value:
                yield from self._leaves(item, rank)
        elif self._hides(value, rank):
            yield value

    def _rank(self, name: str) -> int:
        """Return 0 if a name hides nothing, 1 if text, 2 if any value."""
        return 0 if not self.is_secret(name) else 2 if name in self.names else 1

    def _hides(self, value: Any, rank: int) -> bool:
        if isinstance(value, str):
            secret = rank > 0 or value == MARK or any(item in value for item in self._values)
            return bool(value) and (secret or has_password(value))
        return rank > 1 and value is not None

    def _hide(self, value: Any, rank: int) -> Any:
        if isinstance(value, dict):
            return {key: self._hide(item, max(rank, self._rank(key))) for key, item in value.items()}
        if isinstance(value, list):
            return [self._hide(item, rank) for item in value]
        return MARK if self._hides(value, rank) else value


def secret_problems(payload: Mapping[str, Any], secrets: Secrets) -> list[Problem]:
    """Return problems of a run config's secrets: unknown names and exposed values.

    Args:
        payload: Plain JSON of a run config.
        secrets: Of that config.
    """
    environment = payload.get("environment")
    names = set(environment) if isinstance(environment, dict) else set()
    for part in worker_parts(payload).values():
        names.update(_names(part.get("config")))
    problems = []
    listed = payload.get("secrets")
    for index, name in enumerate(listed if isinstance(listed, list) else []):
        if not isinstance(name, str):
            continue  # the model reports it
        path = f"secrets[{index}]"
        if name in _NEVER_SECRET:
            problems.append(Problem(path, f"{name!r} cannot be a secret", value=name, allowed="leave it out"))
        elif name not in names:
            problems.append(
                Problem(
                    path,
                    f"{name!r} is neither a variable of environment nor a setting of a worker",
                    value=name,
                    allowed="a name of one, or a variable that is set in the shell of `mosaic`",
                    nearest=nearest(name, sorted(names)),
                )
            )
    return problems + argument_problems(payload, secrets)


def argument_problems(payload: Mapping[str, Any], secrets: Secrets) -> list[Problem]:
    """Return the problem of a run config whose arguments contain a secret.

    Args:
        payload: Plain JSON of a run config.
        secrets: Of that config.
    """
    arguments = payload.get("arguments")
    words = [word for word in arguments if isinstance(word, str)] if isinstance(arguments, list) else []
    if secrets.hide_arguments(words) == words:
        return []
    message, allowed = (
        "contain a secret, which every user of the machine could read",
        "environment, or the worker's config",
    )
    return [Problem("arguments", message, allowed=f"put it into {allowed}")]


def missing_secrets(environment: Mapping[str, str], configs: Mapping[str, dict[str, Any]]) -> list[Problem]:
    """Return a problem for each secret of which only the mark was recorded.

    Args:
        environment: The run's variables.
        configs: Workers' settings by their path in the run config.
    """
    places = [("environment", environment), *configs.items()]
    return [
        Problem(
            path,
            "is a secret that was not recorded",
            allowed=f"its value, or set {variable} in the shell of `mosaic`",
        )
        for place, value in places
        for path, variable in _marks(value, place, "")
    ]


def take_from_environment(payload: Any, environ: Mapping[str, str]) -> Any:
    """Return a run config with missing secrets filled in from the submitter's environment.

    A name in ``secrets`` without a value is a variable, and a marked setting ``api_key`` is the variable ``API_KEY``.
    Secrets that are not set there stay as they are.

    Args:
        payload: The run config; not changed.
        environ: The submitter's environment.
    """
    if not isinstance(payload, dict):
        return payload
    filled = {**payload}
    given = payload.get("environment", {})
    parts = worker_parts(payload)
    if isinstance(given, dict):
        names = {*given, *(name for part in parts.values() for name in _names(part.get("config")))}
        listed = payload.get("secrets")
        wanted = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
        added = {name: environ[name] for name in wanted if name not in names and name in environ}
        taken = {name: environ[name] for name, value in given.items() if value == MARK and name in environ}
        if added or taken:
            filled["environment"] = {**given, **added, **taken}
    metadata = payload.get("metadata")
    if isinstance(metadata, dict) and parts:
        filled["metadata"] = {
            key: _fill(value, environ, "") if key in ("worker", "workers") else value for key, value in metadata.items()
        }
    return filled


def worker_parts(payload: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the worker entries of a run config (those that are objects) by path."""
    metadata = payload.get("metadata")
    if not isinstance(metadata, dict):
        return {}
    parts = {"metadata.worker": metadata.get("worker")}
    workers = metadata.get("workers")
    if isinstance(workers, list):
        parts |= {f"metadata.workers[{index}]": part for index, part in enumerate(workers)}
    return {path: part for path, part in parts.items() if isinstance(part, dict)}


def _drop(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop(item) for key, item in value.items() if item != MARK}
    return [_drop(item) for item in value] if isinstance(value, list) else value


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)


def _marks(value: Any, path: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield path and variable of each mark."""
    members: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        members = value.items()
    elif isinstance(value, list):
        members = enumerate(value)
    elif value == MARK:
        yield path, name if path.startswith(("environment", "base_environment")) else name.upper()
    for key, item in members:
        yield from _marks(item, join_path(path, key), name if isinstance(key, int) else key)


def _fill(value: Any, environ: Mapping[str, str], name: str) -> Any:
    if isinstance(value, dict):
        return {key: _fill(item, environ, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_fill(item, environ, name) for item in value]
    return environ.get(name.upper(), value) if value == MARK else value


def _last_name(name: str) -> str:
    """Return the decisive part of a name: ``api_key`` of ``--api-key`` and ``llm.api_key``."""
    return name.rpartition(".")[2].replace("-", "_")
