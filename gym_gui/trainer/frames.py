"""Which workers' environments are watched: while one is, its worker takes pictures."""

from __future__ import annotations

import asyncio
import os
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from pathlib import Path

from gym_gui.core.worker.errors import MosaicError
from gym_gui.core.worker.frame_request import FrameRequest, read_request
from gym_gui.reading import (
    FrameSource,
    Picture,
    PictureRequest,
    check_layout,
    check_pictures,
    frame_worker,
    read_picture,
    read_source,
    read_sources,
    refused_frames,
)
from gym_gui.runs import RunFolder, WorkerPlan, load_plan, write_json_atomic
from gym_gui.trainer.board import RunBoard

#: Seconds between two renewals of what tells a worker that it is watched.
_RENEW_S = 1.5
#: Seconds between two looks whether a worker that shows nothing new is still there.
_IDLE_S = 1.0
#: Pictures that are made at one time, and that are kept for others who watch the same.
_PARALLEL, _KEPT = 2, 16


class Frames:
    """Live frames of the workers of a home's runs.

    Args:
        home: The home.
        board: Values of the runs.
    """

    def __init__(self, home: Path, board: RunBoard) -> None:
        self._home = home
        self._board = board
        self._slots = asyncio.Semaphore(_PARALLEL)
        self._rates: dict[Path, list[float]] = {}
        """Pictures per second that those who watch want, by the worker's request."""
        self._renewed: dict[Path, float] = {}
        self._pictures: OrderedDict[tuple[Path, int, int], Picture] = OrderedDict()

    async def sources(self, run_id: str) -> list[FrameSource]:
        """Return what each worker of a run shows.

        Raises:
            UnknownRunError: There is no such run.
            MosaicError: Its plan cannot be read.
        """
        return await asyncio.to_thread(read_sources, self._folder(run_id))

    async def switch(
        self, run_id: str, worker_id: str, on: bool | None, layout: str | None, place: int | None
    ) -> list[FrameSource]:
        """Change what workers show to all who watch; return what each worker of the run shows then.

        Args:
            run_id: The run.
            worker_id: The worker; empty: all that can show anything.
            on: Whether pictures are taken while a user watches; ``None``: as it is.
            layout: ``grid`` or ``single``; ``None``: as it is.
            place: Which environment a ``single`` one is; ``None``: as it is.

        Raises:
            UnknownRunError: There is no such run.
            ConfigError: There is no such layout.
            UsageError: The worker shows nothing, or there is no such worker.
            MosaicError: The disk refused.
        """
        check_layout(layout)
        return await asyncio.to_thread(_switch, self._folder(run_id), worker_id, on, layout, place)

    async def watch(self, run_id: str, request: PictureRequest) -> AsyncGenerator[Picture, None]:
        """Yield a worker's pictures: the newest one, and those that follow; end when the run and its worker have.

        While this is iterated, the worker takes pictures, if that is switched on. One who takes long misses some.

        Raises:
            UnknownRunError: There is no such run.
            ConfigError: The request is out of bounds.
            UsageError: The worker shows nothing; or Pillow is missing.
        """
        check_pictures(request)
        folder = self._folder(run_id)
        worker = await asyncio.to_thread(frame_worker, folder, request.worker_id)
        source = await asyncio.to_thread(read_source, folder, worker)
        if source.state in ("unable", "none"):
            raise refused_frames(run_id, source)
        path = folder.frame_request(worker.worker_id)
        rates = self._rates.setdefault(path, [])
        rates.append(request.fps)
        try:
            async for picture in self._follow(folder, worker, request, path):
                yield picture
        finally:
            rates.remove(request.fps)
            if not rates:
                self._rates.pop(path, None)
                self._renewed.pop(path, None)

    async def _follow(
        self, folder: RunFolder, worker: WorkerPlan, request: PictureRequest, path: Path
    ) -> AsyncGenerator[Picture, None]:
        number, idle_since = 0, time.monotonic()
        while True:
            began = time.monotonic()
            over = self._board.get(folder.run_id).state.terminal
            if not over and began - self._renewed.get(path, -_RENEW_S) >= _RENEW_S:
                self._renewed[path] = began
                await asyncio.to_thread(_renew, path, max(self._rates.get(path, [request.fps])))
            async with self._slots:
                picture = await asyncio.to_thread(self._picture, folder, worker.worker_id, number, request)
            if picture is not None:
                number, idle_since = picture.number, began
                yield picture
            elif began - idle_since >= _IDLE_S:
                idle_since = began
                source = await asyncio.to_thread(read_source, folder, worker)
                if source.state == "unable":
                    raise refused_frames(folder.run_id, source)
                if over and source.state in ("gone", "waiting"):
                    return
            await asyncio.sleep(max(0.0, 1 / request.fps - (time.monotonic() - began)))

    def _picture(self, folder: RunFolder, worker_id: str, after: int, request: PictureRequest) -> Picture | None:
        """Return a worker's newest picture: one that was made for others, or a new one."""
        key = folder.frame_ring(worker_id), request.width, request.quality
        known = self._pictures.get(key)
        number = 0 if known is None else known.number
        found = read_picture(folder, worker_id, max(after, number), request.width, request.quality)
        if found is None:
            return known if known is not None and number > after else None
        self._pictures[key] = found
        self._pictures.move_to_end(key)
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        return found

    def _folder(self, run_id: str) -> RunFolder:
        return RunFolder.of(self._home, self._board.get(run_id).run_id)


def _renew(path: Path, fps: float) -> None:
    """Tell a worker that it is watched; where the disk refuses, nothing is shown, and the page says how old it is."""
    wanted = read_request(path)
    try:
        if wanted.fps == fps and path.exists():
            os.utime(path)
        else:
            _write(path, wanted._replace(fps=fps))
    except OSError:
        return


def _switch(
    folder: RunFolder, worker_id: str, on: bool | None, layout: str | None, place: int | None
) -> list[FrameSource]:
    workers = [frame_worker(folder, worker_id)] if worker_id else load_plan(folder).workers
    sources = [(worker, read_source(folder, worker)) for worker in workers]
    showing = [worker for worker, source in sources if source.state not in ("unable", "none")]
    if not showing:
        raise refused_frames(folder.run_id, sources[0][1])
    for worker in showing:
        path = folder.frame_request(worker.worker_id)
        wanted = read_request(path)
        changed = FrameRequest(
            wanted.on if on is None else on,
            wanted.layout if layout is None else layout,
            wanted.place if place is None else max(place, 0),
            wanted.fps,
        )
        try:
            watched_at = path.stat().st_mtime if path.exists() else 0.0
            _write(path, changed)
            os.utime(path, (watched_at, watched_at))  # to switch is not to watch
        except OSError as error:
            raise MosaicError(
                f"the live frames of run {folder.run_id} cannot be switched",
                where=str(path),
                why=error.strerror or str(error),
                next_step="free disk space, then try again",
            ) from error
    return read_sources(folder)


def _write(path: Path, wanted: FrameRequest) -> None:
    write_json_atomic(path, wanted._asdict(), sync=False)


__all__ = ["Frames"]
