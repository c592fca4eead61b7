"""Reads a worker's config file, flat or nested in a run config."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping

from gym_gui.core.worker.errors import ConfigError, Problem


def load_worker_config_from_file(path: str | Path) -> dict[str, Any]:
    """Read a worker's config from a JSON file.

    Args:
        path: The file: UTF-8 (a byte order mark is skipped), one JSON object, flat or nested.

    Returns:
        The worker's own flat config.

    Raises:
        FileNotFoundError: There is no such file.
        ConfigError: It is not UTF-8, not JSON, not an object, or the nested config is not an object.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"Config file not found: {path}") from None
    except OSError as error:
        raise ConfigError(f"the config file cannot be read: {error.strerror}", where=str(path)) from error
    return extract_worker_config(_parse(data, str(path)), where=str(path))


def extract_worker_config(data: Mapping[str, Any], *, where: str = "") -> dict[str, Any]:
    """Return a worker's flat config out of a config that may be nested as ``metadata.worker.config``.

    Args:
        data: The config. ``metadata`` without a ``worker`` in it (or null) makes it a flat one.
        where: Where it came from, for error messages.

    Raises:
        ConfigError: It is not an object, or what is nested in it is not one.
    """
    if not isinstance(data, Mapping):
        raise _wrong("config", data, where)
    metadata = data.get("metadata")
    if metadata is None:
        return {name: value for name, value in data.items() if name != "metadata"} if "metadata" in data else dict(data)
    if not isinstance(metadata, Mapping) or metadata.get("worker") is None:
        return dict(data)
    worker = metadata["worker"]
    if not isinstance(worker, Mapping):
        raise _wrong("metadata.worker", worker, where)
    config = worker.get("config")
    if config is None:
        return {}
    if not isinstance(config, Mapping):
        raise _wrong("metadata.worker.config", config, where)
    return dict(config)


def _parse(data: bytes, where: str) -> Any:
    try:
        return json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"the config file is not UTF-8 (byte {error.start})", where=where, next_step="save it as UTF-8"
        ) from None
    except ValueError as error:
        raise ConfigError(f"the config file is not JSON: {error}", where=where) from None
    except RecursionError:
        raise ConfigError("the config file is nested too deeply", where=where) from None


def _wrong(path: str, value: Any, where: str) -> ConfigError:
    return ConfigError(
        "the config is not valid",
        [Problem(path, f"is a {type(value).__name__}", value=value, allowed="a JSON object")],
        where=where,
    )


__all__ = ["extract_worker_config", "load_worker_config_from_file"]
