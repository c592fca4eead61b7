"""The digest of a run: equal for equal experiments, however their configs are written.

It covers the experiment, not its name or submitter: names, notes, tags, the client's own data, priority, executor,
secrets, and the paths of interpreter and home are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from gym_gui.runs._worker_requests import WorkerRequest
from gym_gui.runs.config_model import RunConfigModel
from gym_gui.runs.kinds import kind_key
from gym_gui.runs.secret_values import Secrets

DIGEST_VERSION = "mosaic-run-1"
#: Parts of a run config that belong to the experiment, beside its workers and its environment.
EXPERIMENT_PARTS = ("resources", "artifacts", "limits", "on_worker_failure", "schedule")

_INTERPRETER = re.compile(r"(?:.*/)?python[0-9.]*")
_EXACT = 2**63


def run_digest(
    payload: dict[str, Any], workers: Sequence[WorkerRequest], homes: Iterable[str], secrets: Secrets
) -> str:
    """Return the SHA-256 of a run's canonical form, in hexadecimal.

    Args:
        payload: The canonical run config: every field present, the client's run id as ``${run_id}``.
        workers: Its workers, expanded.
        homes: Folders whose paths are not part of the experiment.
        secrets: Identifies the values to leave out.
    """
    defaults = _default_parts()
    form = {
        "version": DIGEST_VERSION,
        **{part: _beyond(_same_without(payload[part]), defaults[part]) for part in EXPERIMENT_PARTS},
        "environment": {
            name: value
            for name, value in secrets.without(payload["environment"]).items()
            if name not in ("WORKER_ID", "MOSAIC_RUN_ID")
        },
        "workers": [_worker_form(worker, secrets) for worker in workers],
    }
    text = canonical_json(_without_homes(form, sorted({home.rstrip("/") for home in homes}, key=len, reverse=True)))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _same_without(part: Any) -> Any:
    """Return resources with 0 GPUs as with unspecified ones: hardware is not the experiment."""
    gpus = part.get("gpus") if isinstance(part, dict) else None
    return {**part, "gpus": {**gpus, "requested": gpus["requested"] or None}} if isinstance(gpus, dict) else part


@cache
def _default_parts() -> dict[str, Any]:
    return RunConfigModel(run_name="default").model_dump(mode="json", include=set(EXPERIMENT_PARTS))


def _beyond(value: Any, default: Any) -> Any:
    """Return a part without default values, so that new fields do not change digests."""
    if not isinstance(value, dict) or not isinstance(default, dict):
        return value
    return {
        name: _beyond(item, default.get(name))
        for name, item in value.items()
        if name not in default or item != default[name]
    }


def canonical_json(value: Any) -> str:
    """Return plain JSON in a canonical form, equal for equal values.

    Keys are sorted, text is NFC, whole numbers are integers however they were written.
    """
    return json.dumps(_canonical(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _canonical(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    if isinstance(value, dict):
        return {unicodedata.normalize("NFC", key): _canonical(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    return value


def _worker_form(worker: WorkerRequest, secrets: Secrets) -> dict[str, Any]:
    config = secrets.without(worker.config)
    config.setdefault("seed", None)
    command = worker.command and [_command_name(worker.command[0]), *worker.command[1:]]
    kind = kind_key(worker.worker_type)
    package, _, rest = (worker.module or "").partition(".")
    usual = rest == "cli" and kind_key(package) == kind
    return {
        "type": kind,
        "module": None if usual else worker.module,
        "worker_id": worker.worker_id,
        "config": config,
        "command": command,
        "arguments": _without_instance_id(worker.arguments),
    }


def _command_name(entry_point: str) -> str:
    return "python" if _INTERPRETER.fullmatch(entry_point) else entry_point


def _without_instance_id(arguments: Sequence[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for argument in arguments:
        if not skip and not argument.startswith("--worker-id"):
            kept.append(argument)
        skip = argument == "--worker-id"
    return kept


def _without_homes(value: Any, homes: Sequence[str]) -> Any:
    """Replace homes at the begin of paths, so that they do not change the digest."""
    if isinstance(value, str):
        for home in homes:
            if len(home) > 1 and home in value:
                value = re.sub(rf"(?<![\w./-]){re.escape(home)}(?=/|$)", "${home}", value)
        return value
    if isinstance(value, dict):
        return {key: _without_homes(item, homes) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_homes(item, homes) for item in value]
    return value
