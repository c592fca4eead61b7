"""Pictures of learning curves."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gym_gui.analysis.plot import plot_learning_curve
from gym_gui.core.worker.errors import MosaicError
from gym_gui.reading.curves import Line

LINES = [Line(f"seed {seed}", (0.0, 50.0, 100.0), (seed * 1.0, 20.0, 30.0 + seed)) for seed in range(3)]


@pytest.mark.process  # where Matplotlib has listed no fonts yet, it asks fc-list
@pytest.mark.long
def test_the_picture_says_what_it_shows(tmp_path: Path) -> None:
    path = plot_learning_curve(LINES, tmp_path / "curve.svg", title="PPO on Toy", best_possible=40.0)
    assert path.stat().st_size > 10_000
    png = plot_learning_curve(LINES[:1], tmp_path / "curve.png", title="PPO on Toy")
    assert png.read_bytes().startswith(b"\x89PNG")
    plain = plot_learning_curve(
        LINES, tmp_path / "levels.svg", title="Agents", steps="episodes", levels={"by chance": 2.0}, seeds=False
    )
    assert plain.stat().st_size > 10_000


def test_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(MosaicError, match="nothing to draw"):
        plot_learning_curve([Line("a", (), ())], tmp_path / "curve.png", title="t")
    assert not (tmp_path / "curve.png").exists()


def test_a_place_that_cannot_be_written() -> None:
    with pytest.raises(MosaicError, match="cannot be written"):
        plot_learning_curve(LINES, Path("/proc/curve.png"), title="t")


@pytest.mark.process
def test_without_matplotlib_the_error_says_what_to_install(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "class NoMatplotlib:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] == 'matplotlib': return None\n"
        "        return self.inner.find_spec(name, path, target)\n"
        "from importlib.machinery import PathFinder\n"
        "NoMatplotlib.inner = PathFinder\n"
        "sys.meta_path = [f for f in sys.meta_path if f is not PathFinder] + [NoMatplotlib()]\n"
        "from gym_gui.cli.main import main\n"
        "sys.exit(main(['demo']))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "matplotlib" in ended.stderr
    assert "pip install 'mosaic-rl[plot]'" in ended.stderr
