"""Studies as programs that claim their assignments see them: created, listed, and how each assignment stands."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.config.settings import get_setting
from gym_gui.core.worker.errors import MosaicError, NotFoundError
from gym_gui.fleet import (
    EXPIRED,
    FAILED,
    Assignment,
    ClaimedAttempts,
    Standing,
    Study,
    StudyRun,
    StudySpec,
    UnknownStudyError,
)
from gym_gui.runs import (
    CLAIM_EXECUTOR,
    READ_ERRORS,
    RunFolder,
    RunPlan,
    RunState,
    UnknownRunError,
    is_run_id,
    load_plan,
)
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.studies import Studies, StudyRequest

#: How often an assignment is begun at most: its program fell silent, or its memory ran out.
MAX_ATTEMPTS = 5
#: How programs call the states of an assignment.
WAITS, RUNS, DONE, BROKE, STOPPED = "PENDING", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"
_ENDS = {
    RunState.COMPLETED: DONE,
    RunState.FAILED: BROKE,
    RunState.LOST: BROKE,
    RunState.CANCELLED: STOPPED,
}


class Place(NamedTuple):
    """One assignment of a study, and where its newest run is."""

    study: Study
    assignment: Assignment
    folder: RunFolder

    @property
    def assignment_id(self) -> str:
        """Its id for programs: it stays when the assignment is run again."""
        return f"{self.study.study_id}-{self.assignment.index}"

    @property
    def run(self) -> StudyRun:
        """The newest run."""
        return self.assignment.runs[-1]

    @property
    def config(self) -> dict[str, Any]:
        """What the program is given, with its keys in their order."""
        metadata = self.assignment.run_config.get("metadata")
        worker = metadata.get("worker") if isinstance(metadata, dict) else None
        config = worker.get("config") if isinstance(worker, dict) else None
        return config if isinstance(config, dict) else {}


class State(NamedTuple):
    """How an assignment stands for programs."""

    name: str
    """``PENDING``, ``RUNNING``, ``COMPLETED``, ``FAILED``, ``CANCELLED``."""
    machine: str = ""
    """The machine that has it, or had it last."""
    attempt: int = 0
    """Of the newest run; 0: it was not claimed yet."""
    ended: bool = False
    """Its run is on record as ended, and can be run again."""


class SuperStudies:
    """The studies of a home whose assignments are claimed.

    Args:
        home: The home.
        studies: All its studies.
        board: Values of the runs.
        attempts: Who has what.
    """

    def __init__(self, home: Path, studies: Studies, board: RunBoard, attempts: ClaimedAttempts) -> None:
        self.home = home
        self._studies = studies
        self._board = board
        self._attempts = attempts
        self._plans: dict[str, RunPlan] = {}

    async def create(self, spec: StudySpec, configs: Sequence[dict[str, Any]], by: str) -> Study:
        """Create a study of the command that the setting ``claim_command`` names; others may have its name.

        Args:
            spec: Name, description and base config.
            configs: The config of each assignment.
            by: Who asks.

        Raises:
            ConfigError: A config is not valid; nothing was created.
        """
        command = str(get_setting("claim_command"))
        request = StudyRequest(
            spec=StudySpec(
                name=spec.name,
                description=spec.description,
                base_config=spec.base_config,
                command=command,
                executor=CLAIM_EXECUTOR,
            ),
            by=by,
            configs=tuple(configs),
            max_attempts=MAX_ATTEMPTS,
            shared_name=True,
        )
        state = await self._studies.create(request)
        return await self._studies.record(state.study_id)

    async def list(self, name: str | None = None) -> list[Study]:
        """Return the studies whose assignments are claimed, the newest first.

        Args:
            name: Only those with exactly this name.
        """
        found = [study for study in await self._studies.records() if _is_claimed(study)]
        return [study for study in reversed(found) if name is None or study.name == name]

    async def get(self, study_id: str) -> Study:
        """Return a study.

        Raises:
            UnknownStudyError: There is none with this id.
        """
        wanted = study_id.upper()
        if not is_run_id(wanted):
            raise UnknownStudyError(study_id[:100])
        return await self._studies.record(wanted)

    async def place(self, assignment_id: str) -> Place:
        """Return the assignment with an id.

        Raises:
            NotFoundError: There is none that could be claimed.
        """
        study_id, _, index = assignment_id.partition("-")
        known = is_run_id(study_id.upper()) and index.isascii() and index.isdecimal() and len(index) <= 6
        study = await self.get(study_id) if known else None
        if study is None or int(index) >= len(study.assignments):
            raise NotFoundError(
                f"there is no assignment {assignment_id[:100]!r}",
                where="" if study is None else f"study {study.name!r}",
                next_step="list the assignments of a study: GET /api/super-studies/{id}/assignments",
            )
        if not _is_claimed(study):
            raise NotFoundError(
                f"the assignments of study {study.name!r} cannot be claimed",
                where=study.study_id,
                why="MOSAIC carries them out itself",
                next_step="see how it is getting on: mosaic study show STUDY",
            )
        return self.place_of(study, study.assignments[int(index)])

    def place_of(self, study: Study, assignment: Assignment) -> Place:
        """Return where an assignment of a study is."""
        return Place(study, assignment, RunFolder.of(self.home, assignment.runs[-1].run_id))

    def state(self, place: Place) -> State:
        """Return how an assignment stands; reads its run's folder while that is under way."""
        run = place.run
        try:
            summary = self._board.get(run.run_id)
        except UnknownRunError:
            lost = run.error or run.submitted
            return State(STOPPED if run.cancelled else BROKE if lost else WAITS, ended=bool(lost or run.cancelled))
        if summary.state.terminal:
            last = self._standing(place)
            machine, attempt = ("", 0) if last is None else (last.lease.machine, last.attempt)
            return State(_ENDS[summary.state], machine, attempt, not self._board.holds(run.run_id))
        last = self._standing(place)
        if last is None:
            return State(WAITS)
        if last.lease.held:
            return State(RUNS, last.lease.machine, last.attempt)
        return State(self._ended(place, last), last.lease.machine, last.attempt)

    def waits(self, place: Place) -> bool:
        """Return whether no machine has an assignment that is to be carried out."""
        run = place.run
        with contextlib.suppress(UnknownRunError):
            if self._board.get(run.run_id).state.terminal:
                return False
        return self.state(place).name == WAITS

    def worker_id(self, place: Place) -> str:
        """Return the id of the only worker of an assignment's run.

        Raises:
            MosaicError: Its plan cannot be read.
        """
        return self._plan(place).workers[0].worker_id

    def _ended(self, place: Place, last: Standing) -> str:
        """Return how an assignment stands whose last attempt has ended a moment ago."""
        if last.lease.state in (EXPIRED, FAILED):
            return WAITS if last.attempt < self._plan(place).limits.max_attempts else BROKE
        if last.exit_code is None:
            return STOPPED
        return DONE if last.exit_code == 0 else BROKE

    def _standing(self, place: Place) -> Standing | None:
        try:
            return self._attempts.standing(place.folder, self.worker_id(place))
        except (MosaicError, *READ_ERRORS):
            return None

    def _plan(self, place: Place) -> RunPlan:
        found = self._plans.get(place.run.run_id)
        if found is None:
            found = self._plans[place.run.run_id] = load_plan(place.folder)
            while len(self._plans) > 4096:
                self._plans.pop(next(iter(self._plans)))
        return found


def _is_claimed(study: Study) -> bool:
    return any(each.run_config.get("executor") == CLAIM_EXECUTOR for each in study.assignments[:1])
