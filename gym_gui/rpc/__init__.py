"""The gRPC face of the trainer: servicers, converters, clients. The only room that imports protobuf.

The names below are what other programs use; they are loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gym_gui.rpc.aio_client import AsyncTrainerClient
    from gym_gui.rpc.client import TrainerClient
    from gym_gui.rpc.remote import RemoteDaemon

_HOMES = {
    "AsyncTrainerClient": "aio_client",
    "RemoteDaemon": "remote",
    "TrainerClient": "client",
}

__all__ = ["AsyncTrainerClient", "RemoteDaemon", "TrainerClient"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
