"""Calls of programs that claim assignments by HTTP: what they send is read, whatever it is, and answered as JSON."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import msgspec

from gym_gui.core.worker.errors import ConfigError, MosaicError, NotFoundError, Problem, UsageError
from gym_gui.fleet import (
    Answer,
    FleetMachine,
    LoadHistory,
    MachineFacts,
    Mismatch,
    StudySpec,
    Unwelcome,
    kind_of_picture,
)
from gym_gui.trainer.claims import Claims, Message, NotNow
from gym_gui.trainer.super_studies import DONE, Place, State

T = TypeVar("T")
_Act = Callable[[Mapping[str, Any], bytes], Awaitable[Answer]]
#: Characters of the id that a program gives its machine.
MAX_ID = 200
_BAD = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
#: What is kept of the load that a machine reports, and of that of each of its GPUs.
_LOAD, _GPU_LOAD = ("cpu_percent", "load_average", "memory_used_mb"), ("percent", "memory_used_mb", "memory_mb")
_MAX_MESSAGE_ID = 64
#: The answer to a message that was taken.
_OK = b'{"ok": true}'
_MAX_GPUS, _MOST = 64, 1e9
_BY = "a program without a token"


class ClientCalls:
    """Answers the calls of programs.

    Args:
        claims: Carries them out.
    """

    def __init__(self, claims: Claims) -> None:
        self._claims = claims
        self._studies = claims.super_studies

    async def call(self, method: str, said: Mapping[str, Any], data: bytes) -> Answer:
        """Answer a call.

        Args:
            method: ``create``, ``list``, ``assignments``, ``claim``, ``heartbeat``, ``poll``, ``config``,
                ``updates``, ``picture``, ``show`` or ``store``.
            said: What stands in the call's address, and who calls (``peer``, ``by``).
            data: Its body.
        """
        act: _Act | None = getattr(self, f"_{method}", None) if method in _METHODS else None
        if act is None:
            return _refused(404, NotFoundError(f"there is no call {method[:50]!r}"))
        try:
            return await act(said, data)
        except NotFoundError as error:
            return _refused(404, error)
        except ConfigError as error:
            return _refused(422, error)
        except UsageError as error:
            return _refused(409, error)
        except Unwelcome as error:
            return _refused(422, UsageError(str(error)))
        except Mismatch as error:
            return _refused(422, UsageError("the upload is not whole", why=str(error), next_step="send the file again"))
        except MosaicError as error:
            return _refused(503, error)
        except OSError as error:
            return _refused(503, _unstorable(error))

    def machines(self) -> list[FleetMachine]:
        """Return the machines of all programs, by id."""
        clients, found = self._claims.clients, []
        for machine_id, record in sorted(clients.records.items()):
            runs = sorted({key.run_id for key in self._claims.attempts.of_machine(machine_id)})
            found.append(clients.machine(record, runs, self._claims.pictures.tabs(machine_id)))
        return found

    def load_history(self, machine_id: str) -> LoadHistory | None:
        """Return how busy a machine was; ``None``: it is unknown."""
        clients = self._claims.clients
        return clients.presence(machine_id).history if machine_id in clients.records else None

    def remove_machine(self, machine_id: str) -> bool:
        """Forget a machine, which loses what it has; return whether it was known."""
        if not self._claims.clients.remove(machine_id):
            return False
        for key in self._claims.attempts.of_machine(machine_id):
            self._claims.attempts.give_up(key, f"machine {machine_id} was removed")
        return True

    async def _create(self, said: Mapping[str, Any], data: bytes) -> Answer:
        body = await asyncio.to_thread(_object, data)
        name = _text(body, "name")
        description = body.get("description") or ""
        base = body.get("baseConfig") or {}
        listed = body.get("assignments")
        problems = []
        if not isinstance(description, str):
            problems.append(Problem("description", "is not text", value=description))
        if not isinstance(base, dict):
            problems.append(Problem("baseConfig", "is not an object", value=base))
        if not isinstance(listed, list):
            problems.append(Problem("assignments", "is not a list", value=listed))
        configs = []
        for index, each in enumerate(listed if isinstance(listed, list) else ()):
            config = each.get("splitConfig") if isinstance(each, dict) else None
            if isinstance(config, dict):
                configs.append(config)
            else:
                problems.append(Problem(f"assignments.{index}.splitConfig", "is not an object", value=config))
        if isinstance(listed, list) and not listed:
            problems.append(Problem("assignments", "is empty", allowed="one assignment or several"))
        if problems:
            raise _invalid(problems)
        spec = StudySpec(name=name, description=description, base_config=base)
        try:
            study = await self._studies.create(spec, configs, str(said.get("by") or _BY))
        except ConfigError:
            raise
        except UsageError as error:  # the setting claim_command cannot be used, say
            problem = Problem("the study", error.what, allowed=error.next_step)
            raise ConfigError("the study cannot be created", [problem], next_step=error.next_step) from None
        return _answer({"id": study.study_id, "name": study.name, "totalAssignments": len(study.assignments)})

    async def _list(self, said: Mapping[str, Any], _: bytes) -> Answer:
        found = []
        name = said.get("name")
        for study in await self._studies.list(None if name is None else str(name)):
            places = [self._studies.place_of(study, assignment) for assignment in study.assignments]
            states = await _in_turns(self._studies.state, places)
            done = sum(state.name == DONE for state in states)
            found.append(
                {
                    "id": study.study_id,
                    "name": study.name,
                    "description": study.spec.description,
                    "totalAssignments": len(states),
                    "completedAssignments": done,
                    "createdAt": study.created_at,
                }
            )
        return _answer(found)

    async def _assignments(self, said: Mapping[str, Any], _: bytes) -> Answer:
        study = await self._studies.get(str(said.get("study_id")))
        places = [self._studies.place_of(study, assignment) for assignment in study.assignments]
        states = await _in_turns(self._studies.state, places)
        return _answer([_shown(place, state) for place, state in zip(places, states, strict=True)])

    async def _claim(self, said: Mapping[str, Any], data: bytes) -> Answer:
        machine = _machine(_object(data))
        place, state = await self._claims.claim(str(said.get("assignment_id")), machine, str(said.get("peer", "")))
        return _answer(_shown(place, state))

    async def _heartbeat(self, said: Mapping[str, Any], data: bytes) -> Answer:
        body = _object(data)
        machine = _machine(body)
        runs = await self._claims.heartbeat(machine, str(said.get("peer", "")), _facts(body), _load(body))
        cancelled = await asyncio.to_thread(self._claims.cancelled, machine)
        return _answer({"ok": True, "runs": runs, "cancelled": cancelled})

    async def _poll(self, said: Mapping[str, Any], _: bytes) -> Answer:
        machine = _machine({"machineId": said.get("machineId")})
        place = await self._claims.poll(machine, str(said.get("peer", "")))
        if place is None:
            return _answer({})
        return _answer(
            {
                "id": place.assignment_id,
                "assignment_id": place.assignment_id,
                "study_id": place.study.study_id,
                "study_name": place.study.name,
                "split_index": place.assignment.index,
                "config": place.config,
                "config_sha256": hashlib.sha256(_encoded(place.config)).hexdigest(),
            }
        )

    async def _config(self, said: Mapping[str, Any], _: bytes) -> Answer:
        return _answer(await self._claims.config(str(said.get("assignment_id")), str(said.get("machineId") or "")))

    async def _updates(self, said: Mapping[str, Any], data: bytes) -> Answer:
        """Store several messages, each a call of its own; the answer has one for each."""
        answers: list[Answer] = []
        messages: list[tuple[int, Message]] = []
        begin = 0
        try:
            calls = msgspec.convert(said.get("calls"), list[tuple[str, int]])
        except msgspec.ValidationError as error:
            raise _invalid([Problem("calls", str(error))]) from None
        batch = _clean(said.get("batch"))[:_MAX_MESSAGE_ID]
        for number, (peer, size) in enumerate(calls):
            try:
                default = f"{batch}.{number}" if batch else ""
                messages.append((len(answers), _message(peer, data[begin : begin + size], default)))
                answers.append(Answer(200, {}, _OK))
            except ConfigError as error:
                answers.append(_refused(422, error))
            begin += size
        faults = await self._claims.update([message for _, message in messages])
        for (number, _), fault in zip(messages, faults, strict=True):
            if fault is not None:
                answers[number] = _refused(503, _unstorable(fault))
        return Answer(200, {}, msgspec.json.encode(answers))

    async def _picture(self, said: Mapping[str, Any], data: bytes) -> Answer:
        machine = _machine({"machineId": said.get("machineId")})
        tab = str(said.get("tab", ""))
        if _BAD.search(tab):
            raise _invalid([Problem("tab", "has control characters")])
        await self._claims.show(machine, str(said.get("peer", "")), tab, data)
        return _answer({"ok": True})

    async def _show(self, said: Mapping[str, Any], _: bytes) -> Answer:
        machine, tab = str(said.get("machineId", "")), str(said.get("tab", ""))
        data = await asyncio.to_thread(self._claims.pictures.get, machine, tab)
        if not data:
            tabs = await asyncio.to_thread(self._claims.pictures.tabs, machine)
            raise NotFoundError(
                f"there is no picture {tab[:100]!r} of machine {machine[:100]!r}",
                why=f"it has: {', '.join(tabs)[:500]}" if tabs else "it has sent none",
                next_step="choose another one" if tabs else "wait until its window sends one",
            )
        return Answer(200, {"kind": kind_of_picture(data)}, data)

    async def _store(self, said: Mapping[str, Any], data: bytes) -> Answer:
        stored = await self._claims.store(str(said.get("assignment_id")), str(said.get("name", "")), said, data)
        return Answer(200, {"path": stored})


_METHODS = {
    "create", "list", "assignments", "claim", "heartbeat", "poll", "config", "updates", "picture", "show", "store",
}  # fmt: skip


async def _in_turns(act: Callable[[Place], T], places: list[Place]) -> list[T]:
    """Do something for each, and let other tasks have a turn now and then."""
    found = []
    for number, place in enumerate(places):
        if number % 50 == 49:
            await asyncio.sleep(0)
        found.append(act(place))
    return found


def _shown(place: Place, state: State) -> dict[str, Any]:
    return {
        "id": place.assignment_id,
        "index": place.assignment.index,
        "status": state.name,
        "superStudyId": place.study.study_id,
        "machineId": state.machine or None,
        "attempt": state.attempt,
        "runId": place.run.run_id,
        "splitConfig": place.config,
    }


def _facts(body: Mapping[str, Any]) -> MachineFacts | None:
    """Return what a heartbeat says that its machine has; ``None``: nothing."""
    if not any(name in body for name in ("gpuName", "cpuCores", "totalRamGB", "hostname")):
        return None
    gpu, host = body.get("gpuName"), body.get("hostname")
    return MachineFacts(
        hostname=_clean(host)[:200],
        gpu_name="" if gpu == "N/A" else _clean(gpu)[:200],
        cpus=int(_number(body.get("cpuCores"))) or 1,
        memory_mb=int(_number(body.get("totalRamGB")) * 1024),
        version="by HTTP",
    )


def _load(body: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a heartbeat says that is used of its machine; ``None``: nothing."""
    said = body.get("load")
    if not isinstance(said, dict):
        return None
    load: dict[str, Any] = {name: _number(said[name], _MOST) for name in _LOAD if name in said}
    gpus = said.get("gpus")
    if isinstance(gpus, list):
        rows = [each for each in gpus[:_MAX_GPUS] if isinstance(each, dict)]
        load["gpus"] = [{name: _number(each[name], _MOST) for name in _GPU_LOAD if name in each} for each in rows]
    return load


