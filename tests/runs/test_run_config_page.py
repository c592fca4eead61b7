"""The reference page of the run config says of every key what the model says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gym_gui.core.worker.check import describe
from gym_gui.runs.config import validate_train_run_config
from gym_gui.runs.config_problems import run_config_schema
from gym_gui.runs.executors import OWN_EXECUTORS
from gym_gui.runs.json_schema import alternatives

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "run-config.md"


def keys(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key that a run config may have, by its dotted path, with its schema."""
    for option in alternatives(schema):
        for name, part in option.get("properties", {}).items():
            inner = f"{path}.{name}" if path else name
            yield inner, part
            yield from keys(part, inner)
            for alternative in alternatives(part):
                if isinstance(alternative.get("items"), dict):
                    yield from keys(alternative["items"], inner + "[]")


def row(path: str, part: dict[str, Any]) -> str:
    allowed = describe(part).replace("|", "\\|")
    if path == "executor":  # the page has those that are always there
        allowed = "one of " + ", ".join(repr(entry.name) for entry in OWN_EXECUTORS)
    kinds = {option.get("type") for option in alternatives(part)}
    default = "" if "object" in kinds or "default" not in part else f"`{json.dumps(part['default'])}`"
    return f"| `{path}` | {allowed} | {default} | {part['description']} |"


def test_every_key_is_documented_as_it_is() -> None:
    page = PAGE.read_text()
    wanted = [row(path, part) for path, part in keys(run_config_schema())]
    missing = [line for line in wanted if line not in page]
    assert not missing, "put these rows into docs/reference/run-config.md:\n" + "\n".join(missing)
    documented = re.findall(r"^\| `([a-z_.\[\]]+)` \|", page, re.MULTILINE)
    assert documented == [path for path, _ in keys(run_config_schema())]


def test_the_pages_configs_are_valid() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert blocks
    for block in blocks:
        validate_train_run_config(json.loads(block))
