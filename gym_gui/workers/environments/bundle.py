"""Bundles: all that a machine needs to build the environment that a worker has here, in one file with a digest.

A bundle is a ZIP file: ``recipe.json``, ``pins.txt`` (the versions that are installed here), the worker SDK, and the
worker's own package: the sources of an editable install, else a wheel of what is installed. Libraries are not in it.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.message import Message
from importlib.metadata import Distribution, PathDistribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import kind_key, packages_in, write_atomic
from gym_gui.workers.environments.extras import names_in
from gym_gui.workers.environments.layout import RECORD_FILE
from gym_gui.workers.environments.project import read_project
from gym_gui.workers.environments.record import WorkerEnvironment, load_environment
from gym_gui.workers.environments.sdk import DISTRIBUTION, place_sdk

#: The newest Python of which it is asked whether a worker runs on it: 3.19.
_NEWEST_MINOR, _OLDEST_MINOR = 19, 8
_NOT_PINNED = frozenset({"pip", "setuptools", "wheel", "mosaic-rl", DISTRIBUTION})
#: Optional dependencies of a package's developers.
_OF_DEVELOPERS = frozenset({"test", "tests", "testing", "dev", "docs", "doc", "lint"})
_LEFT_OUT = frozenset({"__pycache__", "build", "dist", "var", "node_modules"})
#: The same at the top of a project alone.
_LEFT_OUT_ON_TOP = frozenset({"tests"})
_LEFT_OUT_SUFFIXES = (".pyc", ".egg-info")
#: An extra that the marker of a requirement names.
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
#: Bytes that the sources of a worker may have.
_MOST_BYTES = 64 << 20
#: What every file in a bundle is dated: equal content has an equal digest.
_DATE = (1980, 1, 1, 0, 0, 0)
#: So many bundles are kept in a home.
_MOST_BUNDLES = 64


class EnvironmentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """The environment that an attempt needs where it is to run."""

    digest: str
    """SHA-256 of the bundle."""
    size: int
    """Of the bundle, bytes."""
    module: str
    """The package of the worker that an interpreter must have."""
    python: str
    """Version of Python here: ``3.11``."""


class NoBundleError(Exception):
    """An environment cannot be built elsewhere; the text says why."""


def bundle_path(home: Path, digest: str) -> Path:
    """Return where a bundle lies in a home."""
    return home / "fleet" / "environments" / f"{digest}.zip"


def make_bundle(home: Path, python: str, worker: str, module: str) -> EnvironmentOrder:
    """Write down what the environment of a worker is built from elsewhere, and return its digest.

    Args:
        home: The MOSAIC home.
        python: The interpreter by which the worker is started here.
        worker: Its name.
        module: What ``python -m`` starts.

    Raises:
        NoBundleError: It cannot be built elsewhere.
        OSError: The disk refuses.
    """
    environment = _environment_of(python)
    entry = next((each for each in environment.entry_points() if kind_key(each.name) == kind_key(worker)), None)
    if entry is None:
        raise NoBundleError(f"{python} has no package that registers worker {worker}")
    package = PathDistribution(Path(entry.location))
    installed = {kind_key_of(name): version for name, version in packages_in(environment.search_path)}
    project = _editable_project(package)
    recorded = bool(environment.name)
    extras = environment.extras if recorded else _extras(package, installed, environment.search_path)
    content = _sdk()
    content["pins.txt"] = "".join(
        f"{name}=={version}\n" for name, version in _pins(environment, package, names_in(extras), installed)
    ).encode()
    if environment.requirements_text:
        content["requirements.txt"] = environment.requirements_text.encode()
    if project is not None:
        location = f"package/{project.name}"
        content |= {f"{location}/{name}": data for name, data in _sources(project)}
    else:
        name, data = _wheel_of(package)
        location = f"package/{name}"
        content[location] = data
    minor = ".".join((environment.python_version or _version_of(python)).split(".")[:2])
    top = module.partition(".")[0]
    recipe = {
        "worker": worker,
        "distribution": entry.distribution,
        "version": entry.version,
        "module": top,
        "pythons": _pythons(minor, str(_about(package).get("Requires-Python") or ""), project),
        "steps": environment.steps if recorded else _steps(project),
        "package": location,
        "extras": extras,
        "with": environment.with_packages,
    }
    content["recipe.json"] = json.dumps(recipe, indent=1, sort_keys=True).encode()
    data = _archive(content)
    digest = hashlib.sha256(data).hexdigest()
    _keep(bundle_path(home, digest), data)
    return EnvironmentOrder(digest=digest, size=len(data), module=top, python=minor)


def kind_key_of(name: str) -> str:
    """Return the form of a package's name in which all its spellings are equal."""
    return name.lower().replace("_", "-").replace(".", "-")


