"""Makes a virtual environment with pip in it, and compiles what was installed into it.

``python -m venv`` starts pip from a zip file to let it install itself, and has every module compiled twice over: most
of its ten seconds. The wheels that every Python brings for that purpose only need to be unpacked.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import zipfile
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.workers.environments.interpreters import BasePython
from gym_gui.workers.environments.process import CommandError, InstallLog, run_module

# Debian keeps the wheels in a folder of its own, which sysconfig names.
_BUNDLED = """
import ensurepip, glob, json, os, sysconfig
own = os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
folders = [sysconfig.get_config_var("WHEEL_PKG_DIR") or "", own]
print(json.dumps([sorted(glob.glob(os.path.join(folder, "*.whl"))) for folder in folders if folder]))
"""
# What installs, and what tests libraries, belongs to no run: a fifth of the code.
_NOT_COMPILED = r"/site-packages/((pip|setuptools|pkg_resources|_distutils_hack)/|.*/tests?/)"
_WANTED = ("pip-", "setuptools-")


def make_venv(folder: Path, base: BasePython, *, log: InstallLog, lock: int) -> None:
    """Make a virtual environment with pip, and with setuptools where the base brings it.

    Args:
        folder: Where to; exists, and may hold files of ours.
        base: What it is made from.
        log: Takes the programs' output.
        lock: Descriptor of the install's lock.

    Raises:
        MosaicError: The base cannot make environments.
        CommandError: The disk is full.
        OSError: The disk refused.
    """
    try:
        run_module(base.python, "venv", ["--without-pip", str(folder)], log=log, cwd=folder, lock=lock)
        wheels = _bundled_wheels(base)
        if any(wheel.name.startswith("pip-") for wheel in wheels):
            (site,) = (folder / "lib").glob("python3*/site-packages")
            for wheel in wheels:
                log.write(f"unpack {wheel}")
                _unpack(wheel, site)
        else:
            run_module(str(folder / "bin" / "python"), "ensurepip", [], log=log, cwd=folder, lock=lock)
    except CommandError as error:
        if error.disk_full:
            raise
        short = ".".join(map(str, base.version[:2]))
        raise MosaicError(
            f"{base.python} cannot make an environment",
            where=f"log: {log.path}",
            why=error.quoted(),
            next_step=f"install its venv module (Debian: apt install python{short}-venv), or another --python PATH",
        ) from None


def compile_packages(python: str, site: Path, *, log: InstallLog, cwd: Path, lock: int) -> None:
    """Compile an environment's packages to bytecode, so that no run has to. A file that does not compile is skipped.

    Args:
        python: The environment's interpreter.
        site: Its folder of packages.
        log: Takes the compiler's output.
        cwd: Working directory.
        lock: Descriptor of the install's lock.
    """
    jobs = str(min(os.cpu_count() or 1, 8))
    (site / "__pycache__").mkdir(exist_ok=True)
    with contextlib.suppress(CommandError):
        arguments = ["-q", "-j", jobs, "-x", _NOT_COMPILED, str(site)]
        run_module(python, "compileall", arguments, log=log, cwd=cwd, lock=lock)


def _bundled_wheels(base: BasePython) -> list[Path]:
    """Return the wheels that a Python brings: of the first folder that has pip, those that environments get."""
    ended = subprocess.run([base.python, "-I", "-c", _BUNDLED], capture_output=True, text=True, check=False)
    try:
        folders = json.loads(ended.stdout)
    except ValueError:
        return []
    for names in folders:
        wheels = [Path(name) for name in names if Path(name).name.startswith(_WANTED)]
        if any(wheel.name.startswith("pip-") for wheel in wheels):
            return wheels if base.version < (3, 12, 0) else [wheel for wheel in wheels if wheel.name.startswith("pip-")]
    return []


def _unpack(wheel: Path, site: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        info = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD")).rpartition("/")[0]
    (site / info / "INSTALLER").write_text("mosaic\n", encoding="utf-8")
