"""Live frames of environments: only while somebody looks, within a budget, and never to the harm of a training."""

from __future__ import annotations

import io
import json
import os
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import SyncVectorEnv

from gym_gui.core.worker import TelemetryEmitter
from gym_gui.core.worker.envs import LiveFrames, make_rendered, wrap
from gym_gui.core.worker.envs import live_frames as module
from gym_gui.core.worker.envs.live_frames import SHARE, Budget, compose
from gym_gui.core.worker.frame_request import FrameRequest, read_request, request_path
from gym_gui.core.worker.frame_ring import MAX_PICTURE, RING_FILE, Frame, read_frame, read_ring_state


class Colour(gymnasium.Env[Any, Any]):
    """Shows a colour of its own."""

    observation_space = gymnasium.spaces.Box(0, 1, (1,), np.float32)
    action_space = gymnasium.spaces.Discrete(2)
    metadata = {"render_modes": ["rgb_array", "ansi"]}  # noqa: RUF012 - as Gymnasium has it

    def __init__(self, value: int = 7, render_mode: str | None = None) -> None:
        self.value, self.render_mode, self.rendered = value, render_mode, 0
        self.picture: Any = np.full((4, 6, 3), value, np.uint8)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros(1, np.float32), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return np.zeros(1, np.float32), 1.0, False, False, {}

    def render(self) -> Any:
        self.rendered += 1
        if isinstance(self.picture, Exception):
            raise self.picture
        return self.picture


