"""A run config with every key, as code that reads forms expects it."""

from __future__ import annotations

from typing import Any

from gym_gui.runs import validate_train_run_config


def complete_run_config(config: dict[str, Any], python: str) -> dict[str, Any]:
    """Return a run config with all defaults, the command that starts it, and its worker wherever clients look for it.

    Args:
        config: The run config; not changed.
        python: The worker's interpreter.

    Raises:
        ConfigError: It is not valid.
    """
    whole: dict[str, Any] = validate_train_run_config(config, [str(config.get("executor", "local"))]).payload
    metadata = whole["metadata"]
    workers = metadata.get("workers") or [metadata["worker"]]
    ui: dict[str, Any] = {"worker_id": workers[0].get("worker_id")}
    own = workers[0]["config"].get("worker_id") if len(workers) == 1 else None
    if own is not None:
        ui["path_config"] = {"ui_only": {"worker_id": own}}
        whole["environment"] = {"WORKER_ID": own, **whole["environment"]}
    metadata["ui"] = {**ui, **metadata["ui"]}
    module = workers[0].get("module")
    if module:
        whole = {"entry_point": python, **whole, "arguments": ["-m", module, *whole["arguments"]]}
    return whole
