"""Calls of and about machines with an agent: each one's request and answer. Does no I/O."""

from __future__ import annotations

import dataclasses
import functools
import json
from typing import Any

from gym_gui.fleet import Answer, FleetMachine
from gym_gui.rpc.calls import Call
from gym_gui.rpc.converter import Converter, json_bytes
from gym_gui.rpc.proto import fleet_pb2 as fleet

#: Calls of which a second one does something more: a daemon may be killed after it did the first.
_ONCE = ("client.create",)


def call_fleet(method: str, machine_id: str, token: str, body: dict[str, Any], data: bytes = b"") -> Call[Answer]:
    """Pass on a call of a machine (:meth:`gym_gui.fleet.desk.Desk.call`)."""
    request = fleet.CallFleetRequest(
        method=method, machine_id=machine_id, token=token, body_json=json_bytes(body), data=data
    )
    call = Call("CallFleet", request, _answer)
    return dataclasses.replace(call, tries=1) if method in _ONCE else call


@functools.cache
def machines() -> Converter[FleetMachine, fleet.FleetMachine]:
    """Return the converter of enrolled machines."""
    return Converter(FleetMachine, fleet.FleetMachine)


def list_fleet(machine_id: str = "") -> Call[list[FleetMachine]]:
    """List the enrolled machines, or one of them with ``history`` in its load."""
    request = fleet.ListFleetRequest(machine_id=machine_id)
    return Call("ListFleet", request, lambda answer: [machines().decode(each) for each in answer.machines])


def remove_machine(machine_id: str) -> Call[None]:
    """Forget a machine."""
    return Call("RemoveMachine", fleet.RemoveMachineRequest(machine_id=machine_id), lambda _: None)


def _answer(message: fleet.CallFleetResponse) -> Answer:
    return Answer(message.status, json.loads(message.body_json or b"{}"), message.data)
