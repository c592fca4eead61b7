"""Reads a worker's description in the worker's own interpreter. A script: no process of MOSAIC imports it.

    python inspect_worker.py ENTRY_POINT OUTPUT.json

Standard library alone, Python 3.8 or later: the interpreter may hold nothing of MOSAIC but the worker SDK.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import sys
import traceback
from pathlib import Path
from typing import Any, Dict  # noqa: UP035 - annotations of a dict at run time need it on 3.8

Report = Dict[str, Any]  # noqa: UP006


def inspect_worker(entry_point: str) -> Report:
    """Import a worker's package and return what it says of itself, or why it cannot."""
    package, _, function = (part.strip() for part in entry_point.partition("[")[0].partition(":"))
    function = function or "get_worker_metadata"
    try:
        described = _entry_points().load_entry_point(f"{package}:{function}")()
    except BaseException as error:  # noqa: BLE001 - whatever a package does on import, sys.exit included, is a finding
        return {"error": _error(error)}
    if not isinstance(described, (tuple, list)) or len(described) != 2:
        message = f"{package}:{function} returned {described!r}, not (WorkerMetadata, WorkerCapabilities)"
        return {"error": {"type": "TypeError", "message": message[:500], "missing": ""}}
    return {"metadata": _plain(described[0]), "capabilities": _plain(described[1]), "module": find_cli(package)}


def _entry_points() -> Any:
    """Return the SDK's module of entry points, by its path: the interpreter may have no SDK, or an older one."""
    path = Path(__file__).resolve().parents[1] / "core" / "worker" / "entry_points.py"
    spec = importlib.util.spec_from_file_location("_mosaic_entry_points", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def find_cli(package: str) -> str:
    """Return the name of a package's ``cli`` module, or nothing."""
    top = package
    while top:
        with contextlib.suppress(ImportError, ValueError, AttributeError):
            if importlib.util.find_spec(top + ".cli") is not None:
                return top + ".cli"
        top = top.rpartition(".")[0]
    return ""


def _error(error: BaseException) -> Report:
    lines = traceback.format_exception_only(type(error), error)
    missing = error.name or "" if isinstance(error, ImportError) else ""
    if not isinstance(error, ModuleNotFoundError) and not missing.startswith("gym_gui."):
        missing = ""  # the module is there, and another version of it would be needed
    message = lines[-1].strip()[:500]
    if isinstance(error, SyntaxError) and error.filename:
        message += f" ({error.filename}, line {error.lineno})"
    return {"type": type(error).__name__, "message": message, "missing": missing}


def _plain(described: Any) -> Report:
    """Return a description's public fields, whichever kind of object it is."""
    if isinstance(described, dict):
        values = described
    elif hasattr(described, "__dataclass_fields__"):
        values = {name: getattr(described, name) for name in described.__dataclass_fields__}
    elif hasattr(described, "_asdict"):
        values = described._asdict()
    else:
        values = vars(described) if hasattr(described, "__dict__") else {}
    return {str(name): value for name, value in values.items() if not str(name).startswith("_")}


def main(argv: list[str]) -> int:
    """Write the report to the file named last."""
    # The folder of this script must not shadow a worker's own modules.
    here = Path(__file__).resolve().parent
    sys.path[:] = [item for item in sys.path if Path(item or ".").resolve() != here]
    entry_point, output = argv
    report = inspect_worker(entry_point)
    report["python_version"] = "{}.{}.{}".format(*sys.version_info)
    part = Path(output + ".part")
    part.write_text(json.dumps(report, default=_other, ensure_ascii=True), encoding="utf-8")
    part.replace(output)
    return 0


def _other(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, (set, frozenset)) else str(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
