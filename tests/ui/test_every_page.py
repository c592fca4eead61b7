"""Every page, dialog, dock and menu of the window: whole, nothing over anything else, every control named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qt_layout import layout_faults, nameless_controls
from window_pages import THEMES, everything, furnish

from gym_gui.rpc.client import TrainerClient

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]
SIZE = (1366, 768)
SCALE = "QT_SCALE_FACTOR"


@pytest.mark.parametrize("theme", THEMES)
def test_everything_is_whole_and_named(
    application: Any, window: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]],
    until: Any, tmp_path: Path, theme: str,
) -> None:  # fmt: skip
    from gym_gui.ui.theme import apply_theme

    ids = furnish(client, random_config, tmp_path)
    found: dict[str, list[str]] = {}
    apply_theme(application, theme)  # type: ignore[arg-type]
    try:
        for shown in everything(window, ids, until):
            faults = layout_faults(shown.widget)
            faults += [f"no name: {each}" for each in nameless_controls(shown.widget)]
            if shown.widget is window and (window.width(), window.height()) != SIZE:
                faults.append(f"the window has grown to {window.width()}x{window.height()}")
            if faults:
                found[shown.name] = faults
    finally:
        apply_theme(application, "light")
    assert not found, json.dumps(found, indent=1, ensure_ascii=False)


@pytest.mark.skipif(SCALE in os.environ, reason="this is the scaled one")
def test_everything_is_whole_at_twice_the_scale(tmp_path: Path) -> None:
    screen = {"name": "large", "x": 0, "y": 0, "width": 2 * SIZE[0], "height": 2 * SIZE[1], "logicalDpi": 96, "dpr": 1}
    (tmp_path / "screens.json").write_text(json.dumps({"screens": [screen]}))
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", __file__, "-k", "whole_and_named"]
    platform = f"offscreen:configfile={tmp_path / 'screens.json'}"
    environment = {**os.environ, SCALE: "2", "QT_QPA_PLATFORM": platform}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
