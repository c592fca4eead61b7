"""Replays an episode: by playing it again in its worker's interpreter, or from the frames that the run recorded."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from typing import Any

import msgspec

from gym_gui.core.worker.errors import UsageError
from gym_gui.reading.files import MAX_BYTES, read_file
from gym_gui.reading.recorded_episodes import NotReplayable, RecordedEpisode, read_recorded, simulation_request
from gym_gui.reading.replay_updates import (
    SIMULATION,
    STORED,
    ReplayEnd,
    ReplayFrame,
    ReplayProgress,
    ReplayQuery,
    ReplayStart,
    ReplayUpdate,
)
from gym_gui.runs import RunFolder, RunPlan, WorkerPlan
from gym_gui.supervision import build_spec
from gym_gui.workers import resimulate

#: Bytes of one stored picture.
_LARGEST_PICTURE = 16 << 20
_PICTURES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def replay_episode(
    folder: RunFolder, query: ReplayQuery, *, stop: threading.Event | None = None
) -> Iterator[ReplayUpdate]:
    """Yield an episode's pictures and progress; the last update is the end, unless ``stop`` was set.

    Writes nothing into the run's folder.

    Args:
        folder: The run's folder.
        query: Which pictures.
        stop: Ends it when set.

    Raises:
        ConfigError: The query is not valid.
        UsageError: There is no such episode.
        TelemetryError: The database cannot be read.
        MosaicError: The run's plan cannot be read.
    """
    query.check()
    try:
        recorded = read_recorded(folder, query.episode)
    except NotReplayable as refusal:
        yield _end(ReplayEnd(outcome="none", reason=refusal.reason, next_step=refusal.next_step))
        return
    end = ReplayEnd(outcome="none")
    if query.source != STORED:
        for update in _simulated(folder, recorded, query, stop):
            if update.end is None:
                yield update
            else:
                end = update.end
        if stop is not None and stop.is_set():
            return
    whole = end.outcome == "reproduced" and (end.frames or not end.reason)
    if query.source != SIMULATION and not whole and _frames_of(recorded):
        yield from _stored(folder, recorded, query, end)
    else:
        if query.source == STORED:
            end.reason, end.next_step = "the run recorded no frames of this episode", _FRAMES_STEP
        yield _end(end)


_FRAMES_STEP = "record frames next time: see docs/how-to/replay-episodes.md"


def _simulated(
    folder: RunFolder, recorded: RecordedEpisode, query: ReplayQuery, stop: threading.Event | None
) -> Iterator[ReplayUpdate]:
    try:
        python, request, worker, plan = simulation_request(folder, recorded)
    except NotReplayable as refusal:
        yield _end(ReplayEnd(outcome="none", reason=refusal.reason, next_step=refusal.next_step))
        return
    request |= {"first": query.first, "count": query.count, "max_side": query.max_side}
    yield ReplayUpdate(start=ReplayStart(source=SIMULATION, steps=len(recorded.steps)))
    frames = 0
    try:
        for message, data in resimulate(python, request, _variables(folder, plan, worker), stop=stop):
            kind = message.get("kind")
            if kind == "frame":
                frames += 1
                yield ReplayUpdate(frame=ReplayFrame(number=int(message["number"]), media_type="image/png", data=data))
            elif kind == "progress":
                yield ReplayUpdate(progress=ReplayProgress(done=int(message["done"]), total=int(message["total"])))
            elif kind == "end":
                yield _end(_ending(message, frames, worker))
    except OSError as error:
        reason = f"the interpreter of worker {worker.worker_type} cannot be started: {error.strerror or error}"
        yield _end(ReplayEnd(outcome="none", reason=reason, next_step=_reinstall(worker)))


def _variables(folder: RunFolder, plan: RunPlan, worker: WorkerPlan) -> dict[str, str]:
    """Return what the worker had as its environment, without secrets."""
    spec = build_spec(folder, plan, worker, 1)
    own: dict[str, str] = spec["env"]
    return {**os.environ, **own} if spec["inherit"] else own


def _ending(message: dict[str, Any], frames: int, worker: WorkerPlan) -> ReplayEnd:
    """Return the end that the program's last message stands for."""
    end = ReplayEnd(
        outcome="none",
        frames=frames,
        compared=int(message.get("compared", 0)),
        observations=int(message.get("observations", 0)),
    )
    outcome, error = message.get("outcome"), str(message.get("error", ""))
    if outcome == "reproduced":
        end.outcome = "reproduced"
        if message.get("no_pictures"):
            end.reason = f"the environment cannot draw: {message['no_pictures']}"
            end.next_step = "install what it draws with into the worker's environment"
    elif outcome == "differs":
        end.outcome = "differs"
        end.step, end.what, end.agent = int(message["step"]), str(message["what"]), str(message["agent"])
        end.expected, end.got = str(message["expected"]), str(message["got"])
        end.reason = _difference(end, leading=bool(message.get("leading")))
        end.next_step = "record frames next time: see docs/how-to/replay-episodes.md"
    elif message.get("missing"):
        end.reason = f"the environment cannot be made again: {error}"
        end.next_step = _reinstall(worker)
    else:
        stages = {"make": "the environment cannot be made again", "time": "playing it again was ended",
                  "memory": "playing it again was ended", "play": "the environment failed"}  # fmt: skip
        end.reason = f"{stages.get(str(message.get('stage')), 'playing it again ended early')}: {error}"
    return end


