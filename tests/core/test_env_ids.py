"""Environment ids: split, their packages imported, and said clearly why not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.envs import EnvironmentPackageError, find_env_spec, import_env_package, parse_env_id
from gym_gui.core.worker.envs import ids as ids_module

REGISTERS = "import gymnasium\ngymnasium.register({!r}, entry_point='gymnasium.envs.classic_control:CartPoleEnv')\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Make a module that can be imported."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(name: str, code: str) -> None:
        monkeypatch.delitem(sys.modules, name, raising=False)
        (tmp_path / f"{name}.py").write_text(code)

    return make


@pytest.mark.parametrize(
    ("env_id", "package", "name"),
    [
        ("CartPole-v1", "", "CartPole-v1"),
        ("ALE/Pong-v5", "", "ALE/Pong-v5"),
        ("mine:Name-v0", "mine", "Name-v0"),
        ("my_envs.grid:ns/Name-v0", "my_envs.grid", "ns/Name-v0"),
        ("no-module:Name-v0", "", "no-module:Name-v0"),
        (".up:Name-v0", "", ".up:Name-v0"),
        ("a:b:Name-v0", "", "a:b:Name-v0"),
        (":Name-v0", "", ":Name-v0"),
        ("mine:", "", "mine:"),
        ("", "", ""),
    ],
)
def test_an_id_is_split(env_id: str, package: str, name: str) -> None:
    assert parse_env_id(env_id) == (package, name)


@pytest.mark.process
@given(st.text(max_size=30))
def test_any_text_is_split_into_what_it_was(env_id: str) -> None:
    package, name = parse_env_id(env_id)
    assert (f"{package}:{name}" if package else name) == env_id
    assert all(part.isidentifier() for part in package.split(".")) or not package


def test_the_package_registers_the_environment(package: Callable[[str, str], None]) -> None:
    pytest.importorskip("gymnasium")
    package("ids_test_registers", REGISTERS.format("IdsTest-v0"))
    spec = find_env_spec("ids_test_registers:IdsTest-v0")
    assert spec.id == "IdsTest-v0"
    assert import_env_package("CartPole-v1") == "CartPole-v1"


def test_atari_games_are_registered_by_their_package(
    package: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in for ale-py, which registers its games as this does: when it is imported."""
    gymnasium = pytest.importorskip("gymnasium")
    monkeypatch.setitem(sys.modules, "ale_py", None)
    with pytest.raises(Exception, match="Namespace ALE not found"):
        find_env_spec("ALE/IdsTest-v5")
    monkeypatch.delitem(sys.modules, "ale_py")
    package("ale_py", REGISTERS.format("ALE/IdsTest-v5"))
    try:
        assert find_env_spec("ALE/IdsTest-v5").id == "ALE/IdsTest-v5"
    finally:
        gymnasium.registry.pop("ALE/IdsTest-v5", None)  # other tests ask whether there are games


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (None, "ModuleNotFoundError: No module named 'ids_test_broken'"),
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("this is no Python", "SyntaxError"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("raise ValueError", "ValueError"),
    ],
)
def test_a_package_that_cannot_be_imported_is_named(
    package: Callable[[str, str], None], code: str | None, told: str
) -> None:
    if code is not None:
        package("ids_test_broken", code)
    with pytest.raises(EnvironmentPackageError, match="the package 'ids_test_broken' cannot be imported") as caught:
        find_env_spec("ids_test_broken:Name-v0")
    assert told in str(caught.value)


@pytest.mark.process
def test_an_interpreter_without_mosaic_can_run_it_by_its_path() -> None:
    program = f"import runpy; print(runpy.run_path({ids_module.__file__!r})['parse_env_id']('a:B-v0'))"
    said = subprocess.run([sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True)
    assert said.stdout.strip() == "('a', 'B-v0')"
