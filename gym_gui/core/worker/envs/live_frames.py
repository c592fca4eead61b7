"""Pictures of an environment while it is trained in, for those who watch it, within a budget of time."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from pathlib import Path
from typing import Any

from gym_gui.core.worker.envs.rendering import MAX_TILES, Pictures
from gym_gui.core.worker.frame_request import LOOK_S, FrameRequest, WatchedRequest, request_path
from gym_gui.core.worker.frame_ring import MAX_PICTURE, RING_FILE, RingWriter
from gym_gui.core.worker.sink import say

#: Share of the time that pictures may take. A training slows by up to twice as much: its data has left the caches then.
SHARE = 0.015
#: Seconds until another process is asked again whether it still writes the ring.
_RETRY_S = 5.0
#: A picture counts as this many times the middle one at most; and how many there must be for that.
_OUTLIER, _FEW = 10, 3
#: Pixels of a grid of several environments: wider is not shown.
_GRID_WIDTH = 1280


class Budget:
    """Says how long to wait after each picture, so that all of them together take their share of the time at most.

    The first one is dearer than the others: libraries are loaded for it. What it took is paid back by and by, by a
    fifth of the share, while pictures go on with the rest. After that the mean of the last ones counts: other processes
    may have had the processor in the middle of one, and a paused run is no slow picture.

    Args:
        share: Of the time, such as 0.015.
    """

    def __init__(self, share: float = SHARE) -> None:
        self._share = share
        self._debt: float | None = None
        self._recent: deque[float] = deque(maxlen=20)

    def wait_s(self, elapsed: float, used: float, fps: float) -> float:
        """Return the seconds from the end of a picture until the next one may begin.

        Args:
            elapsed: Seconds that the picture took.
            used: Those of them in which this thread had the processor.
            fps: Pictures per second at most.
        """
        if self._debt is None:
            self._debt, cost = elapsed, 0.0
        else:
            self._recent.append(elapsed)
            count = len(self._recent)
            most = _OUTLIER * sorted(self._recent)[(count - 1) // 2]
            mean = sum(min(each, most) for each in self._recent) / count
            cost = max(used, mean if count >= _FEW else 0.0)
        repaid = self._share / 5 if self._debt > 0 else 0.0
        wait = max(cost * (1 / (self._share - repaid) - 1), 1 / fps - elapsed, 0.0)
        self._debt -= repaid * wait
        return wait


class LiveFrames:
    """Shows an environment to those who watch it: call :meth:`show` after every step.

    While it is not watched, a call costs a look at the clock, and a few times a second one at a file. It never ends a
    training: where pictures cannot be taken or written, that is said once, on stderr and to those who watch.

    Args:
        env: The environment, or a vector of them.
        run_dir: The run's folder; ``None`` outside of a run: it cannot be watched.
        worker_id: The worker's instance in it.
    """

    def __init__(self, env: Any, run_dir: Path | None, worker_id: str | None) -> None:
        self._env = env
        self._process = os.getpid()
        self._ring: RingWriter | None = None
        self._pictures: Pictures | None = None
        self._budget = Budget()
        self._next = 0.0 if run_dir is not None and worker_id else float("inf")
        if run_dir is not None and worker_id:
            self._request = WatchedRequest(request_path(run_dir, worker_id))
            self._path = run_dir / "frames" / worker_id / RING_FILE

    @classmethod
    def of_run(cls, env: Any, emitter: Any) -> LiveFrames:
        """Return the frames of an environment of the run that an emitter belongs to."""
        folder = os.environ.get("MOSAIC_RUN_DIR")
        return cls(env, Path(folder) if folder else None, getattr(emitter, "worker_id", None))

    def show(self) -> None:
        """Take and write a picture, if it is watched and it is time for one."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + self._show()

    def follow(self, env: Any) -> None:
        """Show another environment from now on."""
        self._env, self._pictures = env, None

    def close(self) -> None:
        """Stop showing; readers then know that the writer is gone."""
        self._next = float("inf")
        if self._ring is not None:
            self._ring.close()
            self._ring = None

    def _show(self) -> float:
        """Do what there is to do; return the seconds until the next time."""
        if os.getpid() != self._process:  # a copy in a forked process
            return float("inf")
        try:
            if self._ring is None:
                self._ring = RingWriter(self._path)
            if self._pictures is None:
                self._pictures = Pictures(self._env)
                if self._pictures.refusal:
                    return self._give_up(self._pictures.refusal)
                self._ring.say({"state": "ready", "environments": self._pictures.count, "shown": MAX_TILES})
            wanted = self._request.wanted()
            return LOOK_S if wanted is None else self._take(self._ring, self._pictures, wanted)
        except BlockingIOError:  # another environment of this worker is shown
            return _RETRY_S
        except Exception as error:  # noqa: BLE001 - whatever environments raise: the training goes on
            return self._give_up(f"{type(error).__name__}: {error}".strip().split("\n")[0][:600])

    def _take(self, ring: RingWriter, pictures: Pictures, wanted: FrameRequest) -> float:
        began, used = time.perf_counter(), time.thread_time()
        single = wanted.layout == "single" or pictures.count == 1
        data, columns = compose(pictures.take(wanted.place if single else None))
        height, width, channels = data.shape
        ring.write(data, width, height, channels, columns=columns, began=began)
        return self._budget.wait_s(time.perf_counter() - began, time.thread_time() - used, wanted.fps)

    def _give_up(self, why: str) -> float:
        """Say once why there are no pictures; the ring stays held, so that readers see that the worker lives."""
        say(f"no live frames: {why}. Training goes on.")
        if self._ring is not None:
            with contextlib.suppress(OSError, ValueError):
                self._ring.say({"state": "unable", "why": why})
        return float("inf")


