"""The Ray cluster that a run is for, and the container image of its actors, in the run's environment."""

from __future__ import annotations

import os
from typing import Any

from gym_gui.runs import RAY_EXECUTOR

_VARIABLE, _IMAGE = "RAY_ADDRESS", "MOSAIC_RAY_IMAGE"


def with_ray_image(payload: dict[str, Any], image: str | None) -> dict[str, Any]:
    """Return a run config that names the container image of its actors.

    Args:
        payload: The run config; one for another executor is returned as it is.
        image: What the user named.
    """
    if image is None or payload.get("executor") != RAY_EXECUTOR:
        return payload
    return {**payload, "environment": {**(payload.get("environment") or {}), _IMAGE: image}}


def with_ray_address(payload: dict[str, Any], address: str | None) -> dict[str, Any]:
    """Return a run config that names the Ray cluster: the given one, else that of the caller's ``RAY_ADDRESS``.

    Args:
        payload: The run config; one for another executor is returned as it is.
        address: What the user named.
    """
    environment = payload.get("environment") or {}
    if payload.get("executor") != RAY_EXECUTOR or (address is None and _VARIABLE in environment):
        return payload
    named = address if address is not None else os.environ.get(_VARIABLE, "").strip()
    return {**payload, "environment": {**environment, _VARIABLE: named}} if named else payload
