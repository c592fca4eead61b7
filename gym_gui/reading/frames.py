"""Live frames of a run's workers: what each shows, and its newest picture as JPEG."""

from __future__ import annotations

import importlib
import io
import shlex
import sys
from importlib.util import find_spec
from typing import Any

import msgspec

from gym_gui.core.worker.errors import ConfigError, NotFoundError, Problem, UsageError
from gym_gui.core.worker.frame_request import LAYOUTS, MAX_FPS, read_request
from gym_gui.core.worker.frame_ring import Frame, newest_frame, read_frame, read_ring_state
from gym_gui.runs import RunFolder, WorkerPlan, load_plan

#: Pixels of a picture's width at most, and its quality by default.
MAX_WIDTH, DEFAULT_QUALITY = 1920, 80
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


class FrameSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker shows of its environment."""

    worker_id: str
    state: str
    """``live``, ``off`` (switched off), ``waiting`` (the worker has not begun to show), ``unable`` (its environment
    cannot be shown), ``gone`` (the worker has ended) or ``none`` (it was started without)."""
    why: str = ""
    """Of ``unable`` and ``none``."""
    on: bool = True
    """Whether it is switched on."""
    layout: str = "grid"
    """``grid`` or ``single``."""
    place: int = 0
    """Which environment a ``single`` one is."""
    environments: int = 0
    """Number of environments side by side; 0: not known yet."""
    number: int = 0
    """Of the newest picture; 0: there is none."""
    time: float = 0.0
    """When that was taken, Unix time, seconds."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's environment, or several of them side by side, as JPEG."""

    number: int
    """Higher than those before."""
    time: float
    """When it was taken, Unix time, seconds."""
    cost_s: float = 0.0
    """Seconds that it took the worker."""
    width: int
    """Pixels, as the worker took it."""
    height: int
    columns: int = 1
    """Environments side by side."""
    jpeg: bytes


class PictureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """How a user wants to see a worker's environment."""

    worker_id: str = ""
    """Empty: the first worker."""
    fps: float = 15.0
    """Pictures per second at most."""
    width: int = 0
    """Pixels; wider ones are scaled down. 0: as they are."""
    quality: int = DEFAULT_QUALITY
    """Of JPEG, 1 to 95."""


def check_pictures(request: PictureRequest) -> None:
    """Check how a user wants to see pictures, and that they can be made here.

    Raises:
        ConfigError: A value is out of bounds.
        UsageError: Pillow is missing; with the command that installs it.
    """
    problems = []
    if not 0 < request.fps <= MAX_FPS:
        problems.append(Problem("fps", "is out of bounds", value=request.fps, allowed=f"above 0, at most {MAX_FPS:g}"))
    if not 0 <= request.width <= MAX_WIDTH:
        problems.append(Problem("width", "is out of bounds", value=request.width, allowed=f"0 to {MAX_WIDTH} pixels"))
    if not 1 <= request.quality <= 95:
        problems.append(Problem("quality", "is out of bounds", value=request.quality, allowed="1 to 95"))
    if problems:
        raise ConfigError("live frames cannot be shown like this", problems, next_step="correct these values")
    if find_spec("PIL") is None:
        raise UsageError(
            "live frames need Pillow",
            where="the Python environment of the daemon",
            why="MOSAIC was installed there without its extra 'web'",
            next_step=f"{shlex.quote(sys.executable)} -m pip install 'mosaic-rl[web]'",
        )


def check_layout(layout: str | None) -> None:
    """Check a layout.

    Raises:
        ConfigError: There is no such layout.
    """
    if layout is not None and layout not in LAYOUTS:
        problem = Problem("layout", "is not a layout", value=layout, allowed=", ".join(LAYOUTS))
        raise ConfigError("live frames cannot be shown like this", [problem], next_step="correct this value")