def _difference(end: ReplayEnd, *, leading: bool) -> str:
    where = "the reset" if end.step == 0 else f"step {end.step}"
    whose = f" of agent {end.agent}" if end.agent else ""
    which = " in an episode before it, which it continues" if leading else ""
    return (
        f"the environment does not do the same again: from {where}{which} on, {end.what}{whose} was {end.expected},"
        f" and is now {end.got}"
    )


def _reinstall(worker: WorkerPlan) -> str:
    return f"mosaic workers install {worker.worker_type}, with what the environment needs"


def _frames_of(recorded: RecordedEpisode) -> dict[int, str]:
    """Return the names of the stored pictures, by the number of their step."""
    found = {}
    for number, rows in enumerate(recorded.steps, 1):
        name = next((row.extra["frame"] for row in rows if isinstance(row.extra.get("frame"), str)), "")
        if name:
            found[number] = name
    return found


def _stored(
    folder: RunFolder, recorded: RecordedEpisode, query: ReplayQuery, simulated: ReplayEnd
) -> Iterator[ReplayUpdate]:
    """Yield the pictures that the run recorded."""
    yield ReplayUpdate(start=ReplayStart(source=STORED, steps=len(recorded.steps)))
    frames, missing, reason = 0, 0, ""
    last = query.first + (query.count or len(recorded.steps) + 1)
    for number, name in _frames_of(recorded).items():
        if not query.first <= number < last:
            continue
        try:
            data = _read_picture(folder, f"frames/{recorded.episode.worker_id}/{name}")
        except UsageError as error:
            missing, reason = missing + 1, error.why
            continue
        kind = next((kind for start, kind in _PICTURES.items() if data.startswith(start)), "")
        if not kind:
            missing, reason = missing + 1, "they are no pictures"
            continue
        frames += 1
        yield ReplayUpdate(frame=ReplayFrame(number=number, media_type=kind, data=data))
    end = msgspec.structs.replace(simulated, outcome="stored" if frames else simulated.outcome, frames=frames)
    if missing:
        end.reason = "; ".join(filter(None, [end.reason, f"{missing:,} stored pictures cannot be read: {reason}"]))
    yield _end(end)


def _read_picture(folder: RunFolder, path: str) -> bytes:
    data, size = read_file(folder, path)
    if size > _LARGEST_PICTURE:
        raise UsageError(f"{path} is too large", why=f"it has {size:,} bytes")
    while len(data) < size:
        more, size = read_file(folder, path, offset=len(data), length=MAX_BYTES)
        if not more:
            break
        data += more
    return data


def _end(end: ReplayEnd) -> ReplayUpdate:
    return ReplayUpdate(end=end)
