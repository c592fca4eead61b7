"""The calls of both clients about machines with an agent, and the one that passes on what these say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, TypeVar

from gym_gui.fleet import Answer, FleetMachine
from gym_gui.rpc import fleet_calls
from gym_gui.rpc.calls import Call

R = TypeVar("R")


class FleetClient(ABC):
    """Calls about machines with an agent, blocking."""

    @abstractmethod
    def _do(self, call: Call[R]) -> R: ...

    def fleet(self, machine_id: str = "") -> list[FleetMachine]:
        """Return the enrolled machines, by id.

        Args:
            machine_id: That one alone, with ``history`` in its load: samples of the last hour; empty: all.
        """
        return self._do(fleet_calls.list_fleet(machine_id))

    def remove_machine(self, machine_id: str) -> None:
        """Forget a machine: its token is refused from now on, and what it has is given to others.

        Raises:
            NotFoundError: There is no such machine.
        """
        self._do(fleet_calls.remove_machine(machine_id))


class AsyncFleetClient(ABC):
    """The same calls for asyncio."""

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

    async def fleet(self, machine_id: str = "") -> list[FleetMachine]:
        """Return the enrolled machines, by id.

        Args:
            machine_id: That one alone, with ``history`` in its load: samples of the last hour; empty: all.
        """
        return await self._do(fleet_calls.list_fleet(machine_id))

    async def remove_machine(self, machine_id: str) -> None:
        """Forget a machine.

        Raises:
            NotFoundError: There is no such machine.
        """
        await self._do(fleet_calls.remove_machine(machine_id))