def _number(value: Any, most: float = 1e6) -> float:
    """Return a number that a machine may have of something; 0 for anything else."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if number and 0 < value < most else 0.0


def _clean(value: Any) -> str:
    return _BAD.sub("", value) if isinstance(value, str) else ""


def _message(peer: str, data: bytes, message_id: str) -> Message:
    """Return a message about the work of a machine.

    Args:
        peer: Who sent it.
        data: The body.
        message_id: Its id, if it does not say another one.

    Raises:
        ConfigError: It is none.
    """
    body = _object(data)
    machine = _machine(body)
    message = body.get("message")
    if not isinstance(message, dict):
        raise _invalid([Problem("message", "is not an object", allowed='{"type": …}')])
    own = body.get("messageId")
    known = isinstance(own, str) and 0 < len(own) <= _MAX_MESSAGE_ID and own.isascii()
    return Message(machine, peer, message, f"m{own}" if known else message_id)


def _unstorable(error: OSError) -> MosaicError:
    return MosaicError("the server cannot store it now", why=str(error.strerror or error))


def _machine(body: Mapping[str, Any]) -> str:
    """Return the id of the machine that calls.

    Raises:
        ConfigError: There is none that could be one.
    """
    return _text(body, "machineId")


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _invalid([Problem(name, "is missing" if value is None else "is not a text", allowed="text")])
    if len(value) > MAX_ID or _BAD.search(value):
        raise _invalid([Problem(name, "is too long, or has control characters", allowed=f"up to {MAX_ID} characters")])
    return value


def _object(data: bytes) -> dict[str, Any]:
    """Return a JSON object, its keys in their order; NaN and infinities are null.

    Raises:
        ConfigError: It is none.
    """
    try:
        value = msgspec.json.decode(data)
    except (ValueError, RecursionError):
        try:
            value = json.loads(data, parse_constant=lambda _: None)
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise _invalid([Problem("body", f"is not JSON: {error}"[:300], allowed="a JSON object")]) from None
    if not isinstance(value, dict):
        raise _invalid([Problem("body", "is not an object", allowed="a JSON object")])
    return value


def _invalid(problems: list[Problem]) -> ConfigError:
    return ConfigError("the request is not valid", problems, next_step="correct these values")


def _answer(value: Any) -> Answer:
    return Answer(200, {}, _encoded(value))


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace")


def _refused(status: int, error: MosaicError) -> Answer:
    parts: dict[str, Any] = {"what": error.what, "where": error.where, "why": error.why, "next": error.next_step}
    if isinstance(error, ConfigError):
        parts["problems"] = [problem.to_dict() for problem in error.problems]
    more = {"retry_after_s": 2} if isinstance(error, NotNow) else {}
    return Answer(status, {"error": parts, **more})
