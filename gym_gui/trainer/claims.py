"""Claims of assignments by programs on other machines: who gets which, and what becomes of what they send.

All of it runs in the daemon's event loop; what touches the disk goes to threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.fleet import (
    LATE,
    REPEATED,
    SPOOLED,
    STORED,
    AttemptJournal,
    AttemptKey,
    MachineFacts,
    OrderBox,
    Refused,
    Uploads,
    digest_of,
    keep_message,
    read_message,
)
from gym_gui.runs import CLAIM_EXECUTOR, RunFolder
from gym_gui.trainer.dispatcher import Dispatcher
from gym_gui.trainer.executors.claim import ClaimExecutor
from gym_gui.trainer.studies import Studies
from gym_gui.trainer.super_studies import BROKE, DONE, RUNS, STOPPED, Place, State, SuperStudies

logger = logging.getLogger(__name__)

#: Seconds for which an assignment that was offered is kept for its machine; a heartbeat renews them.
OFFER_S = 60.0
#: Seconds that a claim waits until its run can be started; programs wait for ten.
PATIENCE_S = 8.0
#: Seconds that a message waits which claims what its machine was offered: others wait behind it.
OFFER_PATIENCE_S = 0.5
#: Seconds between looks for runs that a machine has and that were not started.
RESUME_S = 2.0
_POLL_S = 0.02


class NotNow(MosaicError):  # noqa: N818 - an answer: try again
    """It can be done in a moment."""


@dataclass
class _Offer:
    """An assignment that was offered to a machine that asked for work."""

    machine: str
    until: float
    """Monotonic seconds."""
    fetched: bool = False
    """Its config was downloaded."""


class Message(NamedTuple):
    """What a program says."""

    machine: str
    peer: str
    """Address that it came from."""
    content: Mapping[str, Any]
    id: str = ""
    """The same if it is sent again; empty: it is not."""


class Claims:
    """Gives assignments to the machines that claim them, and takes in what these say.

    Args:
        executor: Keeps the leases.
        super_studies: The studies.
        studies: Makes new runs for assignments that failed.
        dispatcher: Starts the runs.
    """

    def __init__(
        self, executor: ClaimExecutor, super_studies: SuperStudies, studies: Studies, dispatcher: Dispatcher
    ) -> None:
        self.attempts = executor.attempts
        self.clients = executor.clients
        self.pictures = executor.pictures
        self.super_studies = super_studies
        self._studies = studies
        self._dispatcher = dispatcher
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._polls = asyncio.Lock()
        self._offers: dict[str, _Offer] = {}

    async def run(self) -> None:
        """Start the runs that a machine has and that could not be started then; until cancelled.

        The daemon was killed in between, say, or the disk was full.
        """
        for run_id in self._dispatcher.waiting_for(CLAIM_EXECUTOR):
            folder = RunFolder.of(self.super_studies.home, run_id)
            if OrderBox(folder).path.exists():
                await asyncio.to_thread(self.attempts.watch, folder)
        while True:
            for run_id in self._dispatcher.waiting_for(CLAIM_EXECUTOR):
                machine = self.attempts.machine_of(run_id)
                if machine:
                    self._dispatcher.start_on(run_id, machine)
            await asyncio.sleep(RESUME_S)

    async def claim(
        self, assignment_id: str, machine: str, peer: str = "", patience_s: float = PATIENCE_S
    ) -> tuple[Place, State]:
        """Give an assignment to a machine: to one of all that ask for it, and to that one as often as it asks.

        Args:
            assignment_id: The assignment.
            machine: Id of the machine.
            peer: Its address.
            patience_s: Seconds that it waits until the run can be started.

        Raises:
            NotFoundError: There is no such assignment.
            UsageError: Another machine has it, or it is done.
            NotNow: Its run cannot be started yet.
        """
        place = await self.super_studies.place(assignment_id)
        await asyncio.to_thread(self.clients.seen, machine, peer)
        async with self._locks[place.assignment_id]:
            self._check_offer(place, machine)
            found = await self._claim(place, machine, peer, patience_s)
            self._offers.pop(place.assignment_id, None)
            return found

    async def heartbeat(
        self, machine: str, peer: str, facts: MachineFacts | None, load: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Note that a machine is there, and renew its sender's leases; return the ids of the runs that it has."""
        await asyncio.to_thread(self.clients.seen, machine, peer, facts, load)
        for assignment_id, offer in list(self._offers.items()):
            if offer.machine != machine or offer.until <= time.monotonic():
                continue
            offer.until = time.monotonic() + OFFER_S
            if offer.fetched:
                await self._take_offer(assignment_id, machine, peer)
        self._renew(machine, facts.hostname if facts else "", peer)
        return sorted({key.run_id for key in self.attempts.of_machine(machine)})

    def _renew(self, machine: str, host: str, peer: str) -> None:
        """Renew the leases of the program that sent a sign of life, as far as it can be known."""
        held = self.attempts.claimed_from(machine)
        self.attempts.renew(self.clients.renewed(machine, host, peer, held))

    def cancelled(self, machine: str) -> list[str]:
        """Return the run that a machine claimed last, if it was cancelled: its program is to be ended."""
        key = self.clients.latest(machine)
        if key is None or not RunFolder.of(self.super_studies.home, key.run_id).cancel_intent.exists():
            return []
        return [key.run_id]

    async def poll(self, machine: str, peer: str) -> Place | None:
        """Return an assignment for a machine that has nothing to do; it is kept for that machine for a while.

        What the machine has is over: its program ended without a word.
        """
        async with self._polls:
            await asyncio.to_thread(self.clients.seen, machine, peer)
            await asyncio.to_thread(self._end_all, machine)
            now = time.monotonic()
            self._offers = {key: offer for key, offer in self._offers.items() if offer.until > now}
            place = await self._offered(machine) or await self._first_waiting()
            if place is not None:
                self._offers[place.assignment_id] = _Offer(machine, now + OFFER_S)
            return place

    async def _offered(self, machine: str) -> Place | None:
        """Return what was offered to a machine and waits still."""
        for assignment_id in [key for key, offer in self._offers.items() if offer.machine == machine]:
            with contextlib.suppress(MosaicError):  # its study was removed
                place = await self.super_studies.place(assignment_id)
                if self.super_studies.waits(place):
                    return place
            self._offers.pop(assignment_id, None)
        return None

    async def _first_waiting(self) -> Place | None:
        """Return the first assignment of the oldest study that waits and was offered to no machine."""
        for study in reversed(await self.super_studies.list()):
            for assignment in study.assignments:
                place = self.super_studies.place_of(study, assignment)
                if place.assignment_id not in self._offers and self.super_studies.waits(place):
                    return place
            await asyncio.sleep(0)
        return None

    async def config(self, assignment_id: str, machine: str) -> dict[str, Any]:
        """Return the config of an assignment.

        Args:
            assignment_id: The assignment.
            machine: Who asks: if it was offered to that one, its next heartbeat claims it.

        Raises:
            NotFoundError: There is no such assignment.
        """
        place = await self.super_studies.place(assignment_id)
        offer = self._offers.get(place.assignment_id)
        if offer is not None and offer.machine == machine:
            offer.fetched, offer.until = True, time.monotonic() + OFFER_S
        return place.config

    async def update(self, messages: Sequence[Message]) -> list[OSError | None]:
        """Take in what programs say of what their machines claimed last.

        Args:
            messages: In the order in which they came.

        Returns:
            For each, why it cannot be stored.
        """
        now = time.monotonic()
        said = {message.machine: message.peer for message in messages}
        for assignment_id, offer in list(self._offers.items()):
            if offer.machine in said and offer.until > now:
                await self._take_offer(assignment_id, offer.machine, said[offer.machine])
        return await asyncio.to_thread(self._take_all, messages)

    def _take_all(self, messages: Sequence[Message]) -> list[OSError | None]:
        taken = [self._take(message) for message in messages]
        fault: OSError | None = None
        try:
            self.attempts.commit()
        except OSError as error:
            fault = error
        return [fault if each == SPOOLED else each if isinstance(each, OSError) else None for each in taken]

    def _take(self, message: Message) -> OSError | str:
        """Store a message; return what became of it, or why it cannot be stored."""
        machine, content = message.machine, message.content
        try:
            self.clients.seen(machine, message.peer)
            report = read_message(content, time.time())
            key = self.clients.latest(machine)
            if key is None:
                self.clients.presence(machine).note(report)
                keep_message(self.clients.folder / "messages.jsonl", {"machine": machine, **content}, late=True)
                return STORED
            batch = digest_of(content) if report.kind == "log_batch" and "sequence" in content else message.id
            outcome = self.attempts.report(key, content, report, batch)
            if outcome != REPEATED:
                self.clients.presence(machine).note(report)
            if outcome == LATE:
                self._keep_late(key, content)
        except OSError as error:
            return error
        return outcome

    async def show(self, machine: str, peer: str, tab: str, data: bytes) -> None:
        """Store the latest picture of a window, in place of the one before.

        Raises:
            Unwelcome: It is not a picture that is taken.
            OSError: It cannot be stored.
        """
        await asyncio.to_thread(self.clients.seen, machine, peer)
        self._renew(machine, "", peer)
        await asyncio.to_thread(self.pictures.put, machine, tab, data)

    async def store(self, assignment_id: str, name: str, upload: Mapping[str, Any], data: bytes) -> str:
        """Take a part of a result of an assignment; return where it lies once it is whole.

        Args:
            assignment_id: The assignment.
            name: The path that the program gives it.
            upload: ``upload``, ``offset``, ``size``, ``sha256``.
            data: The part.

        Raises:
            NotFoundError: There is no such assignment.
            Unwelcome: Its name or size is not allowed.
            Mismatch: It is not what was announced.
            OSError: It cannot be stored.
        """
        place = await self.super_studies.place(assignment_id)
        await self._until_submitted(place)
        self.attempts.renew_run(place.run.run_id)
        standing = self.super_studies.state(place)
        key = AttemptKey(place.run.run_id, self.super_studies.worker_id(place), standing.attempt)
        uploads = Uploads(place.folder, key)
        return await asyncio.to_thread(
            uploads.put,
            str(upload.get("upload", "")),
            name,
            int(upload.get("offset", 0)),
            data,
            int(upload.get("size", 0)),
            str(upload.get("sha256", "")),
        )

    def _check_offer(self, place: Place, machine: str) -> None:
        offer = self._offers.get(place.assignment_id)
        if offer is None:
            return
        if offer.machine != machine and offer.until > time.monotonic():
            raise _taken(place, offer.machine, "it was offered to that machine a moment ago")

    async def _take_offer(self, assignment_id: str, machine: str, peer: str) -> None:
        patience_s = 0.0 if self._dispatcher.suspended else OFFER_PATIENCE_S
        try:
            await self.claim(assignment_id, machine, peer, patience_s)
        except (MosaicError, OSError) as error:
            logger.warning("assignment %s was offered to machine %s, which cannot have it: %s", assignment_id, machine,
                           error)  # fmt: skip

    async def _claim(self, place: Place, machine: str, peer: str, patience_s: float) -> tuple[Place, State]:
        deadline = time.monotonic() + patience_s
        while True:
            state = self.super_studies.state(place)
            if state.name == RUNS and state.machine != machine:
                raise _taken(place, state.machine, "its lease has not expired")
            if state.name == STOPPED:
                raise UsageError(
                    f"assignment {place.assignment.index} of study {place.study.name!r} was cancelled",
                    where=place.assignment_id,
                    next_step=f"begin it again: mosaic study retry {place.study.study_id} {place.assignment.index}",
                )
            if state.name == DONE and state.machine != machine:
                raise UsageError(
                    f"assignment {place.assignment.index} of study {place.study.name!r} is completed",
                    where=place.assignment_id,
                    why=f"machine {state.machine} completed it" if state.machine else "",
                    next_step="choose another assignment",
                )
            found = await self._try(place, state, machine, peer)
            if found is not None:
                return place, found
            place = await self.super_studies.place(place.assignment_id)
            if time.monotonic() >= deadline:
                break
            await asyncio.sleep(_POLL_S)
        raise NotNow(
            f"assignment {place.assignment.index} of study {place.study.name!r} cannot be started yet",
            where=place.assignment_id,
            why="its run is still being written, or the disk of the server is nearly full",
            next_step="claim it again in a few seconds",
        )

    async def _try(self, place: Place, state: State, machine: str, peer: str) -> State | None:
        """Do the next thing for a claim; ``None``: look again."""
        if state.name == DONE:  # its owner uploads results again, perhaps beside other work
            if not self.attempts.of_machine(machine):
                await self._note_claim(place, state, machine)
            return state
        if state.name == RUNS:
            await asyncio.to_thread(self.attempts.finish_due, now=True, machine=machine)
            after = self.super_studies.state(place)
            if after.name != RUNS:
                return None
            key = AttemptKey(place.run.run_id, self.super_studies.worker_id(place), after.attempt)
            if await asyncio.to_thread(self._ran_out_of_memory, place, key):
                await asyncio.to_thread(self.attempts.give_up, key, "its memory ran out, and it was claimed again")
                return None
            self.attempts.renew_run(place.run.run_id)
            await self._note_claim(place, after, machine)
            return after
        if state.name == BROKE:
            if state.ended:
                await self._studies.retry(place.study.study_id, [place.assignment.index], f"machine {machine}", {})
            return None
        return await self._start(place, state, machine, peer)

    async def _start(self, place: Place, state: State, machine: str, peer: str) -> State | None:
        """Give the next attempt of a run to a machine; ``None``: it cannot be started yet."""
        run_id = place.run.run_id
        queued = self._dispatcher.is_queued(run_id)
        if state.attempt == 0 and not queued:
            return None
        if queued and self._dispatcher.suspended:
            return None
        if place.folder.cancel_intent.exists():
            return None
        worker_id = self.super_studies.worker_id(place)
        try:
            key = await asyncio.to_thread(self.attempts.grant, place.folder, worker_id, machine, peer)
        except Refused:
            return None
        if queued and not self._dispatcher.start_on(run_id, machine):
            if place.folder.cancel_intent.exists():  # while it was written down
                await asyncio.to_thread(self.attempts.give_up, key, "cancelled")
                return None
            logger.warning("run %s is claimed, and cannot be started now", run_id, extra={"run_id": run_id})
        given = State(RUNS, machine, key.attempt)
        await self._note_claim(place, given, machine)
        return given

    async def _note_claim(self, place: Place, state: State, machine: str) -> None:
        key = AttemptKey(place.run.run_id, self.super_studies.worker_id(place), max(1, state.attempt))
        await asyncio.to_thread(self.clients.claimed, machine, key)

    async def _until_submitted(self, place: Place) -> None:
        """Wait until the run of an assignment has its folder.

        Raises:
            NotNow: It has not after a while.
        """
        deadline = time.monotonic() + PATIENCE_S
        while not place.folder.run_json.exists():
            if time.monotonic() > deadline:
                raise NotNow(
                    f"the run of assignment {place.assignment_id} is still being written",
                    next_step="send it again in a few seconds",
                )
            await asyncio.sleep(_POLL_S)

    def _end_all(self, machine: str) -> None:
        self.attempts.finish_due(now=True, machine=machine)
        for key in self.attempts.of_machine(machine):
            self.attempts.give_up(key, f"machine {machine} asked for other work: its program ended without a word")

    def _ran_out_of_memory(self, place: Place, key: AttemptKey) -> bool:
        return bool(AttemptJournal(place.folder, key).notes().memory_error)

    def _keep_late(self, key: AttemptKey, message: Mapping[str, Any]) -> None:
        folder = RunFolder.of(self.super_studies.home, key.run_id)
        if folder.path.exists():
            AttemptJournal(folder, key).message(message, late=True)


def _taken(place: Place, machine: str, why: str) -> UsageError:
    return UsageError(
        f"assignment {place.assignment.index} of study {place.study.name!r} is taken by machine {machine}",
        where=place.assignment_id,
        why=why,
        next_step="choose another assignment",
    )
