"""Entry points of installed packages, read from their metadata without importing them.

Worker interpreters run this file by its path, so it imports nothing of MOSAIC.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Tuple


class EntryPoint(NamedTuple):
    """One entry point of one installed package."""

    name: str
    value: str
    """``package.module:function``."""
    distribution: str
    """The package that registers it."""
    version: str
    location: str
    """Folder of the package's metadata."""


def find_entry_points(search_path: Iterable[str], group: str) -> List[EntryPoint]:  # noqa: UP006
    """Return the entry points of a group that an interpreter finds. An older copy of a package is left out.

    Args:
        search_path: Folders in which it looks for packages, as ``sys.path`` has them.
        group: The group, e.g. ``mosaic.workers``.
    """
    folders = [location for folder in search_path for location in metadata_folders(folder or ".", group)]
    return read_entry_points(folders, group)


def metadata_folders(folder: str, group: str) -> Iterator[str]:
    """Yield the metadata folders of the packages in a folder that register entry points of a group."""
    with contextlib.suppress(OSError):
        names = [entry.name for entry in os.scandir(folder) if entry.name.endswith((".dist-info", ".egg-info"))]
        for name in sorted(names):
            location = os.path.join(folder, name)  # noqa: PTH118 - pathlib doubles the time of a scan
            if group in read_metadata(location, "entry_points.txt"):
                yield location


def read_entry_points(locations: Iterable[str], group: str) -> List[EntryPoint]:  # noqa: UP006
    """Return the entry points of a group that metadata folders hold; of two copies of a package the first counts."""
    found: List[EntryPoint] = []  # noqa: UP006
    first: Dict[str, str] = {}  # noqa: UP006
    for location in locations:
        registered = list(_registered(read_metadata(location, "entry_points.txt"), group))
        if not registered:
            continue
        about = _headers(read_metadata(location, "METADATA") or read_metadata(location, "PKG-INFO"))
        name = about.get("name") or os.path.basename(location).partition("-")[0]  # noqa: PTH119
        if first.setdefault(name.lower().replace("_", "-"), location) == location:
            version = about.get("version", "")
            found += [EntryPoint(each, value, name, version, location) for each, value in registered]
    return found


def load_entry_point(value: str) -> Any:
    """Import what an entry point names and return it.

    Args:
        value: ``package.module:attribute``; extras in brackets are ignored.
    """
    module, _, attributes = value.partition("[")[0].partition(":")
    target: Any = importlib.import_module(module.strip())
    for name in filter(None, attributes.strip().split(".")):
        target = getattr(target, name)
    return target


def read_metadata(location: str, name: str) -> str:
    """Return the text of a file of a package's metadata; empty if there is none."""
    try:
        with open(os.path.join(location, name), encoding="utf-8", errors="replace") as stream:  # noqa: PTH118, PTH123
            return stream.read()
    except OSError:
        return ""


def _registered(text: str, group: str) -> Iterator[Tuple[str, str]]:  # noqa: UP006
    """Yield name and value of each entry point of a group.

    Read by hand, as the headers below: importing what Python has for both takes longer than listing twenty workers.
    """
    section = ""
    for line in map(str.strip, text.splitlines()):
        name, equals, value = line.partition("=")
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif equals and section == group and not line.startswith(("#", ";")):
            yield name.strip(), value.strip()


def _headers(text: str) -> Dict[str, str]:  # noqa: UP006
    """Return the headers of a package's metadata by their lower-case names; of several the first."""
    found: Dict[str, str] = {}  # noqa: UP006
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if not line.strip():
            break  # the description follows
        if colon and not line.startswith((" ", "\t")):
            found.setdefault(name.strip().lower(), value.strip())
    return found
