"""This machine: its id, which is drawn once and kept, what it has, and what is used of it."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import socket
import subprocess
import uuid
from pathlib import Path
from typing import Any

_FILE = "agent.json"
_NVIDIA_S = 10.0


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
        "memory_mb": _memory_mb("MemTotal"),
        "gpus": [row[0] for row in gpus],
        "gpu_name": gpus[0][1] if gpus else "",
        "slots": slots or cpus,
    }


def machine_load() -> dict[str, Any]:
    """Return what is used of this machine: load average, memory in MiB, GPUs in percent and MiB."""
    load: dict[str, Any] = {"memory_used_mb": _memory_mb("MemTotal") - _memory_mb("MemAvailable")}
    if hasattr(os, "getloadavg"):
        load["load_average"] = round(os.getloadavg()[0], 2)
    gpus = nvidia("utilization.gpu,memory.used")
    if gpus:
        load["gpus"] = [{"percent": _number(row[0]), "memory_used_mb": _number(row[1])} for row in gpus]
    return load


def nvidia(query: str) -> list[list[str]]:
    """Return columns of each GPU that ``nvidia-smi`` knows, none without it."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        output = subprocess.run(
            [program, f"--query-gpu={query}", "--format=csv,noheader,nounits"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_NVIDIA_S,
            check=True,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.SubprocessError):
        return []
    return [[cell.strip() for cell in line.split(",")] for line in output.splitlines() if line.strip()]


def _memory_mb(name: str) -> int:
    """Return a line of ``/proc/meminfo`` in MiB, 0 where there is none."""
    try:
        text = Path("/proc/meminfo").read_text("ascii")
    except OSError:
        return 0
    found = re.search(rf"^{name}: +([0-9]+) kB", text, re.MULTILINE)
    return int(found[1]) // 1024 if found else 0


def _new_id() -> str:
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname()).strip("-.")[:40] or "machine"
    return f"{host}-{uuid.uuid4().hex[:8]}"


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
