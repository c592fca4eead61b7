"""Looks at a worker's config, description and runtime in the worker's own interpreter. Run as a script, never imported.

    python examine.py ENTRY_POINT_PACKAGE ENTRY_POINT_FUNCTION CONFIG.json OUTPUT.json

Standard library alone, Python 3.8 or later. The config holds a whole set of values that the worker should take.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import inspect
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict  # noqa: UP035 - needed at run time on 3.8

Report = Dict[str, Any]  # noqa: UP006


def shown(error: BaseException) -> str:
    """Return an exception in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:400]


def describe(package: str, function: str) -> Report:
    """Return what kinds of objects the entry point gives, and how long its import takes."""
    started = time.monotonic()
    target: Any = importlib.import_module(package)
    seconds = time.monotonic() - started
    for name in function.split("."):
        target = getattr(target, name)
    pair = target()
    kinds = [type(one).__name__ for one in pair] if isinstance(pair, (tuple, list)) else [type(pair).__name__]
    return {"import_s": seconds, "kinds": kinds, "is_tuple": isinstance(pair, tuple)}


def find_class(package: str) -> Any:
    """Return the worker's config class: a class with ``from_dict`` and ``to_dict``, ``*WorkerConfig`` first."""
    tops = [".".join(package.split(".")[:count]) for count in range(len(package.split(".")), 0, -1)]
    for name in [f"{top}.config" for top in tops] + tops:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                raise
            continue
        own = [
            value
            for value in vars(module).values()
            if inspect.isclass(value) and hasattr(value, "from_dict") and hasattr(value, "to_dict")
        ]
        own = [value for value in own if value.__module__.partition(".")[0] == tops[-1]]
        own.sort(key=lambda value: (not value.__name__.endswith("WorkerConfig"), not value.__name__.endswith("Config")))
        if own:
            return module, own[0]
    return None, None


def examine_config(module: Any, config_class: Any, values: Report) -> Report:
    """Build, print, rebuild and misuse a config."""
    report: Report = {"class": config_class.__name__, "dataclass": dataclasses.is_dataclass(config_class)}
    parameters = getattr(config_class, "__dataclass_params__", None)
    report["frozen"] = bool(parameters and parameters.frozen)
    report["post_init"] = "__post_init__" in vars(config_class)
    try:
        config = config_class.from_dict(dict(values))
    except BaseException as error:  # noqa: BLE001 - whatever it raises is the finding
        report["error"] = shown(error)
        return report
    report["has"] = [name for name in ("run_id", "seed") if hasattr(config, name)]
    report["kept"] = {name: getattr(config, name, None) == values[name] for name in ("run_id", "seed")}
    report.update(round_trip(config_class, config))
    report["unknown"] = outcome(config_class, {**values, "mosaic_no_such_field": 1})
    report["empty_run_id"] = outcome(config_class, {**values, "run_id": ""})
    report["no_seed"] = outcome(config_class, {**values, "seed": None})
    report["kinds"] = kinds_of(config)
    report["to_json"] = hasattr(config, "to_json")
    report["negative"] = {
        name: outcome(config_class, {**values, name: -1})
        for name in ("total_steps", "total_timesteps", "learning_rate", "batch_size")
        if name in vars(config)
    }
    report["loader"] = examine_loader(module, config, values)
    return report


def kinds_of(config: Any) -> Report:
    """Return each field's type by its JSON name, as far as its value tells."""
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    try:
        return {str(name): names.get(type(value), "null") for name, value in config.to_dict().items()}
    except BaseException:  # noqa: BLE001 - checked elsewhere
        return {}


