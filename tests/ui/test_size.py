"""The window stays small: what is no widget belongs into the packages below, which the dashboard and commands share."""

from __future__ import annotations

from pathlib import Path

import gym_gui

#: Lines of all modules together, and of one.
_WHOLE, _ONE = 6000, 400


def test_the_window_and_its_modules_stay_small() -> None:
    lines = {path: len(path.read_bytes().splitlines()) for path in Path(gym_gui.__file__).parent.glob("ui/**/*.py")}
    assert len(lines) > 40
    assert sum(lines.values()) < _WHOLE
    assert {path.name: count for path, count in lines.items() if count > _ONE} == {}
