"""Other places that show a run: the folder for TensorBoard, addresses at Weights & Biases."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from gym_gui.reading.tensorboard_lines import event_files
from gym_gui.runs import READ_ERRORS, RunFolder, read_json

_LONGEST = 2000


def tensorboard_folder(folder: RunFolder) -> str:
    """Return the folder that TensorBoard shows the run from; empty: it has no event file.

    Args:
        folder: The run's folder.
    """
    tops = {PurePosixPath(entry.path).parts[0] for entry in event_files(folder)}
    return "" if not tops else str(folder.path / tops.pop() if len(tops) == 1 else folder.path)


def wandb_addresses(folder: RunFolder) -> list[str]:
    """Return the addresses of a run at Weights & Biases, as its workers' manifests have them.

    Args:
        folder: The run's folder.
    """
    try:
        manifest = read_json(folder.analytics)
    except READ_ERRORS:
        return []
    workers = _part(manifest, "workers").values()
    found = [_part(_part(worker, "artifacts"), "wandb").get("url") for worker in workers]
    return [str(address) for address in dict.fromkeys(filter(is_web_address, found))]


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
