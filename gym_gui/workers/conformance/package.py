"""How a worker's package is made."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from gym_gui.workers.conformance._resumed import checkpoint_path
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.manifest import listed_paths, read_manifest
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("package")


@BOOK.warning(
    "console-script",
    "The package installs a console script that runs its `cli`.",
    why="A worker that is tried by hand is started by its name, and one that names a function which is not there fails "
    "only then.",
    mend='In pyproject.toml: `[project.scripts]`, and below it `my-worker = "my_worker.cli:main"`; then install it '
    "again.",
)
def console_script(subject: Subject) -> str | None:
    scripts: list[dict[str, Any]] = subject.packaged["scripts"]
    if not subject.usable.module:
        raise NotApplicable("the package has no cli module")
    if not scripts:
        return "it installs none"
    for script in scripts:
        if script["fault"]:
            return f"{script['name']} names {script['value']}: {script['fault']}"
    own = [script for script in scripts if script["own"]]
    if not own:
        return f"none runs {subject.usable.module}: {', '.join(script['value'] for script in scripts)}"
    absent = [script["name"] for script in own if not script["installed"]]
    return f"{absent[0]} is registered but not installed" if absent else None


@BOOK.warning(
    "package-tests",
    "The package has tests.",
    why="Its library changes; without tests, what an update breaks goes unnoticed.",
    mend="Add `tests/test_conformance.py` with a subclass of `WorkerConformance`, and tests of your own beside it.",
)
def package_tests(subject: Subject) -> str | None:
    packaged = subject.packaged
    if packaged["tests"] or subject.in_tests:
        return None
    if not packaged["project"]:
        raise NotApplicable("only its installed files are at hand; tests stay with the sources (`pip install -e`)")
    return f"no test_*.py in {packaged['project']}"


@BOOK.warning(
    "log-constants",
    "Lifecycle events are logged with log constants of the worker's own.",
    why="Logs of many workers are filtered and counted by their codes; a record without one is only text, and another "
    "worker's names it wrongly.",
    mend="`from gym_gui.logging_config.log_constants import LOG_WORKER_MYWORKER_RUNTIME_STARTED` (any name of that "
    "form exists) and `emitter.run_started(payload, constant=LOG_WORKER_MYWORKER_RUNTIME_STARTED)`.",
)
def log_constants(subject: Subject) -> str | None:
    sources = subject.packaged["sources"]
    name = subject.record.name.upper().replace("-", "_")
    names = {name, name.replace("_", ""), name.removesuffix("_WORKER"), name.removesuffix("WORKER")} - {""}
    own = tuple(f"LOG_WORKER_{item}_" for item in names)
    constants: list[str] = sources["constants"]
    if any(constant.startswith(own) or "{" in constant for constant in constants):
        return None
    if constants:
        return f"it names {', '.join(constants[:3])}, and none that begins with {min(own)}"
    return None if sources["log_helpers"] else f"its sources name no LOG_WORKER_{name}_..."


@BOOK.warning(
    "path-helpers",
    "A run writes its files into the run's folder.",
    why="Files elsewhere are overwritten by the next run, and not found, moved or deleted with their run.",
    mend="Ask `gym_gui.config.paths` (`get_checkpoints_dir(run_id)`, `get_tensorboard_dir(run_id)`, ...), or use "
    "relative paths: the working directory is the worker's own folder in the run.",
)
def path_helpers(subject: Subject) -> str | None:
    run = subject.trained
    root = subject.run_folder(run).resolve()
    payloads = [event.get("payload") for event in run.of("checkpoint_saved")]
    paths = [path for item in payloads if isinstance(item, dict) and (path := checkpoint_path(item))]
    with contextlib.suppress(NotApplicable):
        paths += listed_paths(read_manifest(subject))
    outside = [path for path in paths if Path(path).is_absolute() and root not in Path(path).resolve().parents]
    if outside:
        return f"outside of it: {', '.join(dict.fromkeys(outside))[:300]}"
    left = subject.strewn
    return f"it wrote into its own package: {', '.join(left[:5])}" if left else None
