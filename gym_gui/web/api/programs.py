"""What a run config may start when it comes from the web: installed workers, unless an administrator sends it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.web.access import Holder, Role
from gym_gui.web.api.common import ForbiddenError


async def check_programs(client: AsyncTrainerClient, holder: Holder, config: dict[str, Any]) -> None:
    """Refuse a run config with a program of its own from a token below the role admin.

    Args:
        client: Knows the workers' modules.
        holder: Who sends the config.
        config: The run config; it need not be valid.

    Raises:
        ForbiddenError: It has an ``entry_point``, or a ``module`` other than the worker's.
    """
    if holder.role >= Role.ADMIN:
        return
    if config.get("entry_point") is not None:
        raise _refusal(holder, "entry_point", "a command of its own")
    for path, worker in _workers(config):
        module = worker.get("module")
        if module is not None and module != await _module_of(client, worker.get("worker_id")):
            raise _refusal(holder, f"{path}.module", "a module other than the worker's")


def _workers(config: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    metadata = config.get("metadata")
    if not isinstance(metadata, dict):
        return
    several = metadata.get("workers")
    parts = {"metadata.worker": metadata.get("worker")}
    if isinstance(several, list):
        parts.update({f"metadata.workers[{index}]": part for index, part in enumerate(several)})
    yield from ((path, part) for path, part in parts.items() if isinstance(part, dict))


async def _module_of(client: AsyncTrainerClient, name: Any) -> str:
    if not isinstance(name, str) or not name:
        return ""
    try:
        return (await client.worker(name)).module
    except UsageError:  # there is no such worker
        return ""


def _refusal(holder: Holder, where: str, what: str) -> ForbiddenError:
    return ForbiddenError(
        f"this token may not start {what}",
        where=where,
        why=f"{holder.name} has the role {holder.role.name.lower()}, which starts installed workers",
        next_step="leave this field out, or use a token with the role admin: mosaic web tokens add NAME --role admin",
    )
