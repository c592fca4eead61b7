"""Installs for real, of tiny packages, with nothing fetched."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker import entry_points
from gym_gui.core.worker.entry_points import read_entry_points
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.runs.lock import is_locked
from gym_gui.workers import probe
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.environments.layout import EnvironmentFolder
from gym_gui.workers.environments.record import WorkerEnvironment, load_environment, registered_environments
from gym_gui.workers.environments.source import find_source
from gym_gui.workers.install import InstallOptions, install_worker
from gym_gui.workers.processes.run import run_to_end

Install = Callable[..., WorkerEnvironment]


def test_a_worker_gets_an_environment_of_its_own(
    project: Callable[..., Path], install: Install, home: Path, view: Any, left: Callable[[Path], list[str]]
) -> None:
    record = install(project())
    folder = EnvironmentFolder(home, "tiny")
    assert left(folder.path) == ["1", "current"]
    assert [step.split()[0] for step in view.steps] == ["environment", "worker", "pip", "compile", "worker"]
    assert (record.number, record.editable, record.sdk_version) == (1, False, "0.1.0")
    assert record.size_bytes > 1 << 20
    assert record == load_environment(folder.version(1))
    assert Path(record.log).read_text().count("exit code 0") == 3

    (worker,) = [known for known in WorkerCatalog(home).list() if known.name == "tiny"]
    assert (worker.broken, worker.environment, worker.python) == (None, "tiny", record.python)
    assert worker.module == "tiny_worker.cli"
    # The SDK is there, MOSAIC is not; the sources are as clean as they were.
    code = "import gym_gui.core.worker, importlib.util as u, sys; sys.exit(u.find_spec('gym_gui.trainer') is not None)"
    assert subprocess.run([record.python, "-I", "-c", code], check=False).returncode == 0
    assert not list(Path(record.origin).glob("*.egg-info"))


def test_an_install_scans_and_probes_once(
    project: Callable[..., Path], install: Install, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scans: list[str] = []
    programs: list[list[str]] = []

    def count_scan(locations: Any, group: str) -> Any:
        found = read_entry_points(locations, group)
        scans.extend(each.location for each in found if each.name == "tiny")
        return found

    def count_program(argv: list[str], **options: Any) -> Any:
        programs.append(argv)
        return run_to_end(argv, **options)

    monkeypatch.setattr(entry_points, "read_entry_points", count_scan)
    monkeypatch.setattr(probe, "run_to_end", count_program)
    python = install(project()).python
    assert len(scans) == 1
    of_tiny = [argv[1:3] for argv in programs if argv[0] == python]
    # Its description, its options, and its config class, as it does not print its schema itself.
    assert [Path(words[0]).name for words in of_tiny] == ["inspect_worker.py", "-m", "schema.py"]
    assert WorkerCatalog(home).get("tiny").broken is None
    assert len(of_tiny) == len([argv for argv in programs if argv[0] == python])


@pytest.mark.slow
def test_the_old_environment_stays_until_the_new_one_works(
    project: Callable[..., Path], install: Install, home: Path, left: Callable[[Path], list[str]]
) -> None:
    folder = EnvironmentFolder(home, "tiny")
    install(project())
    for init, told in (
        ("raise RuntimeError('no')", "RuntimeError: no"),
        ("import a_module_that_is_missing", "a_module_that_is_missing"),
    ):
        with pytest.raises(MosaicError, match="does not work") as error:
            install(project(version="2.0.0", init=init))
        assert told in error.value.why
        assert left(folder.path) == ["1", "current"]
        assert WorkerCatalog(home).get("tiny").version == "1.0.0"
    install(project(version="3.0.0"))
    assert left(folder.path) == ["2", "current"]
    record = WorkerCatalog(home).get("tiny")
    assert (record.version, record.broken) == ("3.0.0", None)
    # The records that were made in the old environment went with it.
    texts = [path.read_text() for path in (home / "workers" / "records").glob("tiny-*.json")]
    assert [str(folder.version(2)) in text for text in texts] == [True]


@pytest.mark.slow
def test_a_run_keeps_the_environment_it_was_started_in(
    project: Callable[..., Path], install: Install, home: Path, left: Callable[[Path], list[str]]
) -> None:
    first = install(project())
    running = subprocess.Popen([first.python, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        install(project())
        assert left(EnvironmentFolder(home, "tiny").path) == ["1", "2", "current"]
    finally:
        running.communicate(b"\n")
    install(project())
    assert left(EnvironmentFolder(home, "tiny").path) == ["3", "current"]


def test_an_editable_install_follows_its_sources(project: Callable[..., Path], install: Install, home: Path) -> None:
    folder = project()
    record = install(folder, editable=True)
    assert record.command() == ["mosaic", "workers", "install", "tiny", "--from", str(folder), "--editable"]
    assert (Path(record.search_path[0]) / "gym_gui" / "core").is_symlink()
    project(init="raise RuntimeError('changed')")
    worker = WorkerCatalog(home).get("tiny")
    assert worker.broken == "RuntimeError: changed"
    assert worker.mend == f"mosaic workers install tiny --from {folder} --editable"


def test_a_requirement_that_does_not_resolve(
    project: Callable[..., Path], install: Install, home: Path, left: Callable[[Path], list[str]]
) -> None:
    with pytest.raises(MosaicError, match=r"pip install .*project failed") as error:
        install(project(requires=("a-library-that-is-nowhere==1.0",)))
    assert error.value.exit_code == 1
    assert "No matching distribution found for a-library-that-is-nowhere==1.0" in error.value.why
    log = Path(error.value.where.removeprefix("log: "))
    assert "a-library-that-is-nowhere" in log.read_text()
    assert left(EnvironmentFolder(home, "tiny").path) == []
    assert registered_environments(home) == []


def test_a_build_backend_that_there_is_not(project: Callable[..., Path], install: Install) -> None:
    folder = project()
    text = (folder / "pyproject.toml").read_text().replace('"backend"', '"setuptools.backends._legacy:_Backend"')
    (folder / "pyproject.toml").write_text(text)
    (folder / "setuptools").mkdir()  # in place of the one that pip would fetch
    (folder / "setuptools" / "__init__.py").touch()
    with pytest.raises(MosaicError, match="failed") as error:
        install(folder)
    assert "setuptools.backends" in error.value.why
    assert error.value.next_step == 'in its pyproject.toml: build-backend = "setuptools.build_meta"'


@pytest.mark.slow
def test_steps_come_first_and_are_kept_for_the_next_attempt(
    tmp_path: Path, project: Callable[..., Path], library: Callable[..., Path], install: Install, view: Any, home: Path
) -> None:
    shelf = tmp_path / "shelf"
    library(shelf, "first", "1.0", {"first.py": ""})
    library(shelf, "second", "1.0", {"second.py": ""})
    steps = f"""
    [tool.mosaic.install]
    steps = [["--find-links", "{shelf}", "first==1.0"], ["--find-links", "{shelf}", "second"]]
    constraints = "limits.txt"
    """
    folder = project(table=steps, requires=("third",))
    (folder / "limits.txt").write_text("second<2\n")
    with pytest.raises(MosaicError, match="are kept for the next attempt"):
        install(folder)
    assert EnvironmentFolder(home, "tiny").unfinished() == [1]
    view.steps.clear()
    view.notes.clear()
    record = install(project(table=steps, requires=("second",)))
    assert record.number == 1
    assert [step.split()[0] for step in view.steps] == ["worker", "pip", "compile", "worker"]
    assert view.notes[0] == "continuing environment 1: 2 steps are done"
    assert {"first.py", "second.py"} <= set(os.listdir(record.search_path[0]))
    assert EnvironmentFolder(home, "tiny").unfinished() == []


@pytest.mark.slow
def test_other_steps_begin_anew(
    tmp_path: Path, project: Callable[..., Path], library: Callable[..., Path], install: Install, home: Path
) -> None:
    library(tmp_path / "shelf", "first", "1.0", {"first.py": ""})
    table = '[tool.mosaic.install]\nsteps = [["--find-links", "{}", "{}"]]\n'
    folder = project(table=table.format(tmp_path / "shelf", "first"), init="raise RuntimeError")
    with pytest.raises(MosaicError, match="does not work"):
        install(folder)
    record = install(project(table=table.format(tmp_path / "shelf", "first==1.0")))
    assert record.number == 1
    assert EnvironmentFolder(home, "tiny").versions() == [1]


@pytest.mark.slow
def test_a_package_that_registers_another_worker(
    tmp_path: Path, project: Callable[..., Path], library: Callable[..., Path], install: Install
) -> None:
    wheel = library(tmp_path, "lib", "1.0", {"lib.py": ""})
    with pytest.raises(MosaicError, match="registers no worker 'tiny'") as error:
        install(wheel)
    assert error.value.why == "it registers none"
    with pytest.raises(UsageError, match="only a folder"):
        install(wheel, editable=True)


@pytest.mark.slow
def test_a_wheel(tmp_path: Path, library: Callable[..., Path], install: Install, home: Path) -> None:
    entry_points = "[mosaic.workers]\ntiny = lib:get_worker_metadata\n"
    init = "def get_worker_metadata():\n    return {'name': 'x'}, {'worker_type': 'tiny'}\n"
    wheel = library(
        tmp_path, "lib", "1.0",
        {"lib/__init__.py": init, "lib-1.0.dist-info/entry_points.txt": entry_points},
    )  # fmt: skip
    assert install(wheel).origin == str(wheel)
    assert WorkerCatalog(home).get("tiny").distribution == "lib"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("git") is None, reason="no git")
def test_a_repository(tmp_path: Path, project: Callable[..., Path], install: Install, home: Path) -> None:
    folder = project("mine.git")
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"], ["tag", "v1"]):
        subprocess.run([*git, *arguments], check=True)
    project("mine.git", version="2.0.0")
    subprocess.run([*git, "commit", "-q", "-a", "-m", "two"], check=True)
    address = f"file://{folder}"
    assert install(f"git+{address}@v1").from_option == f"git+{address}@v1"
    assert WorkerCatalog(home).get("tiny").version == "1.0.0"
    install(address)
    assert WorkerCatalog(home).get("tiny").version == "2.0.0"
    with pytest.raises(MosaicError, match="cannot be fetched") as error:
        install(f"file://{tmp_path}/gone.git")
    assert "fatal:" in error.value.why


def test_ctrl_c_ends_pip_and_leaves_nothing(
    project: Callable[..., Path], install: Install, home: Path, view: Any, left: Callable[[Path], list[str]]
) -> None:
    folder = project()
    interrupts = f"import os, signal, time\nos.kill({os.getpid()}, signal.SIGINT)\ntime.sleep(600)\n"
    (folder / "backend.py").write_text(interrupts)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            install(folder)
    finally:
        signal.signal(signal.SIGINT, before)
    environments = EnvironmentFolder(home, "tiny")
    assert left(environments.path) == []
    assert not is_locked(environments.lock().path)
    assert not _processes(str(environments.path))


@pytest.mark.fault
def test_kill_leaves_the_old_environment_and_the_next_install_goes_on(
    project: Callable[..., Path], install: Install, home: Path, tmp_path: Path, left: Callable[[Path], list[str]]
) -> None:
    install(project())
    slow = project("slow", version="2.0.0")
    backend = (slow / "backend.py").read_text()
    mark = tmp_path / "building"
    (slow / "backend.py").write_text(f"import time\nopen({str(mark)!r}, 'w').close()\ntime.sleep(600)\n")
    code = "import sys; from gym_gui.cli.main import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "workers", "install", "tiny", "--from", str(slow)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    _wait_for(mark.exists)
    process.kill()
    process.wait()
    folder = EnvironmentFolder(home, "tiny")
    assert folder.current() == 1
    assert WorkerCatalog(home).get("tiny").version == "1.0.0"
    _wait_for(lambda: not _pip_of(folder))
    for pid in _processes(str(slow)) | _processes(str(folder.path)):
        os.kill(pid, signal.SIGKILL)  # the build that pip had started
    _wait_for(lambda: not is_locked(folder.lock().path))
    (slow / "backend.py").write_text(backend)
    assert install(slow).number == 2
    assert left(folder.path) == ["2", "current"]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode:
        pytest.skip("cannot mount a file system")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.fault
@pytest.mark.parametrize("where", ["source", "library"])
def test_a_full_disk_is_said_and_cleaned_up(
    project: Callable[..., Path],
    library: Callable[..., Path],
    small: Path,
    tmp_path: Path,
    view: Any,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    text = "x" * (30 << 20)
    folder = project(requires=("large",) if where == "library" else ())
    if where == "source":
        (folder / "tiny_worker" / "large.txt").write_text(text)
    library(tmp_path / "shelf", "large", "1.0", {"large.txt": text})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "shelf"))
    with pytest.raises(MosaicError, match="the disk is full") as error:
        install_worker(small / "home", find_source("tiny", str(folder)), InstallOptions(), view)
    assert "MiB free" in error.value.where
    assert "No space left" in error.value.why
    environments = EnvironmentFolder(small / "home", "tiny")
    assert os.listdir(environments.path) == ["logs"]
    (log,) = environments.logs.iterdir()
    assert log.stat().st_size > 0


@pytest.mark.slow
@pytest.mark.interpreters
def test_another_interpreter(project: Callable[..., Path], install: Install, home: Path) -> None:
    found = sorted(Path.home().glob(".pyenv/versions/3.8.*/bin/python3.8"))
    if not found:
        pytest.skip("no Python 3.8 on this machine")
    record = install(project(), python=str(found[-1]))
    assert record.python_version.startswith("3.8.")
    assert WorkerCatalog(home).get("tiny").broken is None
    with pytest.raises(UsageError, match=r"cannot run on Python 3\.8"):
        install(project(python=">=3.10"), python=str(found[-1]))


def _processes(text: str) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if text.encode() in (entry / "cmdline").read_bytes():
                    found.add(int(entry.name))
            except OSError:
                continue
    return found


def _pip_of(folder: EnvironmentFolder) -> set[int]:
    return {pid for pid in _processes(str(folder.path)) if b"--no-compile" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def _wait_for(condition: Callable[[], Any], timeout_s: float = 300.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
