"""Replaces the run id in a client's config by a placeholder, and the placeholder by the real id.

Forms invent a run id and use it in name, environment, arguments and paths. The daemon's id has to replace it, and two
submissions that differ only in it are the same experiment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from gym_gui.runs.ids import is_run_id

PLACEHOLDER = "${run_id}"

_ARGUMENT = re.compile(r"--run[-_]id(?:=(.*))?", re.DOTALL)
#: Run ids of other programs.
_FOREIGN = frozenset({"WANDB_RUN_ID", "MLFLOW_RUN_ID"})


def find_run_ids(payload: dict[str, Any]) -> list[str]:
    """Return the client's run ids in a run config, in order of appearance.

    They may be in a worker's ``config.run_id``, in variables called ``RUN_ID`` or ``…_RUN_ID``, after ``--run-id``, and
    in ``run_name`` if that is a ULID.
    """
    ids = [*_ids_in_configs(payload), *_ids_in_environment(payload), *_ids_in_arguments(payload)]
    if is_run_id(payload.get("run_name")):
        ids.append(payload["run_name"])
    return list(dict.fromkeys(item for item in ids if isinstance(item, str) and item and PLACEHOLDER not in item))


def _ids_in_configs(payload: dict[str, Any]) -> Iterator[Any]:
    metadata = payload.get("metadata")
    if not isinstance(metadata, dict):
        return
    workers = metadata.get("workers")
    for worker in [metadata.get("worker"), *(workers if isinstance(workers, list) else [])]:
        if isinstance(worker, dict) and isinstance(worker.get("config"), dict):
            yield worker["config"].get("run_id")


def _ids_in_environment(payload: dict[str, Any]) -> Iterator[Any]:
    environment = payload.get("environment")
    if isinstance(environment, dict):
        yield from (value for name, value in environment.items() if _names_run_id(name))


def _names_run_id(name: str) -> bool:
    return (name == "RUN_ID" or name.endswith("_RUN_ID")) and name not in _FOREIGN


def _ids_in_arguments(payload: dict[str, Any]) -> Iterator[Any]:
    arguments = payload.get("arguments")
    if not isinstance(arguments, list):
        return
    for position, argument in enumerate(arguments):
        match = _ARGUMENT.fullmatch(argument) if isinstance(argument, str) else None
        if match and match[1] is not None:
            yield match[1]
        elif match and position + 1 < len(arguments):
            yield arguments[position + 1]


def mask_run_ids(payload: dict[str, Any], run_ids: list[str]) -> dict[str, Any]:
    """Return the config with the client's run ids replaced by ``${run_id}``.

    A ULID is replaced everywhere. Another id might be a plain word, so it is replaced only as a whole value of the
    fields for run ids, and as a whole part of a path.
    """
    if not run_ids:
        return payload
    ulids = [re.escape(item) for item in run_ids if is_run_id(item)]
    anywhere = re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(ulids)})(?![0-9A-Za-z])") if ulids else None
    words = {item for item in run_ids if not is_run_id(item)}

    def mask(text: str, name: str) -> str:
        if anywhere:
            text = anywhere.sub(lambda _: PLACEHOLDER, text)
        if text in words and (name == "run_id" or _names_run_id(name)):
            return PLACEHOLDER
        match = _ARGUMENT.fullmatch(text)
        if match and match[1] in words:
            return text[: -len(match[1])] + PLACEHOLDER
        if words and "/" in text:
            return "/".join(PLACEHOLDER if part in words else part for part in text.split("/"))
        return text

    masked: dict[str, Any] = _map_text(payload, mask)
    arguments = masked.get("arguments")
    if isinstance(arguments, list):
        for position in range(1, len(arguments)):
            if arguments[position] in words and arguments[position - 1] in ("--run-id", "--run_id"):
                arguments[position] = PLACEHOLDER
    return masked


def fill_run_id(value: Any, run_id: str) -> Any:
    """Return a value with ``${run_id}`` replaced by a run's id everywhere."""
    return _map_text(value, lambda text, _: text.replace(PLACEHOLDER, run_id))


def _map_text(value: Any, change: Callable[[str, str], str], name: str = "") -> Any:
    if isinstance(value, str):
        return change(value, name)
    if isinstance(value, dict):
        return {key: _map_text(item, change, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_map_text(item, change, name) for item in value]
    return value