class Run:
    """A run's folder and its worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "control").mkdir()
        self.emitter = TelemetryEmitter("r", worker_id="w", sink=io.StringIO())
        self.request = request_path(folder, "w")
        self.ring = folder / "frames" / "w" / RING_FILE

    def look(self, **wanted: Any) -> None:
        self.request.write_text(json.dumps(wanted))

    def frame(self, after: int = 0) -> Frame | None:
        return read_frame(self.ring, after)

    def state(self) -> Any:
        return read_ring_state(self.ring)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("MOSAIC_RUN_DIR", str(tmp_path))
    monkeypatch.setattr(module, "LOOK_S", 0.0)
    return Run(tmp_path)


def steps_until(env: Any, condition: Any, action: Any = 0) -> None:
    """Take steps until a condition is met."""
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        env.step(action)
    assert condition()


def test_an_environment_that_nobody_looks_at_renders_nothing(run: Run) -> None:
    bare = Colour(render_mode="rgb_array")
    env = wrap(bare, run.emitter, render="on")
    env.reset()
    for _ in range(500):
        env.step(0)
    assert bare.rendered == 0
    assert run.frame() is None
    assert run.state() == ({"state": "ready", "environments": 1, "shown": 16}, True)


def test_looking_starts_pictures_and_no_longer_looking_or_switching_off_ends_them(run: Run) -> None:
    bare = Colour(render_mode="rgb_array")
    env = wrap(bare, run.emitter, render="on")
    env.reset()
    run.look(fps=30)
    steps_until(env, lambda: run.frame() is not None)
    frame = run.frame()
    assert frame is not None
    assert (frame.width, frame.height, frame.channels, frame.data) == (6, 4, 3, bytes([7]) * 72)

    run.look(on=False)
    steps_until(env, lambda: env._live._next <= time.monotonic())
    rendered = bare.rendered
    for _ in range(200):
        env.step(0)
    assert bare.rendered == rendered

    run.look(on=True, fps=30)
    steps_until(env, lambda: bare.rendered > rendered)
    os.utime(run.request, (time.time() - 60, time.time() - 60))
    steps_until(env, lambda: env._live._next <= time.monotonic())
    rendered = bare.rendered
    for _ in range(200):
        env.step(0)
    assert bare.rendered == rendered
    env.close()
    assert run.state()[1] is False


def test_a_vector_is_shown_as_a_grid_or_one_of_its_environments(run: Run) -> None:
    values = [10, 20, 30, 40, 50]
    env = wrap(
        SyncVectorEnv([lambda value=value: Colour(value, "rgb_array") for value in values]), run.emitter, render="on"
    )
    env.reset()
    actions = np.zeros(5, int)
    run.look(layout="grid", fps=30)
    steps_until(env, lambda: run.frame() is not None, actions)
    grid = run.frame()
    assert grid is not None
    assert (grid.columns, grid.width, grid.height) == (3, 18, 8)
    pixels = np.frombuffer(grid.data, np.uint8).reshape(8, 18, 3)
    assert [int(pixels[4 * (i // 3), 6 * (i % 3), 0]) for i in range(6)] == [*values, 0]

    run.look(layout="single", place=3, fps=30)
    steps_until(env, lambda: (one := run.frame(grid.number)) is not None and one.width == 6, actions)
    single = run.frame()
    assert single is not None
    assert set(single.data) == {40}
    env.close()


def test_two_environments_of_a_worker_do_not_write_over_each_other(run: Run) -> None:
    first, second = (LiveFrames.of_run(Colour(value, "rgb_array"), run.emitter) for value in (1, 2))
    run.look(fps=30)
    first.show()
    second.show()
    frame = run.frame()
    assert frame is not None
    assert set(frame.data) == {1}
    first.close()
    second._next = 0.0
    second.show()
    frame = run.frame(frame.number)
    assert frame is not None
    assert set(frame.data) == {2}


@pytest.mark.parametrize(
    ("picture", "why"),
    [
        (RuntimeError("no display"), "RuntimeError: no display"),
        (None, "ValueError: render() returned object"),
        (np.zeros((4, 6, 3), np.float32), "float32 of shape (4, 6, 3)"),
        (np.zeros((4, 6, 2), np.uint8), "uint8 of shape (4, 6, 2)"),
    ],
)
def test_an_environment_whose_pictures_fail_is_said_once_and_training_goes_on(
    run: Run, capsys: pytest.CaptureFixture[str], picture: Any, why: str
) -> None:
    bare = Colour(render_mode="rgb_array")
    bare.picture = picture
    env = wrap(bare, run.emitter, render="on")
    env.reset()
    run.look(fps=30)
    for _ in range(100):
        env.step(0)
    assert bare.rendered == 1
    state, alive = run.state()
    assert alive
    assert state["state"] == "unable"
    assert why in state["why"]
    assert capsys.readouterr().err.count("no live frames") == 1


def test_an_environment_that_renders_no_arrays_is_made_all_the_same(run: Run) -> None:
    class Text(Colour):
        metadata = {"render_modes": ["ansi"]}  # noqa: RUF012 - as Gymnasium has it

    class Unaware(Colour):
        def __init__(self) -> None:
            super().__init__()

    for kind, why in (
        (Text, "it renders ansi, and no rgb_array"),
        (Unaware, "unexpected keyword argument 'render_mode'"),
    ):
        live = LiveFrames.of_run(make_rendered(kind, "on"), run.emitter)
        run.look()
        live.show()
        state, _ = run.state()
        assert state["state"] == "unable"
        assert why in state["why"]
        live.close()


def test_an_environment_is_made_as_ever_where_live_frames_are_off() -> None:
    assert make_rendered(Colour, "off", 3).render_mode is None
    assert make_rendered(Colour, "on", 3).render_mode == "rgb_array"
    assert make_rendered(Colour, "on", render_mode="ansi").render_mode == "ansi"


def test_a_full_disk_or_a_folder_in_the_rings_place_ends_no_training(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    run.ring.mkdir(parents=True)
    env = wrap(Colour(render_mode="rgb_array"), run.emitter, render="on")
    env.reset()
    run.look()
    for _ in range(10):
        env.step(0)
    assert "no live frames" in capsys.readouterr().err


@pytest.mark.parametrize("fps", [15.0, 30.0])
@pytest.mark.parametrize("cost", [0.0001, 0.0015, 0.02, 0.5])
def test_pictures_take_less_than_three_percent_of_the_time_whatever_one_costs(cost: float, fps: float) -> None:
    budget, elapsed, spent, pictures = Budget(), 0.0, 0.0, 0
    costs = [0.4]  # the first one loads libraries
    while elapsed < 600:
        price = costs.pop() if costs else cost
        spent += price
        pictures += 1
        elapsed += price + budget.wait_s(price, price, fps)
    assert spent / elapsed < 0.03
    assert pictures / elapsed <= fps * 1.01
    assert pictures / elapsed >= min(fps, 0.8 * SHARE / cost) * 0.95  # and no fewer than that allows


def test_a_slow_environment_and_its_pictures_keep_their_ratio(run: Run) -> None:
    bare = Colour(render_mode="rgb_array")
    bare.render = lambda: time.sleep(0.002) or bare.picture  # type: ignore[method-assign]
    live = LiveFrames.of_run(bare, run.emitter)
    live.show()  # opens the ring
    budget = live._budget
    budget._debt = 0.0
    waits = [budget.wait_s(0.002, 0.002, 30.0) for _ in range(3)]
    assert all(0.002 / (wait + 0.002) <= SHARE * 1.001 for wait in waits)


def test_large_pictures_are_thinned_until_they_fit(run: Run) -> None:
    whole, columns = compose([np.zeros((2160, 3840, 3), np.uint8)])
    assert columns == 1
    assert whole.nbytes <= MAX_PICTURE
    grid, columns = compose([np.zeros((480, 640, 4), np.uint8)] * 16)
    assert columns == 4
    assert grid.nbytes <= MAX_PICTURE
    assert grid.shape[1] <= 1280


def test_nonsense_in_the_request_counts_as_nothing_said(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    for text in ("", "[]", "{", '{"fps": "x"}', '{"place": null}'):
        path.write_text(text)
        assert read_request(path) == FrameRequest()
    path.write_text('{"on": false, "layout": "circle", "place": -3, "fps": 500, "other": 1}')
    assert read_request(path) == FrameRequest(on=False, layout="grid", place=0, fps=30.0)


def test_outside_of_a_run_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MOSAIC_RUN_DIR", raising=False)
    monkeypatch.chdir(tmp_path)
    live = LiveFrames.of_run(Colour(render_mode="rgb_array"), TelemetryEmitter("r", sink=io.StringIO()))
    for _ in range(3):
        live.show()
    live.close()
    assert list(tmp_path.iterdir()) == []


def test_a_pause_within_a_picture_does_not_stop_those_that_follow() -> None:
    budget = Budget()
    budget.wait_s(2.0, 0.3, 15.0)  # loads libraries
    waits = [budget.wait_s(elapsed, 0.0014, 15.0) for elapsed in (60.0, 0.002, 0.002, 50.0, 0.002, 0.002, 0.8, 0.002)]
    assert max(waits) < 1
    slow = [budget.wait_s(0.1, 0.0014, 15.0) for _ in range(30)]  # each one waits for a GPU
    assert slow[-1] > 0.1 / SHARE * 0.97
