"""Which proxy has its turn when, in a process with many."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from gym_gui.proxy._pace import TICK_HURRIED_S, TICK_S
from gym_gui.proxy.shared import LOOK_S, REST_S, SharedProxies
from gym_gui.runs import RunFolder


class Turns:
    """A proxy that only counts its turns."""

    def __init__(self, name: str) -> None:
        self.folder = RunFolder(Path("/runs") / name)
        self.report_s = 0.0
        self.called = self.draining = False
        self.sign = 0
        self.count = 0
        self.pause_s = TICK_S

    def signs(self) -> tuple[int, ...]:
        return (self.sign,)

    def drain(self) -> None:
        self.draining = True

    def turns(self) -> Generator[float, None, int]:
        while not self.draining:
            self.count += 1
            if self.pause_s < 0:
                raise OSError("broken")
            yield self.pause_s
        return 4


class Scene:
    """Proxies on a clock that stands still until it is set."""

    def __init__(self) -> None:
        self.now = 100.0
        self.ended: dict[str, int | Exception] = {}
        self.proxies = SharedProxies(lambda: self.now, lambda _: None, self.ended.__setitem__)

    def add(self, name: str) -> Turns:
        proxy = Turns(name)
        self.proxies.add(proxy)  # type: ignore[arg-type]
        self.proxies.turn()
        assert proxy.count == 1
        return proxy

    def pass_s(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            self.now = min(until, self.now + max(0.001, self.proxies.turn()))
        self.proxies.turn()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_run_of_which_nothing_changes_has_a_turn_now_and_then(scene: Scene) -> None:
    proxy = scene.add("quiet")
    scene.pass_s(10 * REST_S)
    assert 8 <= proxy.count <= 12


def test_one_that_changes_has_its_turn_at_the_next_look(scene: Scene) -> None:
    quiet, lively = scene.add("quiet"), scene.add("lively")
    for _ in range(3):
        lively.sign += 1
        scene.pass_s(2 * LOOK_S)
    assert (quiet.count, lively.count) == (1, 4)


def test_one_in_a_hurry_and_one_that_is_called_wait_less(scene: Scene) -> None:
    hurried, called = scene.add("hurried"), scene.add("called")
    hurried.pause_s, hurried.sign, called.called = TICK_HURRIED_S, 1, True
    scene.pass_s(2 * LOOK_S)  # until each was looked at
    before = hurried.count, called.count
    scene.pass_s(1.0)
    assert hurried.count - before[0] > 150
    assert 8 <= called.count - before[1] <= 11


def test_one_that_fails_ends_alone_and_draining_ends_all(scene: Scene) -> None:
    broken, good = scene.add("broken"), scene.add("good")
    broken.pause_s, broken.sign = -1.0, 1
    scene.pass_s(2 * LOOK_S)
    assert isinstance(scene.ended["broken"], OSError)
    assert len(scene.proxies) == 1
    scene.proxies.drain()
    scene.pass_s(REST_S)
    assert scene.ended["good"] == 4
    assert good.draining
    assert len(scene.proxies) == 0


def test_many_report_less_often(scene: Scene) -> None:
    proxies = [scene.add(f"run-{number}") for number in range(200)]
    assert {proxy.report_s for proxy in proxies} == {2.0}
