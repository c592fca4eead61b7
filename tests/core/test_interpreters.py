"""The SDK does the same under every Python from 3.8 that is on this machine."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SMOKE = Path(__file__).parent / "sdk_smoke.py"


def _version(python: Path) -> tuple[int, ...]:
    code = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return (0,)
    return tuple(int(part) for part in done.stdout.split())


@functools.lru_cache
def interpreters() -> tuple[str, ...]:
    """Return every Python from 3.8 that pyenv installed or that lies beside the system's."""
    found = [*Path.home().glob(".pyenv/versions/3.*/bin/python3"), *Path("/usr/bin").glob("python3.[0-9]*")]
    return tuple(
        str(python) for python in sorted(found) if not python.name.endswith("config") and _version(python) >= (3, 8)
    )


def smoke(python: str, *flags: str) -> Any:
    done = subprocess.run(
        [python, "-W", "error", *flags, str(SMOKE)],
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_without_any_installed_package() -> None:
    """The standard library alone is enough (-S -E: no site-packages), and says the same as with msgspec."""
    code = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); exec(compile(open({str(SMOKE)!r}).read(), 'x', 'exec'))"
    )
    bare = subprocess.run(
        [sys.executable, "-W", "error", "-S", "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert bare.returncode == 0, bare.stderr
    assert json.loads(bare.stdout)["seen"] == smoke(sys.executable)["seen"]


@pytest.mark.interpreters
@pytest.mark.parametrize("python", interpreters())
def test_all_see_the_same(python: str) -> None:
    assert smoke(python)["seen"] == smoke(sys.executable)["seen"]


@pytest.mark.interpreters
def test_wheel_holds_the_sdk_alone_and_works_where_it_is_installed(tmp_path: Path) -> None:
    """Built, installed into a fresh environment of the oldest Python at hand, and used there."""
    import zipfile

    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(REPOSITORY / "sdk")], check=True, capture_output=True, timeout=110)
    (wheel,) = tmp_path.glob("mosaic_rl_sdk-*-py3-none-any.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    rooms = {"core", "constants", "config", "logging_config", "services", "telemetry", "__init__.py", "py.typed"}
    inside = {name.split("/")[1] for name in names if name.startswith("gym_gui/")}
    assert inside <= rooms
    telemetry = {name for name in names if name.startswith("gym_gui/telemetry/")}
    assert telemetry == {"gym_gui/telemetry/__init__.py", "gym_gui/telemetry/semconv.py"}
    assert {"core", "constants", "config", "logging_config", "__init__.py"} <= inside
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"gym_gui", "mosaic_rl_sdk"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    others = [python for python in interpreters() if _version(Path(python)) != sys.version_info[:2]]
    python = min(others, key=lambda each: _version(Path(each))) if others else sys.executable
    environment = tmp_path / "venv"
    subprocess.run([python, "-m", "venv", str(environment)], check=True, capture_output=True, timeout=110)
    inner = str(environment / "bin" / "python")
    install = [inner, "-m", "pip", "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=110)
    done = subprocess.run(
        [inner, "-W", "error", str(SMOKE)],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["file"].startswith(str(environment))
    assert result["seen"] == smoke(sys.executable)["seen"]


@pytest.mark.interpreters
@pytest.mark.parametrize("python", interpreters())
def test_the_program_that_plays_episodes_again_needs_no_package_of_its_own(python: str, tmp_path: Path) -> None:
    """It names what an environment lacks, in place of failing itself."""
    request = {"env_id": "CartPole-v1", "env_kwargs": {}, "api": "", "package": "", "config": {}, "phase": "train",
               "episodes": [{"seed": 1, "steps": []}],
               "first": 0, "count": 0, "max_side": 0, "memory_bytes": 1 << 31}  # fmt: skip
    (tmp_path / "request.json").write_text(json.dumps(request))
    program = REPOSITORY / "gym_gui" / "core" / "worker" / "envs" / "resimulate.py"
    done = subprocess.run(
        [python, "-S", str(program), str(tmp_path / "request.json")], capture_output=True, timeout=60, check=True
    )
    length = int.from_bytes(done.stdout[:4], "big")
    last = json.loads(done.stdout[4 : 4 + length])
    assert (last["kind"], last["stage"], last["missing"]) == ("end", "make", "gymnasium")
