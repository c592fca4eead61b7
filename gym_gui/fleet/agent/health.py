"""What is used of this machine: processors, memory, GPUs; each is left out where the system does not say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.file_lock import WINDOWS
from gym_gui.fleet.agent.windows_system import memory_status, processor_times

_NVIDIA_S = 10.0
_MIB = 1 << 20


def read_processor_times(windows: bool = WINDOWS) -> tuple[int, int] | None:
    """Return what all processors have worked, and what they could have, since the system was started.

    Args:
        windows: Ask Windows, else ``/proc/stat``.
    """
    if windows:
        return processor_times()
    try:
        words = Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:9]
    except OSError:
        return None
    times = [int(word) for word in words]
    return sum(times) - sum(times[3:5]), sum(times)  # the fourth and fifth: idle, and waiting for a disk


class ProcessorMeter:
    """Measures how busy all processors are.

    Args:
        read: Returns what they have worked and could have, in any unit.
    """

    def __init__(self, read: Callable[[], tuple[int, int] | None] = read_processor_times) -> None:
        self._read = read
        self._last = read()

    def percent(self) -> float | None:
        """Return the percentage of their time that they worked since the last call; ``None`` if unknown."""
        now, last = self._read(), self._last
        self._last = now
        if now is None or last is None or now[1] <= last[1]:
            return None
        return round(min(100.0, max(0.0, 100.0 * (now[0] - last[0]) / (now[1] - last[1]))), 1)


def memory_mb(windows: bool = WINDOWS) -> tuple[int, int | None]:
    """Return the memory of this machine and what is used of it, in MiB; 0 and ``None`` where that is unknown.

    Args:
        windows: Ask Windows, else ``/proc/meminfo``.
    """
    if windows:
        status = memory_status()
        return (0, None) if status is None else (status[0] // _MIB, (status[0] - status[1]) // _MIB)
    try:
        found = dict(re.findall(r"^(\w+): +([0-9]+) kB", Path("/proc/meminfo").read_text("ascii"), re.MULTILINE))
        return int(found["MemTotal"]) // 1024, (int(found["MemTotal"]) - int(found["MemAvailable"])) // 1024
    except (OSError, KeyError):
        pass
    try:  # macOS
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MIB, None
    except (ValueError, OSError, AttributeError):
        return 0, None


def machine_load(meter: ProcessorMeter) -> dict[str, Any]:
    """Return what is used: processors in percent, load average, memory in MiB, GPUs in percent and MiB.

    Args:
        meter: Measures the processors, from one call to the next.
    """
    load: dict[str, Any] = {}
    percent, used = meter.percent(), memory_mb()[1]
    if percent is not None:
        load["cpu_percent"] = percent
    if used is not None:
        load["memory_used_mb"] = used
    if hasattr(os, "getloadavg"):
        load["load_average"] = round(os.getloadavg()[0], 2)
    gpus = nvidia("utilization.gpu,memory.used,memory.total")
    if gpus:
        names = ("percent", "memory_used_mb", "memory_mb")
        load["gpus"] = [{name: _number(cell) for name, cell in zip(names, row)} for row in gpus]
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


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