def _environment_of(python: str) -> WorkerEnvironment:
    """Return the environment of an interpreter: MOSAIC's own, one that MOSAIC made, or another."""
    folder = Path(python).parent.parent
    if (folder / RECORD_FILE).is_file():
        try:
            return load_environment(folder)
        except ValueError as error:
            raise NoBundleError(str(error)) from None
    own = WorkerEnvironment.current()
    if python in (own.python, sys.executable):
        return own
    if not (folder / "pyvenv.cfg").is_file():
        raise NoBundleError(f"{python} belongs to no virtual environment")
    return WorkerEnvironment(python=python, search_path=sorted(map(str, folder.glob("lib*/python3*/site-packages"))))


def _version_of(python: str) -> str:
    """Return the version of an interpreter, which is not started for that."""
    if python in (WorkerEnvironment.current().python, sys.executable):
        return f"{sys.version_info[0]}.{sys.version_info[1]}"
    (library,) = list((Path(python).parent.parent / "lib").glob("python3*"))[:1] or [Path("python3.11")]
    return library.name.removeprefix("python")


def _editable_project(package: PathDistribution) -> Path | None:
    """Return the sources of a package that is installed as a link to them."""
    try:
        origin = json.loads(package.read_text("direct_url.json") or "{}")
    except ValueError:
        return None
    if not isinstance(origin, dict) or not (origin.get("dir_info") or {}).get("editable"):
        return None
    project = Path(unquote(urlsplit(str(origin.get("url", ""))).path))
    if not project.is_dir():
        raise NoBundleError(f"the sources of {package.metadata['Name']} are not in {project} any more")
    return project


