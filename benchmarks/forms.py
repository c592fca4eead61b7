"""A key in the form of the worker with the largest schema, until its problem can be shown.

``python -m benchmarks.forms [--tiny] [--rounds N]``. What is entered comes as JSON and the problems go as JSON, as
between a page and its server. Every field that applies is touched, and one of them has a fault.
"""

from __future__ import annotations

import dataclasses
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import harness
from gym_gui.core.worker.schema import config_schema, find_config_class
from gym_gui.forms import FormSpec, command_line, make_form, problems, to_run_config, visible
from gym_gui.workers import WorkerRecord

FOLDER = Path(__file__).parents[1] / "3rd_party"


def forms() -> dict[str, FormSpec]:
    """Return the form of every worker in the repository."""
    found = {}
    for folder in sorted(FOLDER.glob("*_worker")):
        sys.path.append(str(folder))
        package = importlib.import_module(folder.name)
        metadata, capabilities = package.get_worker_metadata()
        name = folder.name.removesuffix("_worker")
        record = WorkerRecord(
            name=name, entry_point=f"{folder.name}:get_worker_metadata", distribution=folder.name,
            version=metadata.version, python=sys.executable, module=f"{folder.name}.cli",
            metadata=dataclasses.asdict(metadata), capabilities=dataclasses.asdict(capabilities),
            schema=config_schema(find_config_class(folder.name)),
        )  # fmt: skip
        found[name] = make_form(record)
    return found


def entered(form: FormSpec) -> dict[str, Any]:
    """Return values for every field that applies, with a fault in a number."""
    fields = form.by_name()
    # A field that has no null is left alone: its default is what it stands for while it is untouched.
    values = {
        name: fields[name].default
        for name in visible(form, {})
        if fields[name].default is not msgspec.UNSET and (fields[name].default is not None or fields[name].nullable)
    }
    faulty = next(name for name, field in fields.items() if name.startswith("config.") and field.kind == "number")
    return {**values, "notes": "learns", faulty: "1e-"}


def milliseconds(act: Callable[[], object], times: int) -> list[float]:
    """Return the CPU time of each call, milliseconds."""
    found = []
    for _ in range(times):
        began = time.process_time()
        act()
        found.append((time.process_time() - began) * 1e3)
    return sorted(found)


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("A key in a form until its problem is shown.")
    times = 5 if options.tiny else 40 * options.rounds
    every = forms()
    name, form = max(every.items(), key=lambda item: len(json.dumps(item[1].to_dict())))
    values = entered(form)
    text = msgspec.json.encode(values)
    assert len(problems(form, values)) == 1

    def key() -> bytes:
        return msgspec.json.encode(problems(form, msgspec.json.decode(text)))

    shown = milliseconds(key, times)
    details = {
        "worker": name,
        "fields": len(form.by_name()),
        "touched": len(values),
        "form_bytes": len(json.dumps(form.to_dict())),
        "run_config_ms": statistics.median(milliseconds(lambda: to_run_config(form, values), times)),
        "command_line_ms": statistics.median(milliseconds(lambda: command_line(form, values), times)),
        "visible_ms": statistics.median(milliseconds(lambda: visible(form, values), times)),
    }
    print(
        ", ".join(
            f"{key}: {value:.3g}" if isinstance(value, float) else f"{key}: {value}" for key, value in details.items()
        )
    )
    ratios = [
        harness.Ratio("a key in a form → its problem shown, ms of CPU", statistics.median(shown), 20),
        harness.Ratio("a key in a form → its problem shown, ms of CPU, p99", shown[int(len(shown) * 0.99)], 20),
    ]
    harness.report("forms", ratios, tiny=options.tiny, details=details)


if __name__ == "__main__":
    main()
