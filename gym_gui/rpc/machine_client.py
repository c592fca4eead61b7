"""The calls of both clients about the daemon's machine: jobs, installs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from gym_gui.jobs import Job, JobEvent
from gym_gui.reading import Archives
from gym_gui.rpc import machine_calls
from gym_gui.rpc.calls import Call

if TYPE_CHECKING:
    from gym_gui.trainer import Forecast, Installs, MachineReport

R = TypeVar("R")
_EVENTS = 1000


class MachineClient(ABC):
    """Calls about the daemon's machine, blocking."""

    @abstractmethod
    def _do(self, call: Call[R]) -> R: ...

    @abstractmethod
    def _stream(self, asked: Any) -> Iterator[Any]: ...

    def start_job(
        self, kind: str, subject: str = "", options: dict[str, Any] | None = None, *, by: str | None = None
    ) -> Job:
        """Start a job and return it; it goes on without the caller.

        Args:
            kind: ``install``, ``remove``, ``check``, ``dry_run`` or ``doctor``.
            subject: The worker.
            options: Of that kind; paths are those of the daemon's machine.
            by: Who asks; the user's name if not given.

        Raises:
            ConfigError: The request is not valid.
            UsageError: The worker has a job already.
        """
        return self._do(machine_calls.start_job(kind, subject, options or {}, by))

    def jobs(self) -> list[Job]:
        """Return the jobs whose logs are kept, the newest first."""
        return self._do(machine_calls.list_jobs())

    def watch_jobs(self, job_ids: Iterable[str] = ()) -> Iterator[Job]:
        """Yield the value of each job, then every change; where ids are given, until these have ended.

        Raises:
            NotFoundError: There is no such job.
        """
        return self._stream(machine_calls.JobWatching(job_ids))

    def read_job(self, job_id: str, *, after: int = 0, limit: int = _EVENTS) -> tuple[Job, list[JobEvent]]:
        """Return a job and the events of its log that follow one.

        Raises:
            NotFoundError: There is no such job.
        """
        return self._do(machine_calls.read_job(job_id, after, limit))

    def cancel_job(self, job_id: str, *, by: str | None = None) -> Job:
        """Ask a job to end, and return it as it stands.

        Raises:
            NotFoundError: There is no such job.
        """
        return self._do(machine_calls.cancel_job(job_id, by))

    def installs(self) -> Installs:
        """Return the workers' environments of the daemon's home, and what can be installed by its name."""
        return self._do(machine_calls.list_installs())

    def forecast(self, payloads: Sequence[dict[str, Any]], *, submitter: str | None = None) -> list[Forecast]:
        """Return what would become of runs if they were submitted now, in this order; nothing is written.

        Args:
            payloads: Their run configs.
            submitter: Who would submit them; the user's name if not given.

        Raises:
            ConfigError: One of them is not valid.
        """
        return self._do(machine_calls.forecast(payloads, submitter))

    def machines(self) -> MachineReport:
        """Return what the daemon's machines have, what is taken, and what runs on them."""
        return self._do(machine_calls.get_machines())

    def archives(self) -> Archives:
        """Return the archived runs, the newest first; `start_job("restore", run_id)` brings one back."""
        return self._do(machine_calls.list_archives())


class AsyncMachineClient(ABC):
    """The same calls for asyncio."""

    @abstractmethod
    async def _do(self, call: Call[R]) -> R: ...

    @abstractmethod
    def _stream(self, asked: Any) -> AsyncIterator[Any]: ...

    async def start_job(
        self, kind: str, subject: str = "", options: dict[str, Any] | None = None, *, by: str | None = None
    ) -> Job:
        """Start a job and return it.

        Raises:
            ConfigError: The request is not valid.
            UsageError: The worker has a job already.
        """
        return await self._do(machine_calls.start_job(kind, subject, options or {}, by))

    async def jobs(self) -> list[Job]:
        """Return the jobs whose logs are kept, the newest first."""
        return await self._do(machine_calls.list_jobs())

    def watch_jobs(self, job_ids: Iterable[str] = ()) -> AsyncIterator[Job]:
        """Yield the value of each job, then every change."""
        return self._stream(machine_calls.JobWatching(job_ids))

    async def read_job(self, job_id: str, *, after: int = 0, limit: int = _EVENTS) -> tuple[Job, list[JobEvent]]:
        """Return a job and the events of its log that follow one.

        Raises:
            NotFoundError: There is no such job.
        """
        return await self._do(machine_calls.read_job(job_id, after, limit))

    async def cancel_job(self, job_id: str, *, by: str | None = None) -> Job:
        """Ask a job to end, and return it as it stands.

        Raises:
            NotFoundError: There is no such job.
        """
        return await self._do(machine_calls.cancel_job(job_id, by))

    async def installs(self) -> Installs:
        """Return the workers' environments of the daemon's home, and what can be installed by its name."""
        return await self._do(machine_calls.list_installs())

    async def forecast(self, payloads: Sequence[dict[str, Any]], *, submitter: str | None = None) -> list[Forecast]:
        """Return what would become of runs if they were submitted now, in this order.

        Raises:
            ConfigError: One of them is not valid.
        """
        return await self._do(machine_calls.forecast(payloads, submitter))

    async def machines(self) -> MachineReport:
        """Return what the daemon's machines have, what is taken, and what runs on them."""
        return await self._do(machine_calls.get_machines())

    async def archives(self) -> Archives:
        """Return the archived runs, the newest first; `start_job("restore", run_id)` brings one back."""
        return await self._do(machine_calls.list_archives())