def _pins(
    environment: WorkerEnvironment, package: Distribution, extras: Sequence[str], installed: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yield the packages whose versions are to be those that are installed here.

    Of an environment that MOSAIC made for this worker, all; of another, what the worker's package may need.
    """
    own = kind_key_of(package.metadata["Name"])
    names = set(installed) if environment.name else _needed(package, extras, environment.search_path)
    for name in sorted(names & installed.keys() - _NOT_PINNED - {own}):
        with contextlib.suppress(InvalidVersion):
            # What follows a + names a build: another machine may need that for its GPUs.
            yield name, Version(installed[name]).public


def _needed(package: Distribution, extras: Sequence[str], search_path: Iterable[str]) -> set[str]:
    """Return the names of all that a package with some extras requires, on whatever system."""
    by_name = _distributions(search_path)
    found: set[tuple[str, frozenset[str]]] = set()
    waiting = [(package, frozenset(extras))]
    while waiting:
        asking, wanted = waiting.pop()
        for requirement in _requirements(asking):
            named = set(_EXTRA.findall(str(requirement.marker or "")))
            key = kind_key_of(requirement.name), frozenset(requirement.extras)
            if key not in found and (not named or named & wanted):
                found.add(key)
                waiting += [(by_name[key[0]], key[1])] if key[0] in by_name else []
    return {name for name, _ in found}


def _extras(package: Distribution, installed: Mapping[str, str], search_path: Iterable[str]) -> str:
    """Return the optional dependencies of a package that are installed here: ``[box2d]``."""
    by_name = _distributions(search_path)
    names = [name for name in _about(package).get_all("Provides-Extra", []) if name.lower() not in _OF_DEVELOPERS]
    there = [name for name in names if _has_extra(package, name, installed, by_name)]
    return f"[{','.join(sorted(there))}]" if there else ""


def _has_extra(
    package: Distribution, extra: str, installed: Mapping[str, str], by_name: Mapping[str, Distribution], depth: int = 0
) -> bool:
    wanted = [
        each
        for each in _requirements(package)
        if each.marker and each.marker.evaluate({"extra": extra}) and not each.marker.evaluate({"extra": ""})
    ]
    return bool(wanted) and all(
        kind_key_of(each.name) in installed
        and all(
            depth > 2 or _has_extra(by_name[kind_key_of(each.name)], further, installed, by_name, depth + 1)
            for further in each.extras
            if kind_key_of(each.name) in by_name
        )
        for each in wanted
    )


def _about(package: Distribution) -> Message:
    """Return the metadata of a package as what it is on every Python."""
    metadata: Any = package.metadata
    assert isinstance(metadata, Message)
    return metadata


def _requirements(package: Distribution) -> Iterator[Requirement]:
    for line in package.requires or ():
        with contextlib.suppress(InvalidRequirement):
            yield Requirement(line)


def _distributions(search_path: Iterable[str]) -> dict[str, Distribution]:
    found: dict[str, Distribution] = {}
    for folder in search_path:
        for location in sorted(Path(folder).glob("*.dist-info")):
            name = kind_key_of(location.name.removesuffix(".dist-info").rpartition("-")[0])
            found.setdefault(name, PathDistribution(location))
    return found


def _pythons(minor: str, required: str, project: Path | None) -> list[str]:
    """Return the versions of Python that a worker runs on, that of its environment here first."""
    texts = [required]
    if project is not None:
        texts += _read(project)[0]
    allowed = []
    for text in filter(None, texts):
        with contextlib.suppress(InvalidSpecifier):
            allowed.append(SpecifierSet(text))
    here = int(minor.partition(".")[2])
    others = sorted(range(_OLDEST_MINOR, _NEWEST_MINOR + 1), key=lambda number: (abs(number - here), number))
    versions = [number for number in others if all(f"3.{number}.0" in each for each in allowed)]
    return list(dict.fromkeys([minor, *(f"3.{number}" for number in versions)]))


def _steps(project: Path | None) -> list[list[str]]:
    return [] if project is None else _read(project)[1]


def _read(project: Path) -> tuple[list[str], list[list[str]]]:
    """Return the versions of Python that a project allows, and its steps of installation."""
    try:
        found = read_project(project)
    except UsageError as error:
        raise NoBundleError(f"{project}: {error.what}") from None
    return list(found.specifiers.values()), [list(step) for step in found.steps]


def _sdk() -> dict[str, bytes]:
    with tempfile.TemporaryDirectory(prefix="mosaic-sdk-") as name:
        folder = Path(name)
        place_sdk(folder)
        paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        return {f"sdk/{path.relative_to(folder).as_posix()}": path.read_bytes() for path in paths}


def _sources(project: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the files of a project that its installation may take, with their paths in it.

    Raises:
        NoBundleError: They are too many to be sources.
    """
    left = _MOST_BYTES
    for root, folders, names in os.walk(project):
        on_top = _LEFT_OUT_ON_TOP if Path(root) == project else ()
        folders[:] = sorted(name for name in folders if not _is_left_out(name) and name not in on_top)
        for name in sorted(names):
            path = Path(root, name)
            if _is_left_out(name) or path.is_symlink() or not path.is_file():
                continue
            data = path.read_bytes()
            left -= len(data)
            if left < 0:
                raise NoBundleError(f"{project} has more than {_MOST_BYTES >> 20} MiB of files")
            yield path.relative_to(project).as_posix(), data


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name in _LEFT_OUT or name.endswith(_LEFT_OUT_SUFFIXES)


def _wheel_of(package: PathDistribution) -> tuple[str, bytes]:
    """Return name and content of a wheel of an installed package.

    Raises:
        NoBundleError: Its files are not on record.
    """
    about = _about(package)
    wheel = package.read_text("WHEEL") or ""
    tag = next((line.partition(":")[2].strip() for line in wheel.splitlines() if line.startswith("Tag:")), "")
    files = package.files
    if not files or not tag:
        raise NoBundleError(f"what belongs to {about['Name']} {about['Version']} is not on record: install it by pip")
    name = f"{about['Name'].replace('-', '_')}-{about['Version'].replace('-', '_')}"
    content: dict[str, bytes] = {}
    record = ""
    for file in sorted(files, key=str):
        text = file.as_posix()
        if text.startswith(("..", "/")) or text.endswith((".pyc", "/INSTALLER", "/REQUESTED", "/direct_url.json")):
            continue
        if text.endswith(".dist-info/RECORD"):
            record = text
            continue
        content[text] = Path(str(file.locate())).read_bytes()
    rows = []
    for text, data in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append(f"{text},sha256={digest},{len(data)}")
    content[record] = "\n".join([*rows, f"{record},,", ""]).encode()
    return f"{name}-{tag}.whl", _archive(content)


def _archive(content: Mapping[str, bytes]) -> bytes:
    """Return a ZIP file: the same for the same content."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(content):
            about = zipfile.ZipInfo(name, _DATE)
            about.external_attr = 0o644 << 16
            about.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(about, content[name])
    return stream.getvalue()


def _keep(path: Path, data: bytes) -> None:
    """Write a bundle, unless it is there; remove the oldest where there are too many."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _read_or_empty(path) == data:
        os.utime(path)
        return
    write_atomic(path, data)
    for old in sorted(path.parent.glob("*.zip"), key=_modified_at)[:-_MOST_BUNDLES]:
        old.unlink(missing_ok=True)


def _read_or_empty(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another run has removed it a moment ago
        return 0.0
