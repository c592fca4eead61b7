"""Writes the reference pages that are made from code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gym_gui.app.documents import DOCUMENTS, schemas
from gym_gui.app.json_output import NON_FINITE
from gym_gui.cli.reference import cli_page
from gym_gui.config.settings import SETTINGS
from gym_gui.core import worker
from gym_gui.logging_config.components import MODULES
from gym_gui.logging_config.constant import LogConstant
from gym_gui.rpc.proto.describe import grpc_page
from gym_gui.telemetry.aliases import alias_rows
from gym_gui.workers.conformance.reference import findings_page

sys.path.insert(0, str(Path(__file__).parent))
from rooms import picture

REFERENCE = Path(__file__).parent / "reference"
NOTE = "<!-- Made by docs/generate.py; edit the code instead. -->\n\n"


def settings_page() -> str:
    """Return the page that lists every setting."""
    rows = [
        f"| `{setting.name}` | `{setting.variable}` | `{setting.default!r}` | {setting.help} |"
        for setting in sorted(SETTINGS.values(), key=lambda setting: setting.name)
    ]
    return "\n".join(
        [
            NOTE + "# Settings",
            "",
            "A setting is taken from the environment, else from `$MOSAIC_HOME/settings.json` (a JSON object), else it has its default.",
            "`MOSAIC_HOME` itself is where everything is kept; without it, the platform's folder for user data (`mosaic` in it).",
            "",
            "| setting | environment variable | default | what it does |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def log_codes_page() -> str:
    """Return the page that lists every log constant."""
    constants = {
        name: value for module in MODULES for name, value in vars(module).items() if isinstance(value, LogConstant)
    }
    rows = [
        f"| {constant.code} | `{name}` | {constant.level} | {constant.component} | {constant.subcomponent} | {constant.message} |"
        for name, constant in sorted(constants.items(), key=lambda item: (len(item[1].code), item[1].code, item[0]))
    ]
    return "\n".join(
        [
            NOTE + "# Log codes",
            "",
            "Every structured record carries the code, level, component, subcomponent and tags of its constant. Workers of your own need no",
            "entry here: any name `LOG_WORKER_{TYPE}_{CATEGORY}[_{DETAIL}]` imported from `gym_gui.logging_config.log_constants` is made on",
            "first use, with a code that depends on the name alone. `LOG_MOSAIC_WORKER_…` names the same constant as `LOG_WORKER_…`.",
            "",
            "| code | name | level | component | subcomponent | message |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def events_page() -> str:
    """Return the page of what a worker prints, with the table of other names made anew."""
    page = (REFERENCE / "events.md").read_text(encoding="utf-8")
    head, begin, rest = page.partition("<!-- aliases: made by docs/generate.py from gym_gui/telemetry/aliases.py -->\n")
    _, end, tail = rest.partition("<!-- end of aliases -->")
    return "\n".join([head + begin, *alias_rows(), "", end + tail])


def sdk_page() -> str:
    """Return the page that shows the SDK's public face, for mkdocstrings to fill."""
    modules = dict.fromkeys(
        getattr(worker, name).__module__ for name in worker.__all__ if hasattr(getattr(worker, name), "__module__")
    )
    envs = "gym_gui.core.worker.envs"
    modules.update(
        dict.fromkeys(
            f"{envs}.{name}" for name in ("aec", "counter", "ids", "parallel", "vector", "wrapper", "wrapping")
        )
    )
    return "\n".join(
        [
            NOTE + "# Worker SDK",
            "",
            "`gym_gui.core.worker`: what a worker imports. Standard library alone, Python 3.8 to 3.13. All names below can be imported from",
            "`gym_gui.core.worker` directly (the wrappers of environments from `gym_gui.core.worker.envs`).",
            "",
            *(f"::: {module}\n" for module in sorted(modules)),
        ]
    )


def documents_page() -> str:
    """Return the page of what ``--json`` prints."""
    definitions = schemas()["$defs"]
    lines = [
        NOTE + "# JSON documents",
        "",
        "With `--json` a command prints exactly one JSON document on stdout, and its messages on stderr. A document has the same shape whatever the count:",
        "runs are a list under `runs`, workers a list under `workers`. JSON has neither NaN nor infinities: a number that is not finite",
        "is `null`, and the object that it stands in has a key `non_finite` that says which it was, as in `{\"mean_return_100\": \"NaN\"}`.",
        "`runs tail --json` is the exception: a row a line, as they come in.",
        "",
        "The whole [JSON Schema](json-schema.json) (draft 2020-12) has a definition for each document below.",
        "",
        "| command | document |",
        "|---|---|",
        *(f"| {', '.join(f'`{each}`' if '…' not in each and ' fails' not in each else each for each in names.split(', '))} | "
          f"[{kind.__name__}](#{kind.__name__.lower()}) |" for names, kind in DOCUMENTS.items()),
    ]  # fmt: skip
    for name, definition in definitions.items():
        if "properties" not in definition:
            continue
        lines += ["", f"## {name}", "", definition.get("description", ""), "", "| key | type |", "|---|---|"]
        lines += [
            f"| `{key}`{'' if key in definition['required'] else ' (not always)'} | {_type_text(field)} |"
            for key, field in definition["properties"].items()
            if key != NON_FINITE
        ]
    return "\n".join(lines) + "\n"


def _type_text(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        plain = {"RunState": "string: a run's state", "CurvePoint": "list: step, episodes, mean, min and max return"}
        return plain.get(name) or f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type_text(each) for each in schema["anyOf"]))
    kind = schema.get("type", "anything")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"list of {_type_text(schema['items'])}"
    return kind


def schema_file() -> str:
    """Return the JSON Schema of all documents."""
    return json.dumps(schemas(), indent=1) + "\n"


PAGES = {
    "json.md": documents_page,
    "json-schema.json": schema_file,
    "cli.md": cli_page,
    "settings.md": settings_page,
    "log-codes.md": log_codes_page,
    "sdk.md": sdk_page,
    "grpc.md": lambda: NOTE + grpc_page(),
    "events.md": events_page,
    "findings.md": lambda: NOTE + findings_page(),
    "../explanation/rooms.svg": picture,
}


def main() -> int:
    """Write every page."""
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
