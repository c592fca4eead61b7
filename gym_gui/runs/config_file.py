"""Reads a run config from a JSON file, with exact error messages."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.json_values import MAX_DEPTH, deep_path

_MAX_BYTES = 64 << 20
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)

_KINDS: tuple[tuple[type, str], ...] = (
    (list, "a list"),
    (str, "text"),
    (bool, "a boolean"),
    (type(None), "null"),
    (object, "a number"),
)


class _DuplicateKeyError(Exception):
    """An object has a key twice."""


def load_config_file(path: Path | str) -> dict[str, Any]:
    """Read a run config from a JSON file in UTF-8 (a byte order mark is allowed).

    Raises:
        UsageError: It is missing, a folder, unreadable, in another encoding, not JSON, or not an object. The message
            names the place.
    """
    path = Path(path)
    text = _decode(_read(path), path)
    try:
        value = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        lines = text.splitlines()
        line = lines[error.lineno - 1].strip()[:80] if error.lineno <= len(lines) else ""
        raise UsageError(
            f"the config file is not JSON: {error.msg}",
            where=f"{path}, line {error.lineno}, column {error.colno}" + (f": {line}" if line else ""),
            why="the file is empty" if not text.strip() else _guess(error, text),
            next_step=f"fix that line; to check: python3 -m json.tool {shlex.quote(str(path))}",
        ) from None
    except _DuplicateKeyError as error:
        raise UsageError(
            f"the config file has the key {error.args[0]!r} twice in one object",
            where=str(path),
            next_step="remove one of them",
        ) from None
    except RecursionError:
        raise UsageError("the config file is nested too deeply", where=str(path)) from None
    except ValueError as error:  # an integer of more digits than Python reads
        raise UsageError("the config file has a number that is too long", where=str(path), why=str(error)) from None
    if not isinstance(value, dict):
        kind_name = next(word for kind, word in _KINDS if isinstance(value, kind))
        raise UsageError(
            f"the config file is {kind_name}, not an object",
            where=str(path),
            next_step='write an object: {"run_name": …, "metadata": {"worker": {…}}}',
        )
    too_deep = deep_path(value)
    if too_deep is not None:
        raise UsageError(
            f"the config file is nested too deeply: the limit is {MAX_DEPTH} levels", where=f"{path}, {too_deep}"
        )
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise _DuplicateKeyError(next(name for name in names if names.count(name) > 1))
    return value


def _read(path: Path) -> bytes:
    try:
        if path.is_file() and path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"the config file is larger than {_MAX_BYTES >> 20} MiB", where=str(path))
        return path.read_bytes()
    except FileNotFoundError:
        near = _neighbours(path)
        raise UsageError(
            "there is no such config file",
            where=str(path),
            why=f"the folder has {near}" if near else "",
            next_step="check the path",
        ) from None
    except IsADirectoryError:
        raise UsageError("the config file is a folder", where=str(path), next_step="name the JSON file in it") from None
    except OSError as error:
        raise UsageError(f"the config file cannot be read: {error.strerror}", where=str(path)) from None


def _neighbours(path: Path) -> str:
    try:
        return ", ".join(sorted(item.name for item in path.parent.glob("*.json"))[:5])
    except OSError:
        return ""


def _decode(data: bytes, path: Path) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "")
    if not encoding and b"\0" in data[:64]:
        encoding = "UTF-16 or UTF-32 without a byte order mark"
    if not encoding:
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            encoding = f"Latin-1 or another 8-bit encoding (byte 0x{data[error.start]:02x} in line {line})"
    source = "UTF-16" if encoding.startswith("UTF-16") else encoding if encoding.startswith("UTF-32") else "LATIN1"
    raise UsageError(
        "the config file is not UTF-8",
        where=str(path),
        why=f"it looks like {encoding}",
        next_step=f"convert it: iconv -f {source} -t UTF-8 {shlex.quote(str(path))}",
    )


def _guess(error: json.JSONDecodeError, text: str) -> str:
    character = text[error.pos : error.pos + 1]
    if character == "'":
        return "JSON text needs double quotes"
    if character in "}]" and text[: error.pos].rstrip().endswith(","):
        return "there is a comma after the last item"
    if text[error.pos : error.pos + 2] in ("//", "/*") or character == "#":
        return "JSON has no comments"
    return "the file ends too early" if not character else ""
