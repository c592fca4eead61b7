"""Cache files with a checksum: a damaged one is reported once and rebuilt."""

from __future__ import annotations

import functools
import hashlib
import json
import logging
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from gym_gui.core.owners import stranger
from gym_gui.core.regular_files import read_regular
from gym_gui.runs.files import move_folder_away, write_json_atomic

logger = logging.getLogger(__name__)

T = TypeVar("T")

_HASH = "sha256"


def read_cache(path: Path, kind: type[T]) -> T | None:
    """Return the value of a cache file, ``None`` if it is missing or unusable.

    Args:
        path: The file, as :func:`write_cache` wrote it.
        kind: Type of the value.
    """
    if stranger(path) is not None:  # it may name programs
        _warn_once(path, "it belongs to another user")
        return None
    try:
        value = msgspec.json.decode(read_regular(path), type=dict[str, Any])
        if _HASH not in value:
            return None  # an earlier version wrote it
        if value.pop(_HASH) != _hash(value):
            raise ValueError("its checksum does not match")
        return msgspec.convert(value, kind)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        _warn_once(path, error.strerror or str(error))
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        _warn_once(path, str(error))
    return None


def write_cache(path: Path, value: Any, *, sync: bool = True) -> None:
    """Write a value; a folder in the file's place is renamed.

    Args:
        path: The file; its folder is created.
        value: A msgspec Struct.
        sync: As of :func:`write_json_atomic`.

    Raises:
        OSError: The file cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    move_folder_away(path)
    plain = msgspec.to_builtins(value)
    write_json_atomic(path, {**plain, _HASH: _hash(plain)}, sync=sync)


def _hash(value: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


@functools.lru_cache(maxsize=256)
def _warn_once(path: Path, reason: str) -> None:
    logger.warning("warning: %s cannot be used (%s): it is rebuilt", path, reason)
