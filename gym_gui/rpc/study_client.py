"""The calls of both clients about studies."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from gym_gui.fleet import StudyResults, StudySpec, StudyState
from gym_gui.rpc import study_calls
from gym_gui.rpc.calls import Call
from gym_gui.runs import new_run_id

R = TypeVar("R")


class StudyClient(ABC):
    """Calls about studies, blocking. STUDY is an id, the beginning of one, or a name."""

    @abstractmethod
    def _do(self, call: Call[R]) -> R: ...

    @abstractmethod
    def _with_environment(self, payload: dict[str, Any]) -> dict[str, Any]: ...

    def create_study(
        self,
        spec: StudySpec,
        *,
        environment: dict[str, Any] | None = None,
        by: str | None = None,
        argv: Sequence[str] | None = None,
        dry_run: bool = False,
    ) -> StudyState:
        """Create a study and return it; its runs are submitted one after the other from now on, whatever happens.

        Args:
            spec: What it is made of.
            environment: Parts of every run config that go into no record of the study: ``base_environment``, and
                secret variables in ``environment``. Those of this process if not given.
            by: Who asks; the user's name if not given.
            argv: The command line that goes on record; this process's if not given.
            dry_run: Check everything, write nothing.

        Raises:
            ConfigError: It is not valid; every problem is listed, and nothing was written.
            UsageError: There is a study of that name.
        """
        private = self._with_environment({}) if environment is None else environment
        call = study_calls.create(
            spec, new_run_id(), private, by=by, here=bool(self._with_environment({})), argv=argv, dry_run=dry_run
        )
        return self._do(call)

    def studies(self) -> list[StudyState]:
        """Return the studies without their assignments, the newest first."""
        return self._do(study_calls.list_studies())

    def study(self, study: str) -> StudyState:
        """Return a study as it stands.

        Raises:
            NotFoundError: There is no such study.
            UsageError: There are several.
        """
        return self._do(study_calls.get(study))

    def study_spec(self, study: str) -> StudySpec:
        """Return what a study was made of.

        Raises:
            NotFoundError: There is no such study.
        """
        return self._do(study_calls.get_spec(study))

    def retry_study(
        self,
        study: str,
        indices: Iterable[int] = (),
        *,
        environment: dict[str, Any] | None = None,
        by: str | None = None,
    ) -> StudyState:
        """Make a new run for assignments that failed or were cancelled; their earlier runs stay.

        Args:
            study: The study.
            indices: The assignments; none: all that failed or were cancelled.
            environment: As of :meth:`create_study`.
            by: Who asks; the user's name if not given.

        Raises:
            UsageError: One of them is under way or completed; nothing was done.
        """
        private = self._with_environment({}) if environment is None else environment
        return self._do(study_calls.retry(study, indices, private, by))

    def cancel_study(self, study: str, *, reason: str = "", by: str | None = None) -> StudyState:
        """Ask all runs of a study to end; those that are not submitted yet never are.

        Raises:
            NotFoundError: There is no such study.
        """
        return self._do(study_calls.cancel(study, reason, by))

    def delete_study(self, study: str, *, runs: bool = False) -> int:
        """Remove a study, with its runs if asked, and return the number of runs that were removed.

        Raises:
            UsageError: One of its runs is queued or under way.
        """
        return self._do(study_calls.delete(study, runs=runs))

    def study_results(self, study: str) -> StudyResults:
        """Return what each assignment came to, and the files that its newest run left.

        Raises:
            NotFoundError: There is no such study.
        """
        return self._do(study_calls.get_results(study))


class AsyncStudyClient(ABC):
    """The same calls for asyncio; what runs get of their submitter's environment is the caller's to add."""

    @abstractmethod
    async def _do(self, call: Call[R]) -> R: ...

    async def create_study(
        self,
        spec: StudySpec,
        *,
        environment: dict[str, Any] | None = None,
        by: str | None = None,
        argv: Sequence[str] | None = None,
        dry_run: bool = False,
    ) -> StudyState:
        """Create a study and return it.

        Raises:
            ConfigError: It is not valid; every problem is listed, and nothing was written.
            UsageError: There is a study of that name.
        """
        return await self._do(
            study_calls.create(spec, new_run_id(), environment or {}, by=by, here=False, argv=argv, dry_run=dry_run)
        )

    async def studies(self) -> list[StudyState]:
        """Return the studies without their assignments, the newest first."""
        return await self._do(study_calls.list_studies())

    async def study(self, study: str) -> StudyState:
        """Return a study as it stands.

        Raises:
            NotFoundError: There is no such study.
        """
        return await self._do(study_calls.get(study))

    async def study_spec(self, study: str) -> StudySpec:
        """Return what a study was made of.

        Raises:
            NotFoundError: There is no such study.
        """
        return await self._do(study_calls.get_spec(study))

    async def retry_study(
        self,
        study: str,
        indices: Iterable[int] = (),
        *,
        environment: dict[str, Any] | None = None,
        by: str | None = None,
    ) -> StudyState:
        """Make a new run for assignments that failed or were cancelled; their earlier runs stay.

        Raises:
            UsageError: One of them is under way or completed; nothing was done.
        """
        return await self._do(study_calls.retry(study, indices, environment or {}, by))

    async def cancel_study(self, study: str, *, reason: str = "", by: str | None = None) -> StudyState:
        """Ask all runs of a study to end.

        Raises:
            NotFoundError: There is no such study.
        """
        return await self._do(study_calls.cancel(study, reason, by))

    async def delete_study(self, study: str, *, runs: bool = False) -> int:
        """Remove a study, with its runs if asked, and return the number of runs that were removed.

        Raises:
            UsageError: One of its runs is queued or under way.
        """
        return await self._do(study_calls.delete(study, runs=runs))

    async def study_results(self, study: str) -> StudyResults:
        """Return what each assignment came to, and the files that its newest run left.

        Raises:
            NotFoundError: There is no such study.
        """
        return await self._do(study_calls.get_results(study))