def frame_worker(folder: RunFolder, worker_id: str) -> WorkerPlan:
    """Return a worker of a run; with an empty id the first one that shows its environment, else the first.

    Raises:
        NotFoundError: The run has no such worker.
    """
    workers = load_plan(folder).workers
    shown = [worker for worker in workers if worker.worker_id == worker_id]
    if not worker_id:
        shown = [worker for worker in workers if worker.config.get("render") == "on"] or workers
    if not shown:
        names = ", ".join(worker.worker_id for worker in workers)
        raise NotFoundError(
            f"run {folder.run_id} has no worker {worker_id!r}",
            where=folder.run_id,
            why=f"its workers are {names}",
            next_step=f"list them: mosaic runs show {folder.run_id}",
        )
    return shown[0]


def read_sources(folder: RunFolder) -> list[FrameSource]:
    """Return what each worker of a run shows.

    Raises:
        MosaicError: The run's plan cannot be read.
    """
    return [read_source(folder, worker) for worker in load_plan(folder).workers]


def read_source(folder: RunFolder, worker: WorkerPlan) -> FrameSource:
    """Return what a worker shows."""
    ring = folder.frame_ring(worker.worker_id)
    wanted = read_request(folder.frame_request(worker.worker_id))
    try:
        found, (number, time) = read_ring_state(ring), newest_frame(ring)
    except OSError as error:
        return FrameSource(worker_id=worker.worker_id, state="unable", why=f"its frames cannot be read: {error}")
    said, alive = found or ({}, False)
    state, why = "live" if wanted.on else "off", ""
    if said.get("state") == "unable":
        state, why = "unable", str(said.get("why") or "")
    elif found is None and worker.config.get("render") != "on":
        state = "none"
        why = "it was started without live frames"
    elif found is None:
        state = "waiting"
    elif not alive:
        state = "gone"
    environments = said.get("environments")
    return FrameSource(
        worker_id=worker.worker_id,
        state=state,
        why=why,
        on=wanted.on,
        layout=wanted.layout,
        place=wanted.place,
        environments=environments if isinstance(environments, int) else 0,
        number=number,
        time=time,
    )


def refused_frames(run_id: str, source: FrameSource) -> UsageError:
    """Return why a worker that shows nothing cannot be watched, and what to do."""
    if source.state == "unable":
        step = "install what it names into the worker's environment, or choose an environment that renders rgb_array"
    else:
        step = "start the run again with --render on, or with Render: on in the form"
    return UsageError(
        f"worker {source.worker_id} of run {run_id} shows nothing",
        where=f"{run_id}, {source.worker_id}",
        why=source.why,
        next_step=step,
    )


def read_picture(folder: RunFolder, worker_id: str, after: int, width: int, quality: int) -> Picture | None:
    """Return a worker's newest picture, ``None`` if there is none that is newer.

    Args:
        folder: The run's folder.
        worker_id: The worker.
        after: Number of the last one that was seen.
        width: Pixels; a wider one is scaled down. 0: as it is.
        quality: Of JPEG, 1 to 95.
    """
    try:
        frame = read_frame(folder.frame_ring(worker_id), after)
    except OSError:
        return None
    if frame is None:
        return None
    return Picture(
        number=frame.number,
        time=frame.time,
        cost_s=frame.cost_s,
        width=frame.width,
        height=frame.height,
        columns=frame.columns,
        jpeg=_jpeg(frame, width, quality),
    )


def _jpeg(frame: Frame, width: int, quality: int) -> bytes:
    pillow: Any = importlib.import_module("PIL.Image")
    picture = pillow.frombuffer(_MODES[frame.channels], (frame.width, frame.height), frame.data)
    if frame.channels == 4:
        picture = picture.convert("RGB")
    if 0 < width < frame.width:
        picture = picture.resize((width, max(1, round(frame.height * width / frame.width))), pillow.BILINEAR)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


__all__ = [
    "FrameSource",
    "Picture",
    "PictureRequest",
    "check_layout",
    "check_pictures",
    "frame_worker",
    "read_picture",
    "read_source",
    "read_sources",
    "refused_frames",
]
