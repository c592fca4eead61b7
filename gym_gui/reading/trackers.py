"""Other places that show a run: the folder for TensorBoard, addresses at Weights & Biases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from gym_gui.reading.tensorboard_lines import event_files
from gym_gui.runs import READ_ERRORS, RunFolder, read_json
from gym_gui.telemetry.logs import logs_of, open_log

_LONGEST = 2000
_HEAD_BYTES = 256 << 10
_WANDB = re.compile(rb"^wandb: .*?View run.*?(https?://[^\s\x1b]+/runs/[^\s\x1b]+)", re.MULTILINE)


def tensorboard_folder(folder: RunFolder) -> str:
    """Return the folder that TensorBoard shows the run from; empty: it has no event file.

    Args:
        folder: The run's folder.
    """
    tops = {PurePosixPath(entry.path).parts[0] for entry in event_files(folder)}
    return "" if not tops else str(folder.path / tops.pop() if len(tops) == 1 else folder.path)


def wandb_addresses(folder: RunFolder) -> list[str]:
    """Return the addresses of a run at Weights & Biases.

    Its workers' manifests have them once it has ended; until then, what its library prints.

    Args:
        folder: The run's folder.
    """
    try:
        manifest = read_json(folder.analytics)
    except READ_ERRORS:
        manifest = None
    workers = _part(manifest, "workers").values()
    found = [_part(_part(worker, "artifacts"), "wandb").get("url") for worker in workers]
    addresses = list(filter(is_web_address, found)) or list(filter(is_web_address, _printed(folder)))
    return [str(address) for address in dict.fromkeys(addresses)]


def _printed(folder: RunFolder) -> Iterator[str]:
    """Yield the addresses that the library of Weights & Biases printed at the begin of error outputs."""
    for path in logs_of(folder):
        try:
            with open_log(path.with_name(path.name.replace(".stdout.jsonl", ".stderr.log"))) as stream:
                head = stream.read(_HEAD_BYTES)
        except (OSError, EOFError):
            continue
        yield from (address.decode("ascii", "replace") for address in _WANDB.findall(head))


def is_web_address(value: Any) -> bool:
    """Return whether a value is an address that a browser may be sent to."""
    if not isinstance(value, str) or len(value) > _LONGEST or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _part(value: Any, name: str) -> dict[str, Any]:
    """Return an object within another; an empty one if there is none."""
    part = value.get(name) if isinstance(value, dict) else None
    return part if isinstance(part, dict) else {}
