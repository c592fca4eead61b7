"""The call of the asyncio client that passes on what machines say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from gym_gui.fleet import Answer
from gym_gui.rpc import fleet_calls
from gym_gui.rpc.calls import Call

R = TypeVar("R")


class AsyncFleetClient(ABC):
    """Calls of machines with an agent, for asyncio."""

    @abstractmethod
    async def _do(self, call: Call[R]) -> R: ...

    async def call_fleet(
        self, method: str, machine_id: str, token: str, body: dict[str, Any], data: bytes = b""
    ) -> Answer:
        """Pass on a call of a machine, and return what it is answered.

        Args:
            method: ``enroll``, ``beat``, ``claim``, ``fetch``, ``append``, ``put`` or ``release``.
            machine_id: The machine.
            token: Its token; with ``enroll`` the name of who enrols it.
            body: What it says.
            data: Bytes that it ships.
        """
        return await self._do(fleet_calls.call_fleet(method, machine_id, token, body, data))
