"""`mosaic gui` as a user starts it: on a screen of its own, without one, and without Qt."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gym_gui.app import extras
from gym_gui.core.worker.errors import UsageError
from gym_gui.ui import extra

MOSAIC = Path(sys.executable).parent / "mosaic"


def test_a_missing_package_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match="PySide6-Essentials and pyqtgraph") as refused:
        extra.check_installed()
    assert "mosaic-rl[gui]" in refused.value.next_step


@pytest.fixture
def screen() -> Iterator[str]:
    """A real X server without a monitor."""
    xvfb = shutil.which("Xvfb")
    if xvfb is None:
        pytest.skip("no X server: apt install xvfb")
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [xvfb, "-displayfd", str(writer), "-screen", "0", "1366x768x24", "-nolisten", "tcp"],
        pass_fds=(writer,),
        env={name: value for name, value in os.environ.items() if not name.startswith("MOSAIC_")},
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    try:
        with os.fdopen(reader) as number:
            yield f":{number.readline().strip()}"
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.process
def test_the_window_opens_on_a_screen_and_ctrl_c_closes_it(application: object, screen: str, daemon_home: Path) -> None:
    environment = {**os.environ, "DISPLAY": screen, "MOSAIC_HOME": str(daemon_home)}
    environment.pop("QT_QPA_PLATFORM", None)
    process = subprocess.Popen(
        [MOSAIC, "gui", "--json"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        said = json.loads(b"".join(iter(process.stdout.readline, b"}\n")) + b"}")
        if "apt install" in (missing := said.get("error", {}).get("next", "")):
            pytest.skip(missing)
        assert said["shown"] is True
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait(20)
        process.stdout.close()
        process.stderr.close()
