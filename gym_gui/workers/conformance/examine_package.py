"""Looks at how a worker's package is made, in the worker's own interpreter. Run as a script, never imported.

    python examine_package.py ENTRY_POINT_PACKAGE CONSOLE_MODULE OUTPUT.json

Standard library alone, Python 3.8 or later. Nothing is imported but what console scripts name of the package itself.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import sysconfig
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Dict, List, Set  # noqa: UP035 - needed at run time on 3.8
from urllib.parse import unquote, urlsplit

Report = Dict[str, Any]  # noqa: UP006
GROUP = "mosaic.workers"
CONSTANT = re.compile(r"\bLOG_WORKER_[A-Z0-9_]*\{?")
HELPERS = ("log_constant", "LogConstantMixin", "register_log_constant", "RunLifecycle")
MOST_SOURCES = 2000


def distribution_of(package: str) -> Any:
    """Return the installed distribution that registers a package's entry point, if there is one."""
    for found in metadata.distributions():
        for entry in found.entry_points:
            if entry.group == GROUP and entry.value.partition(":")[0].strip() == package:
                return found
    return None


def scripts_of(distribution: Any, module: str) -> List[Report]:  # noqa: UP006
    """Return the console scripts that a distribution has, and what of each is there."""
    top = module.partition(".")[0]
    # Those of `pip install --target` lie beside the packages.
    folders = (Path(sysconfig.get_path("scripts")), Path(str(distribution.locate_file("")), "bin"))
    return [
        {
            "name": entry.name,
            "value": entry.value,
            "own": entry.value.partition(":")[0].strip() == module,
            "fault": fault_of(entry.value) if entry.value.partition(".")[0].partition(":")[0].strip() == top else "",
            "installed": any((folder / (entry.name + end)).exists() for folder in folders for end in ("", ".exe")),
        }
        for entry in distribution.entry_points
        if entry.group == "console_scripts"
    ]


def fault_of(value: str) -> str:
    """Return why what a console script names cannot be called; empty if it can."""
    module, _, names = value.partition("[")[0].strip().partition(":")
    try:
        target: Any = importlib.import_module(module)
        for name in names.split("."):
            target = getattr(target, name)
    except BaseException as error:  # noqa: BLE001 - whatever it raises is the finding
        return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]
    return "" if callable(target) else f"{names} cannot be called"


def project_of(distribution: Any) -> str:
    """Return the folder of the sources of an editable install, empty for any other."""
    try:
        record = json.loads(distribution.read_text("direct_url.json") or "{}")
        if record["dir_info"]["editable"]:
            return unquote(urlsplit(record["url"]).path)
    except (ValueError, KeyError, TypeError):
        pass
    return ""


def tests_in(folders: List[Path]) -> List[str]:  # noqa: UP006
    """Return the files with tests in some folders, by pytest's usual names."""
    found = [path for folder in folders for pattern in ("test_*.py", "*_test.py") for path in folder.rglob(pattern)]
    return sorted(path.name for path in found if "site-packages" not in path.parts)


def read_sources(folder: Path) -> Report:
    """Return which log constants a package's sources name, and whether they use what logs them."""
    names: Set[str] = set()  # noqa: UP006
    helpers: Set[str] = set()  # noqa: UP006
    count = 0
    for path in sorted(folder.rglob("*.py")):
        count += 1
        if "__pycache__" in path.parts or count > MOST_SOURCES:
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        names.update(CONSTANT.findall(text))
        helpers.update(helper for helper in HELPERS if helper in text)
    return {"constants": sorted(names), "log_helpers": sorted(helpers)}


def examine(package: str, module: str) -> Report:
    """Return the report."""
    spec = find_spec(package.partition(".")[0])
    folders = [Path(folder) for folder in (spec.submodule_search_locations or [])] if spec else []
    distribution = distribution_of(package)
    project = project_of(distribution) if distribution is not None else ""
    report: Report = {"folder": str(folders[0]) if folders else "", "project": project}
    report["sources"] = read_sources(folders[0]) if folders else {"constants": [], "log_helpers": []}
    report["tests"] = tests_in([*folders, *([Path(project)] if project else [])])
    report["scripts"] = scripts_of(distribution, module) if distribution is not None else []
    return report


def main(argv: List[str]) -> int:  # noqa: UP006
    """Write the report to the file named last."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [item for item in sys.path if Path(item or ".").resolve() != here]
    package, module, output = argv
    os.environ.pop("MOSAIC_LOG", None)
    Path(output).write_text(json.dumps(examine(package, module)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
