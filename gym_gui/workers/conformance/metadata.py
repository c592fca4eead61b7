"""What a worker says of itself."""

from __future__ import annotations

from gym_gui.constants import WORKER_DISCOVERY_TIMEOUT_S
from gym_gui.runs import kind_key
from gym_gui.workers.conformance._project import NOT_INSTALLED, NOT_REGISTERED
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("metadata")


@BOOK.error(
    "entry-point-registered",
    "The project registers an entry point of the group `mosaic.workers`.",
    why="That is how MOSAIC finds workers; a package without one is not a worker.",
    mend='In pyproject.toml: `[project.entry-points."mosaic.workers"]`, and below it '
    '`myworker = "my_worker:get_worker_metadata"`.',
)
def entry_point_registered(subject: Subject) -> str | None:
    return NOT_REGISTERED if subject.record.broken == NOT_REGISTERED else None


@BOOK.error(
    "package-installed",
    "The package is installed.",
    why="Entry points are written when a package is installed; sources alone register nothing.",
    mend="`pip install -e .` in the project's folder, and again whenever its entry points change.",
)
def package_installed(subject: Subject) -> str | None:
    if subject.record.broken == NOT_REGISTERED:
        raise NotApplicable("it registers no entry point")
    return f"{NOT_INSTALLED}: {subject.record.mend}" if subject.record.broken == NOT_INSTALLED else None


@BOOK.error(
    "entry-point",
    "The entry point can be imported and called.",
    why="A worker whose package fails on import is listed as broken and cannot be run.",
    mend="Let the entry point name a function that takes no arguments (`my_worker:get_worker_metadata`), and import "
    "heavy libraries inside functions rather than at the top of the package.",
)
def entry_point(subject: Subject) -> str | None:
    if subject.record.broken in (NOT_REGISTERED, NOT_INSTALLED):
        raise NotApplicable(subject.record.broken)
    return subject.record.broken


@BOOK.error(
    "metadata-kinds",
    "The entry point returns a tuple of `WorkerMetadata` and `WorkerCapabilities`.",
    why="Discovery in the worker's own environment accepts nothing else.",
    mend="Return `(WorkerMetadata(...), WorkerCapabilities(...))`, imported from `gym_gui.core.worker` inside the "
    "function.",
)
def metadata_kinds(subject: Subject) -> str | None:
    found = subject.examined["description"]
    if "error" in found:
        return str(found["error"])
    if found["kinds"] != ["WorkerMetadata", "WorkerCapabilities"] or not found["is_tuple"]:
        return f"it returns {'a tuple' if found['is_tuple'] else 'no tuple'} of {', '.join(found['kinds'])}"
    return None


@BOOK.warning(
    "metadata-filled",
    "Name, version, description, author and license are given, and the version is that of the package.",
    why="They are what a list of workers shows, and what a result is traced back to.",
    mend="Fill them in; take the version from one place (`__version__`, as pyproject.toml has it).",
)
def metadata_filled(subject: Subject) -> str | None:
    _described(subject)
    metadata = subject.record.metadata
    empty = [name for name in ("name", "version", "description", "author", "license") if not metadata.get(name)]
    if empty:
        return f"empty: {', '.join(empty)}"
    if metadata["version"] != subject.record.version:
        return f"it says version {metadata['version']}, the package is {subject.record.version}"
    return None


@BOOK.warning(
    "worker-type",
    "`worker_type` is the entry point's name.",
    why="Runs are recorded under the entry point's name; another name in telemetry and manifests cannot be matched.",
    mend='Set `worker_type` to the name in `[project.entry-points."mosaic.workers"]`.',
)
def worker_type(subject: Subject) -> str | None:
    _described(subject)
    worker_type = str(subject.record.capabilities.get("worker_type", ""))
    if kind_key(worker_type) != kind_key(subject.record.name):
        return f"worker_type is {worker_type!r}, the entry point is {subject.record.name!r}"
    return None


@BOOK.error(
    "capabilities-sane",
    "The capabilities are of the right kinds and within reason.",
    why="Runs are checked against them before they are queued.",
    mend="Give `max_agents` and `cpu_cores` as whole numbers from 1, memory as whole megabytes, paradigms and families "
    "as tuples of text.",
)
def capabilities_sane(subject: Subject) -> str | None:
    _described(subject)
    capabilities = subject.record.capabilities
    for name in ("max_agents", "cpu_cores", "estimated_memory_mb"):
        value = capabilities.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            return f"{name} is {value!r}"
    for name in ("supported_paradigms", "env_families", "action_spaces", "observation_spaces"):
        if any(not item or len(item) == 1 for item in capabilities.get(name, [])):
            return f"{name} is {capabilities[name]!r}: was a comma forgotten in the tuple?"
    return None


@BOOK.warning(
    "capabilities-filled",
    "The capabilities name at least one paradigm, environment family, action space and observation space.",
    why="A worker that names none cannot be found for an environment.",
    mend="Name what the worker can do in `WorkerCapabilities`.",
)
def capabilities_filled(subject: Subject) -> str | None:
    _described(subject)
    names = ("supported_paradigms", "env_families", "action_spaces", "observation_spaces")
    empty = [name for name in names if not subject.record.capabilities.get(name)]
    return f"empty: {', '.join(empty)}" if empty else None


@BOOK.warning(
    "import-light",
    f"The package is imported within {WORKER_DISCOVERY_TIMEOUT_S:g} seconds.",
    why="Listing workers, reading the schema and starting a run all begin with this import.",
    mend="Import the library inside the functions that use it (`def run(self): import torch`).",
)
def import_light(subject: Subject) -> str | None:
    seconds = float(subject.examined["description"].get("import_s", 0.0))
    return f"the import took {seconds:.1f} s" if seconds > WORKER_DISCOVERY_TIMEOUT_S else None


def _described(subject: Subject) -> None:
    if subject.record.broken:
        raise NotApplicable("the package cannot be imported")
