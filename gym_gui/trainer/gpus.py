"""Finds NVIDIA's GPUs: asks their management library, else ``nvidia-smi``, else looks at what the driver shows."""

from __future__ import annotations

import importlib
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SMI_TIMEOUT_S = 20.0
#: Where it lies where it is not on the PATH: on Windows' Linux.
_SMI_PLACES = ("/usr/lib/wsl/lib/nvidia-smi", "/usr/bin/nvidia-smi")
_UUID = re.compile(r"GPU-[0-9a-fA-F-]{8,}")
#: Into the environment that MOSAIC runs in, whichever ``pip`` the shell would find.
EXTRA = f"{shlex.quote(sys.executable)} -m pip install 'mosaic-rl[gpu]'"


@dataclass(frozen=True)
class FoundGpus:
    """What was found.

    Args:
        names: Of the GPUs as ``CUDA_VISIBLE_DEVICES`` takes them: UUIDs, or indices.
        how: By what they were found; empty: none were.
        why: Why none were found, in words.
        next_step: What may help; empty where this is simply a machine without a GPU.
    """

    names: tuple[str, ...] = ()
    how: str = ""
    why: str = ""
    next_step: str = ""


def find_gpus(root: Path = Path("/")) -> FoundGpus:
    """Look for GPUs; a machine with some may take a second to answer.

    Args:
        root: Where ``proc`` and ``dev`` lie.
    """
    refusals = []
    for look in (_ask_library, _ask_smi):
        names, how = look()
        if names:
            return FoundGpus(names, how)
        if how:
            refusals.append(how)
    driver = root / "proc" / "driver" / "nvidia"
    names = _driver_uuids(driver / "gpus")
    if names:
        return FoundGpus(names, str(driver))
    names = tuple(sorted((path.name[6:] for path in (root / "dev").glob("nvidia[0-9]*")), key=int))
    if names:
        return FoundGpus(names, "/dev/nvidia*")
    if refusals:
        return FoundGpus(
            why=f"no GPU found: {'; '.join(refusals)}", next_step="fix the driver: nvidia-smi must list the GPUs"
        )
    if (driver / "version").exists():
        return FoundGpus(why="an NVIDIA driver is loaded, but it shows no GPU", next_step=EXTRA)
    return FoundGpus(why="no GPU found")


def _ask_library() -> tuple[tuple[str, ...], str]:
    """Return the UUIDs as the package ``nvidia-ml-py`` tells them, and how they were found, or why not."""
    try:
        nvml: Any = importlib.import_module("pynvml")
    except ImportError:
        return (), ""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError:
        return (), ""  # no driver
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(nvml.nvmlDeviceGetCount())]
        found = [nvml.nvmlDeviceGetUUID(handle) for handle in handles]
        names = tuple(name.decode() if isinstance(name, bytes) else str(name) for name in found)
        return names, "NVML" if names else ""
    except nvml.NVMLError as error:
        return (), f"NVML says {error}"
    finally:
        nvml.nvmlShutdown()


def _ask_smi() -> tuple[tuple[str, ...], str]:
    """Return the UUIDs as ``nvidia-smi`` lists them, and how they were found, or why not."""
    program = shutil.which("nvidia-smi") or next((each for each in _SMI_PLACES if Path(each).exists()), None)
    if program is None:
        return (), ""
    command = [program, "--query-gpu=uuid", "--format=csv,noheader"]
    try:
        ended = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SMI_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        return (), f"{program} does not answer ({type(error).__name__})"
    names = tuple(_UUID.findall(ended.stdout)) if ended.returncode == 0 else ()
    if names:
        return names, "nvidia-smi"
    said = (ended.stdout + ended.stderr).strip().splitlines()
    return (), f"nvidia-smi says {said[0][:200]!r}" if said else f"nvidia-smi ended with code {ended.returncode}"


def _driver_uuids(folder: Path) -> tuple[str, ...]:
    """Return the UUIDs in the driver's files, if all GPUs have one there."""
    try:
        texts = [path.read_text("utf-8", "replace") for path in sorted(folder.glob("*/information"))]
    except OSError:
        return ()
    found = [_UUID.search(text) for text in texts]
    return tuple(each[0] for each in found if each) if all(found) else ()
