"""Reads a config file that a user names; each way in which it can be wrong has its own sentence."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import ConfigError, Problem, UsageError

_BOMS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"),
         (codecs.BOM_UTF16_BE, "UTF-16"))  # fmt: skip


def read_config(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file holds.

    Args:
        path: A UTF-8 file, with or without a byte-order mark.

    Raises:
        UsageError: It is missing, unreadable, in another encoding, or not JSON.
        ConfigError: It is JSON of another kind than an object, or a key stands in it twice.
    """
    text = _decode(path, _read(path))
    repeated: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        repeated.extend(key for key in found if sum(key == other for other, _ in pairs) > 1)
        return found

    try:
        config = json.loads(text, object_pairs_hook=once)
    except json.JSONDecodeError as error:
        raise UsageError(
            "the config file is not JSON",
            where=f"{path}, line {error.lineno}, column {error.colno}",
            why=error.msg[:1].lower() + error.msg[1:],
            next_step=f"python -m json.tool {path} shows the place, too",
        ) from None
    except RecursionError:
        raise UsageError("the config file is nested too deeply", where=str(path), next_step="flatten it") from None
    problems = [Problem(key, "stands twice in the same object", allowed="each key once") for key in repeated]
    if not isinstance(config, dict):
        kind = "null" if config is None else type(config).__name__
        problems.append(Problem("(the whole file)", f"is {kind}", value=config, allowed="a JSON object: {…}"))
    if problems:
        raise ConfigError(
            "the config file is not valid", problems, where=str(path), next_step="mend it, then try again"
        )
    assert isinstance(config, dict)
    return config


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            "there is no such config file",
            where=str(path.absolute()),
            next_step="check the path, or write the file first",
        ) from None
    except OSError as error:
        raise UsageError(
            "the config file cannot be read",
            where=str(path),
            why=error.strerror or str(error),
            next_step="name a file that you may read",
        ) from None


def _decode(path: Path, data: bytes) -> str:
    encoding = next((name for bom, name in _BOMS if data.startswith(bom)), None)
    if encoding is None and b"\0" in data[:4]:
        encoding = "UTF-16"
    if encoding is None:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            encoding, place = "LATIN1", f", byte {error.start}"
            raise _other_encoding(path, place, "some other encoding, perhaps Latin-1", encoding) from None
    raise _other_encoding(path, "", encoding, encoding)


def _other_encoding(path: Path, place: str, described: str, encoding: str) -> UsageError:
    return UsageError(
        "the config file is not UTF-8",
        where=f"{path}{place}",
        why=f"it is written in {described}",
        next_step=f"convert it: iconv -f {encoding} -t UTF-8 {path.name} > utf8-{path.name}",
    )
