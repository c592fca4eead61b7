"""The studies of a home: created, submitted run by run, retried, cancelled. ``study.json`` is the truth about each."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gym_gui.core.worker.errors import MosaicError, NotFoundError, UsageError
from gym_gui.fleet import (
    Assignment,
    ResultRow,
    Study,
    StudyFolder,
    StudyResults,
    StudyRun,
    StudySpec,
    StudyState,
    find_study,
    given_assignments,
    make_assignments,
    state_of_study,
    study_ids,
)
from gym_gui.runs import RunFilter, RunFolder, RunSummary, UnknownRunError, check_names, new_run_id
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.intake import Intake, Withdrawn
from gym_gui.trainer.study_files import (
    check_study,
    completed,
    config_bytes,
    machines_of,
    read_environment,
    result_files,
    stamp_of,
    to_retry,
    write_study,
)
from gym_gui.trainer.submission import RunRequest, Submission
from gym_gui.trainer.tasks import keep_going

logger = logging.getLogger(__name__)

#: Runs between two writes of ``study.json`` while a study is submitted.
_SAVED_EVERY = 50
#: Seconds after which a submission goes on that failed: the disk is full, say.
AGAIN_S = 5.0


@dataclass(frozen=True)
class StudyRequest:
    """What a client asks for.

    Args:
        spec: What the study is made of.
        study_id: The study's id, which the client chose: asked twice, it is created once.
        by: Who asks.
        environment: Parts of every run config that go into no record of the study: ``base_environment``, and secret
            variables in ``environment``.
        argv: The client's command line, for the record.
        working_directory: Where the client was called.
        configs: A whole config for each assignment, in place of splits.
        max_attempts: Of each assignment with such a config.
        shared_name: Whether other studies may have its name.
    """

    spec: StudySpec
    study_id: str = ""
    by: str = ""
    environment: dict[str, Any] = field(default_factory=dict)
    argv: tuple[str, ...] = ()
    working_directory: str = ""
    configs: tuple[dict[str, Any], ...] = ()
    max_attempts: int = 1
    shared_name: bool = False


class Studies:
    """The studies of a home; all methods run in the daemon's event loop.

    Args:
        board: Values of the runs.
        submission: Validates run configs.
        intake: Takes in the runs.
        cancel: Asks a run to end: id, by, reason.
        delete: Removes a run that has ended.
    """

    def __init__(
        self,
        board: RunBoard,
        submission: Submission,
        intake: Intake,
        cancel: Callable[[str, str, str], Awaitable[object]],
        delete: Callable[[str], Awaitable[object]],
    ) -> None:
        self._home = submission.home
        self._board = board
        self._submission = submission
        self._intake = intake
        self._cancel = cancel
        self._delete = delete
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stopped: set[str] = set()
        """Studies whose submission is to stop."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._cache: dict[str, tuple[object, Study]] = {}
        self._names: set[str] = set()
        """Of studies that are being created."""

    @property
    def busy(self) -> bool:
        """Whether runs of a study are being submitted."""
        return bool(self._tasks)

    async def resume(self) -> None:
        """Submit the runs that a daemon before this one did not come to; those that it submitted are left alone."""
        for study in await self._all():
            if next(study.pending, None) is not None:
                logger.warning("study %r: its submission is resumed", study.name)
                self._start(study.study_id)

    async def close(self) -> None:
        """Stop submitting; the next daemon goes on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def create(self, request: StudyRequest, *, dry_run: bool = False) -> StudyState:
        """Create a study and begin to submit its runs; return it as it stands.

        Every run config is checked before anything is written, and all of the study is written before the first run is
        submitted.

        Args:
            request: The study.
            dry_run: Write nothing.

        Raises:
            ConfigError: The config cannot be split like this, or the config of an assignment is not valid.
            UsageError: There is a study of that name.
            MosaicError: The disk refused.
        """
        spec = request.spec
        check_names(name=spec.name, submitter=request.by)
        known = await self._all()
        again = next((study for study in known if study.study_id == request.study_id), None)
        if again is not None and not dry_run:
            return await self._state(again)
        taken = spec.name in self._names or any(study.name == spec.name for study in known)
        if taken and not request.shared_name:
            raise UsageError(
                f"there is a study called {spec.name!r} already",
                where=str(self._home),
                next_step=f"choose another name, or look at it: mosaic study show {spec.name!r}",
            )
        self._names.add(spec.name)
        try:
            return await self._create(request, dry_run=dry_run)
        finally:
            self._names.discard(spec.name)

    async def _create(self, request: StudyRequest, *, dry_run: bool) -> StudyState:
        spec = request.spec
        study_id = request.study_id or new_run_id()
        folder = StudyFolder(self._home, study_id)
        assignments = await self._intake.do(lambda: _assignments(request, study_id))
        study = Study(
            study_id=study_id,
            spec=spec,
            created_at=time.time(),
            submitter=request.by,
            argv=[*request.argv],
            working_directory=request.working_directory,
            assignments=assignments,
        )
        await self._intake.do(lambda: check_study(self._submission, study, request.environment))
        if dry_run:
            return msgspec.structs.replace(await self._state(study), submitting=False)
        async with self._locks[study_id]:
            await asyncio.to_thread(write_study, folder, study, request.environment)
        self._start(study_id)
        return await self._state(study)

    async def list(self) -> Sequence[StudyState]:
        """Return all studies without their assignments, the newest first."""
        return [await self._state(study, whole=False) for study in reversed(await self._all())]

    async def show(self, reference: str) -> StudyState:
        """Return a study.

        Raises:
            UnknownStudyError: There is no such study.
            UsageError: There are several.
        """
        return await self._state(await self._find(reference))

    async def spec(self, reference: str) -> StudySpec:
        """Return what a study was made of.

        Raises:
            UnknownStudyError: There is no such study.
        """
        return (await self._find(reference)).spec

    async def records(self) -> Sequence[Study]:
        """Return all studies as their files say, the oldest first; they must not be changed."""
        return await self._all()

    async def record(self, study_id: str) -> Study:
        """Return a study as its file says, which must not be changed.

        Raises:
            UnknownStudyError: There is none with this id.
        """
        return await self._load(study_id, cached=True)

    async def retry(self, reference: str, indices: Collection[int], by: str, environment: dict[str, Any]) -> StudyState:
        """Make a new run for assignments that failed or were cancelled; the earlier runs stay.

        Args:
            reference: The study.
            indices: The assignments; none: all that failed or were cancelled.
            by: Who asks.
            environment: As of :class:`StudyRequest`.

        Raises:
            UsageError: An assignment is under way or completed, or does not exist; nothing was done.
        """
        check_names(by=by)
        study_id = (await self._find(reference)).study_id
        async with self._locks[study_id]:
            study = await self._load(study_id)
            state = await self._state(study)
            for each in to_retry(state, indices):
                study.assignments[each.index].runs.append(StudyRun(run_id=new_run_id(), created_at=time.time(), by=by))
            await asyncio.to_thread(write_study, StudyFolder(self._home, study_id), study, environment)
        self._start(study_id)
        return await self._state(study)

    async def cancel(self, reference: str, by: str, reason: str) -> StudyState:
        """Ask all runs of a study to end; those that are not submitted yet never are.

        Raises:
            UnknownStudyError: There is no such study.
        """
        check_names(by=by, reason=reason)
        study_id = (await self._find(reference)).study_id
        self._stopped.add(study_id)
        try:
            async with self._locks[study_id]:
                study = await self._load(study_id)
                for _, run in [*study.pending]:
                    if RunFolder.of(self._home, run.run_id).run_json.exists():
                        run.submitted = True
                    else:
                        run.cancelled = True
                await asyncio.to_thread(StudyFolder(self._home, study_id).save, study)
        finally:
            self._stopped.discard(study_id)
        for run_id, summary in (await self._runs(study)).items():
            if not summary.state.terminal:
                await self._cancel(run_id, by, reason or f"study {study.name} was cancelled")
        return await self._state(study)

    async def delete(self, reference: str, *, runs: bool) -> int:
        """Remove a study, with its runs if asked; return the number of runs that were removed.

        Args:
            reference: The study, of which no run is under way.
            runs: Remove its runs, too.

        Raises:
            UsageError: A run of it has not ended, or there is no such study.
        """
        study_id = (await self._find(reference)).study_id
        async with self._locks[study_id]:
            study = await self._load(study_id)
            found = await self._runs(study)
            active = [run_id for run_id, run in found.items() if not run.state.terminal]
            if active or next(study.pending, None) is not None:
                raise UsageError(
                    f"study {study.name!r} has not ended: {len(active)} of its runs are queued or under way",
                    where=study_id,
                    next_step=f"cancel it first: mosaic study cancel {study_id}",
                )
            if runs:
                for run_id in found:
                    await self._delete(run_id)
            await asyncio.to_thread(StudyFolder(self._home, study_id).remove)
            self._cache.pop(study_id, None)
        return len(found) if runs else 0

    async def results(self, reference: str) -> StudyResults:
        """Return what each assignment of a study came to, and the files that its newest run left.

        Raises:
            UnknownStudyError: There is no such study.
        """
        state = await self.show(reference)
        files = await asyncio.to_thread(
            lambda: [result_files(self._home, each.runs[-1].run_id) for each in state.assignments]
        )
        rows = [
            ResultRow(index=each.index, split=each.split, state=each.state, run=each.runs[-1], files=found)
            for each, found in zip(state.assignments, files, strict=True)
        ]
        return StudyResults(study_id=state.study_id, name=state.name, rows=rows)

    def _start(self, study_id: str) -> None:
        task = asyncio.create_task(keep_going(lambda: self._submit(study_id), AGAIN_S))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _submit(self, study_id: str) -> None:
        """Submit the runs of a study that are not submitted yet, in order."""
        folder = StudyFolder(self._home, study_id)
        async with self._locks[study_id]:
            try:
                study = await self._load(study_id)
                environment = await asyncio.to_thread(read_environment, folder)
                for number, (config, run) in enumerate([(each.run_config, run) for each, run in study.pending], 1):
                    if study_id in self._stopped:
                        return
                    await self._submit_run(study, config, run, environment)
                    if number % _SAVED_EVERY == 0:
                        await asyncio.to_thread(folder.save, study)
                await asyncio.to_thread(folder.save, study)
                await asyncio.to_thread(folder.environment.unlink, missing_ok=True)
            except (Withdrawn, NotFoundError, asyncio.CancelledError):
                return  # this daemon ends, and the next one goes on; or the study was removed
            finally:
                self._cache.pop(study_id, None)

    async def _submit_run(
        self, study: Study, config: dict[str, Any], run: StudyRun, environment: dict[str, Any]
    ) -> None:
        if not RunFolder.of(self._home, run.run_id).run_json.exists():  # else a daemon was killed after that
            request = RunRequest(
                config_bytes(completed(config, environment)),
                submitter=run.by,
                group=study.study_id,
                argv=tuple(study.argv),
                working_directory=study.working_directory,
                run_id=run.run_id,
            )
            try:
                await self._intake.submit(request, f"study {study.study_id}")
            except Withdrawn:
                raise
            except MosaicError as error:
                run.error = str(error)
                return
        run.submitted = True

    async def _all(self) -> Sequence[Study]:
        ids = await asyncio.to_thread(study_ids, self._home)
        for study_id in self._cache.keys() - set(ids):
            del self._cache[study_id]
        found = [await self._readable(study_id) for study_id in ids]
        return [study for study in found if study is not None]

    async def _readable(self, study_id: str) -> Study | None:
        try:
            return await self._load(study_id, cached=True)
        except MosaicError as error:
            logger.warning("%s", error)
            return None

    async def _find(self, reference: str) -> Study:
        return find_study(reference, await self._all(), str(self._home))

    async def _load(self, study_id: str, *, cached: bool = False) -> Study:
        """Return a study as its file says.

        Raises:
            MosaicError: It cannot be read.
        """
        folder = StudyFolder(self._home, study_id)
        if not cached:
            return await asyncio.to_thread(folder.load)
        stamp = stamp_of(folder.study_json)
        kept = self._cache.get(study_id)
        if kept is None or kept[0] != stamp:
            kept = self._cache[study_id] = stamp, await asyncio.to_thread(folder.load)
        return kept[1]

    async def _state(self, study: Study, *, whole: bool = True) -> StudyState:
        runs = await self._runs(study)
        machines = await asyncio.to_thread(machines_of, self._home, runs) if whole else {}
        return state_of_study(study, runs, machines, whole=whole)

    async def _runs(self, study: Study) -> dict[str, RunSummary]:
        """Return the runs of a study that there are, by id."""
        self._board.flush()
        rows = self._board.registry.list(RunFilter(group=study.study_id))
        found = {run.run_id: self._board.with_cause(run) for run in rows}
        for assignment in study.assignments:
            for run in assignment.runs:
                if (run.run_id not in found and run.submitted) or self._board.holds(run.run_id):
                    with contextlib.suppress(UnknownRunError):
                        found[run.run_id] = self._board.get(run.run_id)
        return found


def _assignments(request: StudyRequest, study_id: str) -> list[Assignment]:
    """Return the assignments of a study that is to be created."""
    if not request.configs:
        return make_assignments(request.spec, study_id, request.by)
    return given_assignments(request.spec, request.configs, study_id, request.by, max_attempts=request.max_attempts)