def round_trip(config_class: Any, config: Any) -> Report:
    """Return whether a config survives JSON."""
    try:
        first = config.to_dict()
        if not isinstance(first, dict):
            return {"round_trip": f"to_dict() returns a {type(first).__name__}"}
        text = json.dumps(first)
    except BaseException as error:  # noqa: BLE001 - the finding
        return {"round_trip": "to_dict() is not ready for JSON: " + shown(error)}
    try:
        again = config_class.from_dict(json.loads(text)).to_dict()
    except BaseException as error:  # noqa: BLE001 - the finding
        return {"round_trip": "from_dict() refuses what to_dict() gave: " + shown(error)}
    lost = sorted(name for name in {*first, *again} if json.dumps(first.get(name)) != json.dumps(again.get(name)))
    fields = (
        [field.name for field in dataclasses.fields(config_class)] if dataclasses.is_dataclass(config_class) else []
    )
    missing = sorted(set(fields) - set(first))
    lost += [name for name in missing if name not in lost]
    return {"round_trip": "lost or changed on the way: " + ", ".join(lost) if lost else ""}


def outcome(config_class: Any, values: Report) -> str:
    """Return ``accepted`` or the error with which a config is refused."""
    try:
        config_class.from_dict(values)
    except BaseException as error:  # noqa: BLE001 - the finding
        return shown(error)
    return "accepted"


def examine_loader(module: Any, config: Any, values: Report) -> Report:
    """Return how ``load_worker_config`` reads flat and nested files."""
    top = importlib.import_module(module.__name__.partition(".")[0])
    load = getattr(module, "load_worker_config", None) or getattr(top, "load_worker_config", None)
    if load is None:
        return {"found": False}
    report: Report = {"found": True}
    nested = {"metadata": {"worker": {"worker_id": "any", "module": "any", "config": values}}}
    for name, content in (("flat", values), ("nested", nested)):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "config.json")
            path.write_text(json.dumps(content), encoding="utf-8")
            try:
                loaded = load(str(path))
                report[name] = "" if loaded.to_dict() == config.to_dict() else "it reads another config"
            except BaseException as error:  # noqa: BLE001 - the finding
                report[name] = shown(error)
    return report


def examine_runtime(package: str, config: Any) -> Report:
    """Return what the worker's runtime says that ``run()`` returns, and where it can be tried dry, what it does."""
    top = package.partition(".")[0]
    module = importlib.import_module(top + ".runtime")
    found: Any = [value for name, value in vars(module).items() if inspect.isclass(value) and name.endswith("Runtime")]
    own: Any = [
        value for value in found if value.__module__.partition(".")[0] == top and callable(getattr(value, "run", 0))
    ]
    if not own:
        return {}
    report: Report = {"class": own[0].__name__}
    report["annotation"] = str(getattr(own[0].run, "__annotations__", {}).get("return", ""))
    names = inspect.signature(own[0]).parameters
    if "dry_run" in names:
        try:
            value = own[0](config, dry_run=True).run()
            report["returned"] = type(value).__name__
            json.dumps(value)
        except (TypeError, ValueError) as error:
            report["unready"] = shown(error)
        except BaseException as error:  # noqa: BLE001 - a dry run that fails is checked elsewhere
            report["failed"] = shown(error)
    return report


def part(make: Any, *arguments: Any) -> Report:
    """Return a part of the report, or the error that stood in its way."""
    try:
        found: Report = make(*arguments)
    except BaseException as error:  # noqa: BLE001 - whatever a foreign package raises is the answer
        return {"error": shown(error)}
    return found


def main(argv: list[str]) -> int:
    """Write the report to the file named last."""
    here = Path(__file__).resolve().parent
    sys.path[:] = [item for item in sys.path if Path(item or ".").resolve() != here]
    package, function, config_file, output = argv
    values = json.loads(Path(config_file).read_text(encoding="utf-8"))
    os.environ.pop("MOSAIC_LOG", None)
    report: Report = {"description": part(describe, package, function), "config": {}, "runtime": {}}
    with contextlib.redirect_stdout(sys.stderr):
        try:
            module, config_class = find_class(package)
        except BaseException as error:  # noqa: BLE001 - the finding
            report["config"] = {"error": shown(error)}
            config_class = None
        if config_class is not None:
            report["config"] = part(examine_config, module, config_class, values)
            if "error" not in report["config"]:
                report["runtime"] = part(examine_runtime, package, config_class.from_dict(dict(values)))
    Path(output).write_text(json.dumps(report, default=str), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
