"""The calls of both clients about live frames, below those that read runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

from gym_gui.reading import FrameSource, Picture, PictureRequest
from gym_gui.rpc import reading_calls
from gym_gui.rpc.calls import Call

R = TypeVar("R")


class FrameClient(ABC):
    """Calls about live frames, blocking."""

    @abstractmethod
    def _do(self, call: Call[R]) -> R: ...

    @abstractmethod
    def _stream(self, asked: Any) -> Iterator[Any]: ...

    def frames(self, run_id: str) -> list[FrameSource]:
        """Return what each worker of a run shows of its environment.

        Raises:
            UsageError: There is no such run.
        """
        return self._do(reading_calls.frames(run_id))

    def watch_frames(self, run_id: str, asked: PictureRequest = PictureRequest()) -> Iterator[Picture]:  # noqa: B008
        """Yield a worker's pictures as they are taken, which they are while this is iterated; end with the run.

        Raises:
            ConfigError: The request is out of bounds.
            UsageError: There is no such run or worker, it shows nothing, or the daemon has no Pillow.
        """
        return self._stream(reading_calls.FrameWatching(run_id, asked))

    def switch_frames(
        self,
        run_id: str,
        worker_id: str = "",
        *,
        on: bool | None = None,
        layout: str | None = None,
        place: int | None = None,
    ) -> list[FrameSource]:
        """Change what workers show to all who watch; return what each worker of the run shows then.

        Args:
            run_id: The run.
            worker_id: The worker; empty: all that show anything.
            on: Whether pictures are taken while a user watches.
            layout: ``grid`` or ``single``.
            place: Which environment a ``single`` one is.

        Raises:
            ConfigError: There is no such layout.
            UsageError: There is no such run or worker, or it shows nothing.
        """
        return self._do(reading_calls.switch_frames(run_id, worker_id, on, layout, place))


class AsyncFrameClient(ABC):
    """Calls about live frames, for asyncio."""

    @abstractmethod
    async def _do(self, call: Call[R]) -> R: ...

    @abstractmethod
    def _stream(self, asked: Any) -> AsyncIterator[Any]: ...

    async def frames(self, run_id: str) -> list[FrameSource]:
        """Return what each worker of a run shows of its environment.

        Raises:
            UsageError: There is no such run.
        """
        return await self._do(reading_calls.frames(run_id))

    def watch_frames(self, run_id: str, asked: PictureRequest = PictureRequest()) -> AsyncIterator[Picture]:  # noqa: B008
        """Yield a worker's pictures as they are taken, which they are while this is iterated; end with the run.

        Raises:
            ConfigError: The request is out of bounds.
            UsageError: There is no such run or worker, it shows nothing, or the daemon has no Pillow.
        """
        return self._stream(reading_calls.FrameWatching(run_id, asked))

    async def switch_frames(
        self,
        run_id: str,
        worker_id: str = "",
        *,
        on: bool | None = None,
        layout: str | None = None,
        place: int | None = None,
    ) -> list[FrameSource]:
        """Change what workers show to all who watch; return what each worker of the run shows then.

        Args:
            run_id: The run.
            worker_id: The worker; empty: all that show anything.
            on: Whether pictures are taken while a user watches.
            layout: ``grid`` or ``single``.
            place: Which environment a ``single`` one is.

        Raises:
            ConfigError: There is no such layout.
            UsageError: There is no such run or worker, or it shows nothing.
        """
        return await self._do(reading_calls.switch_frames(run_id, worker_id, on, layout, place))
