"""This machine: its id, which is drawn once and kept, and what it has."""

from __future__ import annotations

import json
import os
import platform
import re
import socket
import uuid
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.health import memory_mb, nvidia

_FILE = "agent.json"


class Identity:
    """Id and tokens of this machine, in a private file of the agent's folder.

    Args:
        folder: The agent's folder; made if missing.
        machine_id: An id to use in place of the kept one; empty: that one, or a new one.

    Raises:
        OSError: The folder cannot be written.
        ValueError: The file is damaged.
    """

    def __init__(self, folder: Path, machine_id: str = "") -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / _FILE
        kept: dict[str, Any] = {}
        if self._path.exists():
            kept = json.loads(self._path.read_text("utf-8"))
        self.machine_id = machine_id or str(kept.get("machine_id") or _new_id())
        self._tokens: dict[str, str] = dict(kept.get("tokens") or {})
        self.session = uuid.uuid4().hex
        self._save()

    def token(self, url: str) -> str:
        """Return this machine's token at a server, empty if it has none."""
        return self._tokens.get(url, "")

    def keep(self, url: str, token: str) -> None:
        """Keep this machine's token at a server.

        Raises:
            OSError: It cannot be written.
        """
        self._tokens[url] = token
        self._save()

    def _save(self) -> None:
        temporary = self._path.with_name(_FILE + ".tmp")
        descriptor = os.open(str(temporary), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump({"machine_id": self.machine_id, "tokens": self._tokens}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(str(temporary), str(self._path))  # noqa: PTH105 - Python 3.8 on Windows


def machine_facts(slots: int, version: str) -> dict[str, Any]:
    """Return what this machine has.

    Args:
        slots: Runs at once; 0: as many as there are cores.
        version: Of the agent.
    """
    gpus = nvidia("index,name")
    cpus = os.cpu_count() or 1
    return {
        "hostname": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "version": version,
        "cpus": cpus,
        "memory_mb": memory_mb()[0],
        "gpus": [row[0] for row in gpus],
        "gpu_name": gpus[0][1] if gpus else "",
        "slots": slots or cpus,
    }


def _new_id() -> str:
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname()).strip("-.")[:40] or "machine"
    return f"{host}-{uuid.uuid4().hex[:8]}"
