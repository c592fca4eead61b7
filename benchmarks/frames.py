"""What live frames cost: a training loop as heavy as PPO's, its environment watched and not, CPU of the worker.

``python -m benchmarks.frames [--tiny] [--rounds N]`` (target T20). Another process watches as the daemon does: renews
the request, reads the ring and makes JPEG of 15 pictures per second. Pictures per second of small and of large ones,
and the ring's size, are measured beside it.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np

from benchmarks import harness
from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.envs import LiveFrames, make_rendered, wrap
from gym_gui.core.worker.frame_request import request_path
from gym_gui.core.worker.frame_ring import MAX_BYTES, RING_FILE, newest_frame

WORKER = "000001"
#: Steps between two updates, as PPO has them.
ROLLOUT = 128
WATCHER = """
import sys, time
from pathlib import Path
from gym_gui.reading import read_picture
from gym_gui.runs import RunFolder

folder, fps = RunFolder(Path(sys.argv[1])), float(sys.argv[2])
request, number = folder.frame_request("000001"), 0
print("watching", flush=True)
while True:
    request.write_text('{"fps": %s}' % fps)
    picture = read_picture(folder, "000001", number, 800, 80)
    number = picture.number if picture else number
    time.sleep(1 / fps)
"""


class Learner:
    """A network of two layers that chooses, and learns after each rollout: about as heavy as PPO on a small machine."""

    def __init__(self) -> None:
        random = np.random.default_rng(1)
        self._layers = [random.normal(size=shape, scale=0.3) for shape in ((4, 64), (64, 64), (64, 1))]
        self._batch = random.normal(size=(ROLLOUT, 64))

    def act(self, observation: Any) -> int:
        hidden = observation
        for layer in self._layers[:-1]:
            hidden = np.tanh(hidden @ layer)
        return int((hidden @ self._layers[-1])[0] > 0)

    def learn(self) -> None:
        for _ in range(40):
            hidden = np.tanh(self._batch @ self._layers[1])
            self._layers[1] += 1e-9 * (self._batch.T @ hidden)


def train(env: Any, steps: int) -> None:
    """Take steps, and learn after each rollout."""
    learner = Learner()
    observation, _ = env.reset(seed=1)
    for number in range(1, steps + 1):
        observation, _, terminated, truncated, _ = env.step(learner.act(observation))
        if terminated or truncated:
            observation, _ = env.reset()
        if number % ROLLOUT == 0:
            learner.learn()


@contextmanager
def watched(folder: Path, fps: float = 15.0) -> Iterator[None]:
    """Watch the environment from another process."""
    command = [sys.executable, "-c", WATCHER, str(folder), str(fps)]
    watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert watcher.stdout is not None
    watcher.stdout.readline()
    try:
        yield
    finally:
        watcher.kill()
        watcher.wait()
        watcher.stdout.close()
        request_path(folder, WORKER).unlink(missing_ok=True)


class Screen(gymnasium.Env[Any, Any]):
    """Shows a picture of a size that costs next to nothing to render."""

    render_mode = "rgb_array"

    def __init__(self, height: int, width: int, channels: int) -> None:
        self._picture = np.random.default_rng(1).integers(0, 255, (height, width, channels), np.uint8)

    def render(self) -> Any:
        return self._picture


def rate(folder: Path, screen: Screen, fps: float, seconds: float) -> float:
    """Return pictures per second of a screen that is watched."""
    emitter = TelemetryEmitter("r", worker_id=WORKER, sink=io.StringIO())
    live = LiveFrames.of_run(screen, emitter)
    ring = folder / "frames" / WORKER / RING_FILE
    with watched(folder, fps):
        end = time.monotonic() + 1  # the first picture is paid back
        while time.monotonic() < end:
            live.show()
        before, began = newest_frame(ring)[0], time.monotonic()
        while time.monotonic() < began + seconds:
            live.show()
            time.sleep(0.0005)
        taken, elapsed = newest_frame(ring)[0] - before, time.monotonic() - began
    live.close()
    return taken / elapsed


def main() -> None:
    """Measure, print, write the result."""
    options = harness.arguments(__doc__ or "")
    steps = 20_000 if options.tiny else 60_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "control").mkdir()
        os.environ["MOSAIC_RUN_DIR"] = name
        emitter = TelemetryEmitter("r", worker_id=WORKER, sink=io.StringIO())
        plain = wrap(gymnasium.make("CartPole-v1"), emitter, steps="none")
        shown = wrap(make_rendered(gymnasium.make, "on", "CartPole-v1"), emitter, steps="none", render="on")
        ring = folder / "frames" / WORKER / RING_FILE
        with watched(folder):
            train(shown, steps // 4)  # loads the libraries that draw
        pictures: list[float] = []

        def on() -> None:
            with watched(folder):
                number, began = newest_frame(ring)[0], time.monotonic()
                used, here = time.process_time(), time.perf_counter()
                train(shown, steps)
                turns["watched"].append(harness.Sample(time.process_time() - used, time.perf_counter() - here))
                pictures.append((newest_frame(ring)[0] - number) / (time.monotonic() - began))

        turns: dict[str, list[harness.Sample]] = {"off": [], "not watched": [], "watched": []}
        for _ in range(options.rounds):
            for arm, env in (("off", plain), ("not watched", shown)):
                used, here = time.process_time(), time.perf_counter()
                train(env, steps)
                turns[arm].append(harness.Sample(time.process_time() - used, time.perf_counter() - here))
            on()
        shown.close()
        seconds = 1.0 if options.tiny else 5.0
        small = rate(folder, Screen(84, 84, 4), 30.0, seconds)
        large = rate(folder, Screen(480, 640, 3), 15.0, seconds)
        size = max(MAX_BYTES if ring.stat().st_size > MAX_BYTES else 0, ring.stat().st_size) / 1e6
    harness.report(
        "frames",
        [
            harness.Ratio(
                "T20 training watched live, CPU to that without frames", harness.ratio_of(turns, "watched", "off"), 1.03
            ),
            harness.Ratio(
                "T20 frames on and not watched, CPU to that without",
                harness.ratio_of(turns, "not watched", "off"),
                1.01,
            ),
            harness.Ratio("T20 ring of pictures, MB", size, 8),
            harness.Ratio("T20 pictures/s of 84x84x4", small, 28, at_most=False),
            harness.Ratio("T20 pictures/s of 640x480x3", large, 14, at_most=False),
        ],
        tiny=options.tiny,
        details={
            "steps_per_second": {arm: [round(steps / turn.wall_s) for turn in taken] for arm, taken in turns.items()},
            "cpu_us_per_step": {arm: [1e6 * turn.cpu_s / steps for turn in taken] for arm, taken in turns.items()},
            "pictures_per_second": pictures,
        },
    )


if __name__ == "__main__":
    main()
