"""Puts the worker SDK into an environment, without any network."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import gym_gui

DISTRIBUTION = "mosaic-rl-sdk"

_ROOT = Path(gym_gui.__file__).parent
_PARTS = (
    "__init__.py",
    "config",
    "constants",
    "core",
    "logging_config",
    "services",
    "telemetry/__init__.py",
    "telemetry/semconv.py",
)
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc")
_METADATA = """Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: What a MOSAIC worker imports: telemetry, config loading, discovery. Standard library alone.
License: MIT
Requires-Python: >=3.8
"""


def place_sdk(site: Path, *, linked: bool = False) -> str:
    """Put the SDK into an environment's folder of packages; what is there of it already is replaced.

    It is pure Python for 3.8 and later, so that a copy of its files is all that pip would make of it.

    Args:
        site: The environment's ``site-packages``.
        linked: Link to the sources, so that a change in the checkout counts at once.

    Returns:
        Its version.

    Raises:
        OSError: The disk refused.
    """
    _remove(site)
    wheel = None if linked else next(iter(sorted((_ROOT / "_wheels").glob("*.whl"))), None)
    if wheel is not None:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        return wheel.name.split("-")[1]
    package = site / "gym_gui"
    package.mkdir()
    for name in _PARTS:
        source, target = _ROOT / name, package / name
        target.parent.mkdir(exist_ok=True)
        if linked:
            target.symlink_to(source)
        elif source.is_dir():
            shutil.copytree(source, target, ignore=_LEFT_OUT)
        else:
            shutil.copyfile(source, target)
    _describe(site)
    return gym_gui.__version__


def _describe(site: Path) -> None:
    """Write the metadata that pip reads."""
    info = site / f"{DISTRIBUTION.replace('-', '_')}-{gym_gui.__version__}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(_METADATA.format(name=DISTRIBUTION, version=gym_gui.__version__), encoding="utf-8")
    (info / "INSTALLER").write_text("mosaic\n", encoding="utf-8")
    # Of linked folders the links: pip would otherwise write through them into the checkout.
    found = [path for root in (site / "gym_gui", info) for path in sorted(root.rglob("*"))]
    files = [path for path in found if path.is_symlink() or not path.is_dir()]
    lines = [f"{path.relative_to(site).as_posix()},," for path in files]
    (info / "RECORD").write_text("\n".join([*lines, f"{info.name}/RECORD,,", ""]), encoding="utf-8")


def _remove(site: Path) -> None:
    for path in (site / "gym_gui", *site.glob(f"{DISTRIBUTION.replace('-', '_')}-*.dist-info")):
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)
