"""Where an attempt of another machine lies on this one; the rest of it is tested with real runs."""

from __future__ import annotations

from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath

import pytest

from gym_gui.fleet.agent.attempt import HeldAttempt
from gym_gui.fleet.agent.inputs import AttemptInputs, InputStore

HOME, RUN = "/home/ada/mosaic", "01K"


def held(home: PurePath) -> HeldAttempt:
    """Return an attempt that has its folder and nothing else."""
    attempt = HeldAttempt.__new__(HeldAttempt)
    attempt.state = {"run_id": RUN}
    attempt._inputs = AttemptInputs([], Path(), InputStore(Path()), lambda *_: b"", lambda: True)
    attempt._inputs.places["/home/ada/mosaic/runs/01J/a.pt"] = home / "a.pt"  # type: ignore[assignment]
    attempt._home, attempt._folder = home, home / "runs" / RUN  # type: ignore[assignment]
    return attempt


@pytest.mark.parametrize(
    ("home", "folder", "log"),
    [
        (PurePosixPath("/root/agent"), "/root/agent/runs/01K", "/root/agent/runs/01K/logs/a.b"),
        (
            PureWindowsPath(r"C:\Users\ada\agent"),
            r"C:\Users\ada\agent\runs\01K",
            r"C:\Users\ada\agent\runs\01K\logs\a.b",
        ),
    ],
)
def test_paths_of_the_home_become_those_of_this_machine_and_back(home: PurePath, folder: str, log: str) -> None:
    attempt = held(home)
    theirs = f"{HOME}/runs/{RUN}"
    order = {"cwd": theirs, "argv": ["x", f"{theirs}/logs/a.b", f"{theirs}2/x", "/etc/x"], "home": HOME, "cpus": 2}
    assert attempt._placed(order, HOME) == {
        "cwd": folder,
        "argv": ["x", log, f"{theirs}2/x", "/etc/x"],
        "home": str(home),
        "cpus": 2,
    }
    placed = attempt._placed({"checkpoint_path": "/home/ada/mosaic/runs/01J/a.pt"}, HOME)
    assert placed == {"checkpoint_path": str(home / "a.pt")}
    assert attempt._relative(log) == "logs/a.b"
