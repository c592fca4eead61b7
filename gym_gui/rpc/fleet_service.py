# ruff: noqa: N802 - gRPC gives the methods their names
"""The gRPC method that carries the calls of machines with an agent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import msgspec

from gym_gui.core.worker.errors import Problem, UsageError
from gym_gui.fleet import Desk, FleetMachine
from gym_gui.rpc.converter import json_bytes
from gym_gui.rpc.fleet_calls import machines
from gym_gui.rpc.guard import answers
from gym_gui.rpc.proto import fleet_pb2 as fleet
from gym_gui.rpc.proto.fleet_pb2_grpc import FleetServiceServicer
from gym_gui.rpc.requests import invalid
from gym_gui.trainer import ClientCalls, Loading

#: How the methods begin that programs call which claim runs.
CLIENT = "client."


class FleetService(FleetServiceServicer):
    """``mosaic.v1.FleetService``.

    Args:
        desk: Answers the calls; ``None``: the daemon has no executor for them.
        clients: Answers the calls of programs that claim runs; ``None``: the daemon has no executor for them.
        desks: Those of all executors, whose machines are listed.
        loading: Calls wait until the runs were read.
    """

    def __init__(self, desk: Desk | None, clients: ClientCalls | None, desks: Sequence[Desk], loading: Loading) -> None:
        self._desk = desk
        self._clients = clients
        self._desks = desks
        self.loading = loading

    @answers
    async def CallFleet(self, request: fleet.CallFleetRequest) -> fleet.CallFleetResponse:
        body = _body(request.body_json)
        if request.method.startswith(CLIENT):
            answer = await self._open_clients.call(request.method.removeprefix(CLIENT), body, request.data)
            return fleet.CallFleetResponse(status=answer.status, body_json=json_bytes(answer.body), data=answer.data)
        answer = await asyncio.to_thread(
            self._open_desk.call, request.method, request.machine_id, request.token, body, request.data
        )
        return fleet.CallFleetResponse(status=answer.status, body_json=json_bytes(answer.body), data=answer.data)

    @answers
    async def ListFleet(self, request: fleet.ListFleetRequest) -> fleet.ListFleetResponse:
        found = [machine for desk in self._desks for machine in await asyncio.to_thread(desk.machines)]
        found += [] if self._clients is None else await asyncio.to_thread(self._clients.machines)
        if request.machine_id:
            found = [self._with_history(each) for each in found if each.machine_id == request.machine_id]
        return fleet.ListFleetResponse(machines=map(machines().encode, found))

    @answers
    async def RemoveMachine(self, request: fleet.RemoveMachineRequest) -> fleet.RemoveMachineResponse:
        for desk in self._desks:
            if desk is not self._desk and request.machine_id in desk.store.records:
                raise UsageError(
                    f"machine {request.machine_id} was not enrolled: it is a node of a cluster",
                    next_step="take it out of the cluster: ray stop (on that node)",
                )
        clients = self._clients
        known = clients is not None and await asyncio.to_thread(clients.remove_machine, request.machine_id)
        # One machine may be known as both: to programs, and by an agent that was enrolled.
        if not known or (self._desk is not None and request.machine_id in self._desk.store.records):
            await asyncio.to_thread(self._open_desk.remove, request.machine_id)
        return fleet.RemoveMachineResponse()

    def _with_history(self, machine: FleetMachine) -> FleetMachine:
        found = [desk.load_history(machine.machine_id) for desk in self._desks]
        if self._clients is not None:
            found.append(self._clients.load_history(machine.machine_id))
        history = next((each for each in found if each is not None), None)
        load = {**machine.load, "history": {} if history is None else history.columns()}
        return msgspec.structs.replace(machine, load=load)

    @property
    def _open_clients(self) -> ClientCalls:
        """What answers programs.

        Raises:
            UsageError: The daemon has no such thing.
        """
        if self._clients is None:
            raise UsageError("this daemon has no runs to claim", next_step="see why: mosaic doctor")
        return self._clients

    @property
    def _open_desk(self) -> Desk:
        """The desk.

        Raises:
            UsageError: The daemon has none.
        """
        if self._desk is None:
            raise UsageError("this daemon takes no machines", next_step="see why: mosaic doctor")
        return self._desk


def _body(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text) if text else {}
    except (ValueError, RecursionError) as error:
        raise invalid(Problem("body_json", f"is not JSON: {error}"[:300], allowed="a JSON object")) from None
    if not isinstance(body, dict):
        raise invalid(Problem("body_json", "is not an object", allowed="a JSON object"))
    return body