def compose(pictures: list[Any]) -> tuple[Any, int]:
    """Return pictures as one, and how many of them stand side by side; rows and columns are left out where it is large.

    Args:
        pictures: Arrays of unsigned bytes, each of shape (height, width), (height, width, 1), (…, 3) or (…, 4).

    Raises:
        ValueError: One is something else.
    """
    import numpy as np

    arrays = [_checked(np.asarray(picture)) for picture in pictures]
    if not arrays:
        raise ValueError("there is no picture")
    if len(arrays) == 1:
        picture = arrays[0]
        step = _thinning(picture.shape[0], picture.shape[1], picture.shape[2], picture.shape[1])
        return np.ascontiguousarray(picture[::step, ::step]), 1
    columns = int(np.ceil(np.sqrt(len(arrays))))
    rows = -(-len(arrays) // columns)
    height, width = max(each.shape[0] for each in arrays), max(each.shape[1] for each in arrays)
    step = _thinning(height * rows, width * columns, 3, _GRID_WIDTH)
    height, width = -(-height // step), -(-width // step)
    whole = np.zeros((rows * height, columns * width, 3), np.uint8)
    for place, each in enumerate(arrays):
        tile = each[::step, ::step, :3]
        top, left = place // columns * height, place % columns * width
        whole[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return whole, columns


def _checked(picture: Any) -> Any:
    if picture.ndim == 2:
        picture = picture[:, :, None]
    if picture.ndim != 3 or picture.shape[2] not in (1, 3, 4) or str(picture.dtype) != "uint8" or not picture.size:
        found = f"{picture.dtype} of shape {picture.shape}"
        raise ValueError(f"render() returned {found}, and a picture is uint8 of shape (height, width, 3)")
    return picture


def _thinning(height: int, width: int, channels: int, widest: int) -> int:
    """Return of how many rows and columns one is kept, so that a picture fits into a slot."""
    step = max(1, -(-width // widest))
    while -(-height // step) * -(-width // step) * channels > MAX_PICTURE:
        step += 1
    return step


__all__ = ["SHARE", "Budget", "LiveFrames", "compose"]
