from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.environments.interpreters import OLDEST, ask_interpreter, choose_interpreter, find_interpreters


def test_this_interpreter_is_chosen_where_it_fits() -> None:
    found = choose_interpreter(None, {"requires-python": ">=3.10"})
    assert found.version == sys.version_info[:3]
    assert Path(found.python).resolve() == Path(sys.executable).resolve()


def test_what_lies_on_this_machine() -> None:
    found = find_interpreters()
    assert sys.version_info[:3] in [python.version for python in found]
    assert [python.version for python in found] == sorted((python.version for python in found), reverse=True)
    assert all(python.version >= OLDEST for python in found)


def test_one_that_does_not_fit_names_those_that_do() -> None:
    with pytest.raises(UsageError, match="cannot run on Python") as error:
        choose_interpreter(sys.executable, {"[tool.mosaic.install].python": "<3.10"})
    assert "[tool.mosaic.install].python is <3.10" in error.value.why
    assert "--python" in error.value.next_step
    major, minor, _ = sys.version_info[:3]
    with pytest.raises(UsageError, match=r"there is no Python 3\.99 on this machine") as error:
        choose_interpreter("3.99", {"requires-python": f">={major}.{minor}"})
    assert f"({major}.{minor}." in error.value.next_step


def test_none_fits() -> None:
    with pytest.raises(UsageError, match="no Python on this machine") as error:
        choose_interpreter(None, {"requires-python": ">=3.99"})
    assert "install a Python >=3.99" in error.value.next_step
    assert "found: " in error.value.why
    assert sys.executable in error.value.why or ".".join(map(str, sys.version_info[:3])) in error.value.why


def test_a_demand_of_two_sources_is_said_once() -> None:
    with pytest.raises(UsageError, match="no Python on this machine") as error:
        choose_interpreter(None, {"requires-python": ">=3.99", "[tool.mosaic.install].python": ">=3.99"})
    assert error.value.why.startswith("requires-python is >=3.99; found: ")
    assert "install a Python >=3.99, e.g." in error.value.next_step


def test_missing_and_broken_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no interpreter"):
        choose_interpreter(str(tmp_path / "python"), {})
    for wanted in ("", " "):
        with pytest.raises(UsageError, match="--python is empty"):
            choose_interpreter(wanted, {})
    with pytest.raises(UsageError, match="there is no interpreter") as error:
        choose_interpreter(str(tmp_path), {})
    assert error.value.why == "it is a folder"
    for name, text, told in (
        ("false", "#!/bin/sh\necho 'libpython is missing' >&2\nexit 127\n", "libpython is missing"),
        ("quiet", "#!/bin/sh\nexit 3\n", "exit code 3"),
        ("other", "#!/bin/sh\necho '{}'\n", "{}"),
    ):
        program = tmp_path / name
        program.write_text(text)
        program.chmod(0o755)
        with pytest.raises(UsageError, match="is not a working Python") as error:
            choose_interpreter(str(program), {})
        assert told in error.value.why


def test_one_that_is_too_old(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho '[[3, 7, 16], \"/opt/python3.7\"]'\n")
    program.chmod(0o755)
    assert ask_interpreter(str(program)).version_text == "3.7.16"
    with pytest.raises(UsageError, match=r"cannot run on Python 3\.7\.16") as error:
        choose_interpreter(str(program), {})
    assert "3.8 or later" in error.value.why


@pytest.mark.parametrize("version", ["3.7", "2.7.18", "2"])
def test_a_version_that_is_too_old_is_said_to_be(version: str) -> None:
    """Whether there is one or not: nobody should go and install it."""
    with pytest.raises(UsageError, match=f"Python {version} is too old") as error:
        choose_interpreter(version, {})
    assert "3.8 or later" in error.value.why
    assert f"--python {ask_interpreter(sys.executable).python};" in error.value.next_step


def test_a_specifier_that_cannot_be_read() -> None:
    with pytest.raises(UsageError, match=r"\[tool.mosaic.install\].python cannot be read"):
        choose_interpreter(None, {"requires-python": "", "[tool.mosaic.install].python": "3.8"})
