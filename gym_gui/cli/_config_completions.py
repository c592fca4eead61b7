"""What the shell completes in options: values from records and runs on disk. Starts nothing and asks no worker."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from gym_gui.core.regular_files import read_regular

_NEWEST_RUNS = 200
#: What a shell takes as one word as it stands: names come from anywhere, and a completion is put on the command line.
_ONE_WORD = re.compile(r"[\w@%+=:,./-]+")
_ALGORITHM_FIELDS = ("algo", "algorithm")


def complete_algorithm(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the algorithms of the worker that was named, as its config class has them."""
    fields = _fields(ctx)
    return _fitting((value for name in _ALGORITHM_FIELDS for value in _values(fields.get(name, {}))), incomplete)


def complete_env(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the environments that the worker names itself, and those of runs here."""
    named = _values(_fields(ctx).get("env_id", {}))
    used = (plan.get("config", {}).get("env_id") for run in _plans() for plan in run.get("workers", []))
    return _fitting([*named, *used], incomplete)


def complete_setting(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return ``NAME=`` of the fields of the worker's config, then the values that one may have."""
    fields = _fields(ctx)
    name, sign, begun = incomplete.partition("=")
    if sign:
        return [f"{name}={value}" for value in _fitting(_values(fields.get(name, {})), begun)]
    return _fitting((f"{field}=" for field in fields if field not in ("run_id", "worker_id")), incomplete)


def complete_tag(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the tags of the newest runs."""
    return _fitting((tag for run in _plans() for tag in run.get("tags", [])), incomplete)


def complete_group(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the groups of the newest runs."""
    return _fitting((run.get("group") for run in _plans()), incomplete)


def complete_checkpoint(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[Any]:
    """Return the names of a run's checkpoints; where none fits, paths."""
    from click.shell_completion import CompletionItem

    run = _argument(ctx, "run")
    names: list[str] = []
    if run:
        with contextlib.suppress(Exception):  # a completion says nothing of what is wrong
            from gym_gui.analysis import resolve_run
            from gym_gui.config.paths import mosaic_home

            folder = Path(mosaic_home()) / "runs" / resolve_run(Path(mosaic_home()), run) / "checkpoints"
            names = [path.name for path in sorted(folder.glob("*/*"))]
    found = _fitting(names, incomplete)
    return found or [CompletionItem(incomplete, type="file")]


def _fields(ctx: click.Context) -> dict[str, Any]:
    """Return the config fields of the worker that was named, or of that of the run, from its record."""
    from gym_gui.config.paths import mosaic_home
    from gym_gui.runs import kind_key

    named = {parameter.name for parameter in ctx.command.params}
    worker = _argument(ctx, "worker") if "worker" in named else _worker_of(_argument(ctx, "run"))
    if not worker:
        return {}
    for path in sorted((Path(mosaic_home()) / "workers" / "records").glob("*.json"), reverse=True):
        with contextlib.suppress(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            record = json.loads(read_regular(path))["record"]
            if kind_key(record["name"]) == kind_key(worker):
                return dict(record["schema"]["properties"])
    return {}


def _worker_of(run: str) -> str:
    """Return the type of a run's first worker; empty: there is no such run."""
    with contextlib.suppress(Exception):  # a completion says nothing of what is wrong
        from gym_gui.analysis import resolve_run
        from gym_gui.config.paths import mosaic_home

        run_id = resolve_run(Path(mosaic_home()), run)
        plan = json.loads(read_regular(Path(mosaic_home()) / "runs" / run_id / "run.json"))
        return str(plan["workers"][0]["worker_type"])
    return ""


def _argument(ctx: click.Context, name: str) -> str:
    """Return a command's argument; click leaves it among the rest where the option to complete has no value yet."""
    found = ctx.params.get(name) or next((word for word in ctx.args if not word.startswith("-")), "")
    return found if isinstance(found, str) else ""


def _values(field: dict[str, Any]) -> list[Any]:
    """Return what a field may hold, where its schema lists it; else its default."""
    kinds = field.get("type")
    if "boolean" in (kinds if isinstance(kinds, list) else [kinds]):
        return ["true", "false"]
    return list(field.get("enum") or [field.get("default")])


def _plans() -> Iterator[dict[str, Any]]:
    """Yield the newest runs as they were submitted."""
    from gym_gui.config.paths import mosaic_home

    with contextlib.suppress(OSError):
        folders = sorted((Path(mosaic_home()) / "runs").glob("[!.]*/run.json"), reverse=True)
        for path in folders[:_NEWEST_RUNS]:
            with contextlib.suppress(OSError, ValueError, RecursionError):
                plan = json.loads(read_regular(path))
                if isinstance(plan, dict):
                    yield plan


def _fitting(values: Iterable[Any], incomplete: str) -> list[str]:
    """Return texts that begin like what was typed, each once, the newest first; none that a shell would not take."""
    texts = dict.fromkeys(str(value) for value in values if isinstance(value, (str, int, float)) and value != "")
    return [text for text in texts if text.startswith(incomplete) and _ONE_WORD.fullmatch(text)]
