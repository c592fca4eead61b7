from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import gym_gui
from gym_gui.workers.environments import sdk

USE = """
import gym_gui.core.worker as w, gym_gui.logging_config.log_constants
from gym_gui.telemetry.semconv import TelemetryEnv, VideoModes
from gym_gui.services.trainer.proto import trainer_pb2, trainer_pb2_grpc
from gym_gui.constants.constants_tensorboard import build_tensorboard_log_dir
w.TelemetryEmitter('r').run_started({})
"""


def works_in(site: Path) -> bool:
    code = f"import sys; sys.path[:] = [p for p in sys.path if 'site-packages' not in p] + [{str(site)!r}]; {USE}"
    ended = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    return ended.returncode == 0 and '"run_started"' in ended.stdout


@pytest.mark.parametrize("linked", [False, True])
def test_the_sdk_works_where_it_is_placed(tmp_path: Path, linked: bool) -> None:
    for _ in range(2):
        assert sdk.place_sdk(tmp_path, linked=linked) == gym_gui.__version__
    (found,) = importlib.metadata.distributions(path=[str(tmp_path)])
    assert (found.metadata["Name"], found.version) == ("mosaic-rl-sdk", gym_gui.__version__)
    assert works_in(tmp_path)
    rooms = {name.partition("/")[0] for name in sdk._PARTS}
    assert {path.name for path in (tmp_path / "gym_gui").iterdir()} - {"__pycache__"} == rooms
    telemetry = {path.name for path in (tmp_path / "gym_gui" / "telemetry").iterdir()} - {"__pycache__"}
    assert telemetry == {"__init__.py", "semconv.py"}


def test_pip_takes_links_away_and_leaves_what_they_lead_to(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path)], check=True)
    (site,) = tmp_path.glob("lib/python3*/site-packages")
    sdk.place_sdk(site, linked=True)
    pip = [sys.executable, "-m", "pip", "--python", str(tmp_path / "bin" / "python"), "uninstall", "-q", "-y"]
    subprocess.run([*pip, sdk.DISTRIBUTION], check=True, capture_output=True)
    assert not [path for path in site.rglob("*") if path.is_symlink()]
    assert (Path(gym_gui.__file__).parent / "core" / "worker" / "telemetry.py").is_file()


def test_the_wheel_that_mosaic_carries_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = tmp_path / "root" / "_wheels" / "mosaic_rl_sdk-9.9.9-py3-none-any.whl"
    wheel.parent.mkdir(parents=True)
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("gym_gui/__init__.py", "")
    monkeypatch.setattr(sdk, "_ROOT", tmp_path / "root")
    (tmp_path / "site").mkdir()
    assert sdk.place_sdk(tmp_path / "site") == "9.9.9"
    assert (tmp_path / "site" / "gym_gui" / "__init__.py").exists()
