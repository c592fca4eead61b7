"""What a user wants installed with a worker: never an option of pip, kept, and installed again."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.core.worker.secret_detection import hide_passwords
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.environments.additions import Additions, additions_of, not_an_option, read_additions
from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.process import InstallLog
from gym_gui.workers.environments.record import WorkerEnvironment, load_environment
from gym_gui.workers.environments.source import Source, fetch_sources, find_source

Install = Callable[..., WorkerEnvironment]
OPTIONS = [
    "--requirement=/etc/passwd",
    "-r/etc/passwd",
    "-r",
    "-e.",
    "--editable=.",
    " --index-url=http://example.org",
    "\t-e.",
    "-",
    "--",
    "",
    "  ",
    "pkg\n--index-url=x",
    "pkg\0",
    "\x1b[2J",
]


@pytest.mark.parametrize("text", OPTIONS)
def test_what_pip_would_take_for_an_option_is_refused_everywhere(text: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--from cannot be"):
        find_source("mine", text)
    if text.strip():
        with pytest.raises(UsageError, match="--from cannot be"):
            find_source("mine", f"git+{text}")
    with pytest.raises(UsageError, match="--with cannot be"):
        read_additions((text,), None)


@pytest.mark.parametrize("reference", ["--orphan=x", "-f"])
def test_a_branch_is_no_option_of_git(reference: str, tmp_path: Path) -> None:
    source = Source("mine", "x", git=f"file://{tmp_path}/a.git@{reference}")
    with (
        contextlib.closing(InstallLog(tmp_path / "log")) as log,
        pytest.raises(UsageError, match="branch, tag or commit after @ cannot be"),
    ):
        fetch_sources(source, tmp_path, log=log, lock=0)


@given(st.text(max_size=20))
def test_whatever_passes_begins_with_no_hyphen(text: str) -> None:
    try:
        passed = not_an_option(text, "--with")
    except UsageError:
        return
    assert passed == text
    assert passed.strip()[0] != "-"


def test_files_are_found_from_where_the_user_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lib-1.0-py3-none-any.whl").touch()
    (tmp_path / "-lib").mkdir()
    (tmp_path / "needs.txt").write_text("pygame>=2\n")
    found = read_additions(("lib-1.0-py3-none-any.whl", "./-lib[x]", "pygame >= 2", "lib"), Path("needs.txt"))
    here = Path.cwd()
    assert found.packages == (str(here / "lib-1.0-py3-none-any.whl"), f"{here}/-lib[x]", "pygame >= 2", "lib")
    assert (found.requirements, found.text) == (here / "needs.txt", "pygame>=2\n")
    with pytest.raises(UsageError, match="the requirements cannot be read"):
        read_additions((), Path("none.txt"))


def imports(record: WorkerEnvironment, modules: str) -> bool:
    ended = subprocess.run([record.python, "-I", "-c", f"import {modules}"], check=False, capture_output=True)
    return ended.returncode == 0


@pytest.mark.timeout(600)  # pip makes four environments, on a machine that may be busy
def test_packages_are_installed_with_the_worker_and_again_with_the_next(
    project: Callable[..., Path],
    library: Callable[..., Path],
    install: Install,
    home: Path,
    view: object,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wheels = tmp_path / "wheels"
    one = library(wheels, "lib_one", "1.0", {"lib_one.py": ""})
    library(wheels, "lib_two", "1.0", {"lib_two.py": ""})
    needs = tmp_path / "needs.txt"
    needs.write_text("lib_two==1.0\n")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    folder = project(init="import lib_one, lib_two\n" + INIT)

    with pytest.raises(MosaicError, match="does not work") as error:
        install(folder)
    assert f"mosaic workers install tiny --from {folder} --with lib_one" in error.value.next_step
    assert "dependencies" in error.value.next_step

    first = install(folder, additions=read_additions((str(one),), needs))
    assert WorkerCatalog(home).get("tiny").broken is None
    assert first.command()[4:] == ["--from", str(folder), "--with", str(one), "--requirements", str(needs)]
    assert first == load_environment(EnvironmentFolder(home, "tiny").version(first.number))

    needs.unlink()  # its text was kept
    second = install(folder)
    assert second.number != first.number
    assert imports(second, "lib_one, lib_two")
    assert (second.with_packages, second.requirements_text) == ([str(one)], "lib_two==1.0\n")
    assert (second.packages, second.packages_digest) == (first.packages, first.packages_digest)
    third = install(folder)
    assert imports(third, "lib_one, lib_two")
    assert third.requirements_text == "lib_two==1.0\n"


def test_optional_dependencies_are_installed_again_unless_others_are_named(
    project: Callable[..., Path],
    library: Callable[..., Path],
    install: Install,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wheels = tmp_path / "wheels"
    library(wheels, "lib_one", "1.0", {"lib_one.py": ""})
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    folder = project(extras={"one": ["lib_one"], "two": []})
    assert imports(install(f"{folder}[one]"), "lib_one")
    again = install(folder)
    assert imports(again, "lib_one")
    assert again.extras == "[one]"
    other = install(f"{folder}[two]")
    assert not imports(other, "lib_one")
    project(extras={"three": []})  # what a later version does not have is not asked for
    assert install(folder).extras == ""


def test_a_password_is_not_kept_and_said_to_be_missing(
    project: Callable[..., Path], install: Install, home: Path
) -> None:
    record = install(project())
    record.with_packages = ["lib @ https://me:****@example.org/lib.whl"]
    record.save()
    with pytest.raises(UsageError, match=r"password of .* is not kept"):
        install(project())


def test_the_passwords_in_a_requirements_file_are_not_kept(
    project: Callable[..., Path], install: Install, tmp_path: Path
) -> None:
    needs = tmp_path / "needs.txt"
    needs.write_text("--extra-index-url https://me:geheim@127.0.0.1:9/simple\n")
    record = install(project())
    record.requirements_file, record.requirements_text = str(needs), hide_passwords(needs.read_text())
    record.save()
    assert additions_of(record, tmp_path).text == needs.read_text(), "the file as it is now"
    needs.unlink()
    with pytest.raises(UsageError, match="the passwords in it were not kept"):
        additions_of(record, tmp_path)


def test_no_password_of_a_requirements_file_is_in_the_record(
    project: Callable[..., Path], install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_RETRIES", "0")
    needs = tmp_path / "needs.txt"
    needs.write_text("--find-links https://me:geheim@127.0.0.1:9/simple\n")
    record = install(project(), additions=read_additions((), needs))
    assert "geheim" not in "".join(path.read_text("utf-8", "replace") for path in record.folder.glob("*.json"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "missing"),
    [
        ("from gym_gui.fastlane import FastLaneWriter", "gym_gui.fastlane"),
        ("from gym_gui.config.paths import VAR_NONE", "gym_gui.config.paths"),
        ("import gym_gui.ui.forms", "gym_gui.ui"),
    ],
)
def test_a_name_that_mosaic_leaves_out_belongs_into_no_dependencies(
    project: Callable[..., Path], install: Install, line: str, missing: str
) -> None:
    with pytest.raises(MosaicError, match="does not work") as error:
        install(project(init=f"{line}\n{INIT}"))
    assert f"MOSAIC's {missing} does not have it" in error.value.next_step
    assert "docs/explanation/names.md" in error.value.next_step
    assert "--with" not in error.value.next_step


def test_nothing_is_nothing() -> None:
    assert not Additions()
    assert Additions(("a",)).shown() == "--with a"
    assert os.sep not in Additions().shown()


INIT = """
def get_worker_metadata():
    from gym_gui.core.worker import WorkerCapabilities, WorkerMetadata
    return WorkerMetadata(name="tiny", version="1"), WorkerCapabilities(worker_type="tiny")
"""
