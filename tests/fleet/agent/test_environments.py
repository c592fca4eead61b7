"""Environments of workers are built once, whole or not at all, and removed when they are old. Real builds, no index."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from waiting import eventually

from gym_gui.fleet.agent import environments as module
from gym_gui.fleet.agent.environment_builder import BUILD_ENVIRONMENT, BuildPlaces
from gym_gui.fleet.agent.environments import Environments, EnvironmentUnavailable

pytestmark = pytest.mark.process


def wheel(name: str = "tiny_worker") -> bytes:
    """Return a wheel of a package with one empty module."""
    stream = io.BytesIO()
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}/__init__.py": "",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(stream, "w") as archive:
        for each, text in files.items():
            archive.writestr(each, text)
    return stream.getvalue()


def bundle(files: dict[str, str] | None = None, **changes: Any) -> bytes:
    """Return a bundle that needs no index, with some files more."""
    recipe = {
        "worker": "tiny", "distribution": "tiny_worker", "version": "1.0", "module": "tiny_worker",
        "pythons": [f"3.{sys.version_info[1]}"], "steps": [], "package": "package/tiny_worker-1.0-py3-none-any.whl",
        "extras": "", "with": [], **changes,
    }  # fmt: skip
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("recipe.json", json.dumps(recipe))
        archive.writestr("pins.txt", "")
        archive.writestr("sdk/gym_gui/core/worker/__init__.py", "")
        archive.writestr("package/tiny_worker-1.0-py3-none-any.whl", wheel())
        for name, text in (files or {}).items():
            archive.writestr(name, text)
    return stream.getvalue()


class Watcher:
    """Waits for an environment, and notes what it is told."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.digest = hashlib.sha256(data).hexdigest()
        self.going = True
        self.fetched = 0
        self.notes: list[str] = []
        self.lines: list[str] = []
        self.on_note: Callable[[str], None] = lambda _text: None

    def wanted(self) -> bool:
        return self.going

    def fetch(self, path: Path) -> None:
        self.fetched += 1
        path.write_bytes(self.data)

    def note(self, text: str) -> None:
        self.notes.append(text)
        self.on_note(text)

    def output(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(autouse=True)
def _no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def builders(root: Path, word: str = "") -> list[int]:
    """Return the pids of the programs that build below a folder, and have a word in their command line."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes() if folder.name.isdigit() else b""
            if str(root).encode() in line and word.encode() in line:
                found.append(int(folder.name))
    return found


def kill_builder(root: Path, number: int = signal.SIGKILL) -> int:
    """Kill the program of which the others that build below a folder are children; return its pid."""
    (pid,) = builders(root, BUILD_ENVIRONMENT)
    os.kill(pid, number)
    return pid


def test_an_environment_is_built_once_for_all_who_ask_at_the_same_time(tmp_path: Path) -> None:
    data = bundle()
    watchers = [Watcher(data) for _ in range(4)]
    # Two in one process, as attempts of an agent; each with another object, as actors of a node.
    places = [Environments(tmp_path / "environments") for _ in range(2)]
    pythons: list[str] = []

    def ask(place: int) -> None:
        pythons.append(places[place % 2].prepare(watchers[place].digest, watchers[place]))

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pythons)) == 1
    assert sum(watcher.fetched for watcher in watchers) == 1
    subprocess.run([pythons[0], "-I", "-c", "import tiny_worker, gym_gui.core.worker"], check=True)
    builder = next(watcher for watcher in watchers if watcher.fetched)
    assert any("pip install" in line for line in builder.lines)
    assert any(note.startswith("builds its environment, 0:0") and "step" in note for note in builder.notes)
    again = Watcher(data)
    assert Environments(tmp_path / "environments").prepare(again.digest, again) == pythons[0]
    assert again.fetched == 0


@pytest.mark.parametrize("step", [pytest.param(2, marks=pytest.mark.slow), 3, pytest.param(4, marks=pytest.mark.slow)])
def test_a_killed_build_leaves_nothing_that_counts_and_is_begun_again(tmp_path: Path, step: int) -> None:
    slow = {"sdk/gym_gui/__init__.py": "import time; time.sleep(2)"}  # so that the last step is seen
    watcher, kept = Watcher(bundle(slow)), Environments(tmp_path / "environments")
    killed: list[int] = []

    def kill(text: str) -> None:
        if f"step {step} of" in text and not killed:
            killed.append(kill_builder(tmp_path))
            assert kept.find(watcher.digest) == ""

    watcher.on_note = kill
    python = kept.prepare(watcher.digest, watcher)
    assert killed
    assert watcher.fetched == 2
    subprocess.run([python, "-I", "-c", "import tiny_worker"], check=True)
    assert not builders(tmp_path)


@pytest.mark.slow
def test_a_build_that_is_always_killed_is_given_up_with_the_next_step(tmp_path: Path) -> None:
    watcher = Watcher(bundle())

    def kill(text: str) -> None:
        for pid in builders(tmp_path, BUILD_ENVIRONMENT) if "step" in text else ():
            os.kill(pid, signal.SIGKILL)

    watcher.on_note = kill
    with pytest.raises(EnvironmentUnavailable, match=r"was killed 3 times .*\.log\)\. Find out what kills it"):
        Environments(tmp_path / "environments").prepare(watcher.digest, watcher)


def test_a_build_outlives_the_process_that_began_it(tmp_path: Path) -> None:
    data = bundle()
    (tmp_path / "bundle").write_bytes(data)
    code = (
        "import sys, pathlib, os, hashlib\n"
        "from gym_gui.fleet.agent.environments import Environments\n"
        "class Watcher:\n"
        "    wanted = lambda self: True\n"
        "    output = lambda self, line: None\n"
        "    fetch = lambda self, path: path.write_bytes(pathlib.Path(sys.argv[2]).read_bytes())\n"
        "    note = lambda self, text: os._exit(3) if 'step' in text else None\n"
        "Environments(pathlib.Path(sys.argv[1])).prepare(sys.argv[3], Watcher())\n"
    )
    watcher = Watcher(data)
    words = [str(tmp_path / "environments"), str(tmp_path / "bundle"), watcher.digest]
    assert subprocess.run([sys.executable, "-c", code, *words], check=False).returncode == 3
    assert Environments(tmp_path / "environments").prepare(watcher.digest, watcher)
    assert watcher.fetched == 0


def test_a_failure_says_what_why_and_what_next_to_all_who_wait(tmp_path: Path) -> None:
    watcher, kept = Watcher(bundle(steps=[["no-such-library==9.9"]])), Environments(tmp_path / "environments")
    expected = r"pip install no-such-library==9\.9 failed: ERROR: .*To fix it, let the machine reach a package index"
    with pytest.raises(EnvironmentUnavailable, match=expected):
        kept.prepare(watcher.digest, watcher)
    assert any(line.startswith("# failed: pip install no-such-library") for line in watcher.lines)
    assert kept.find(watcher.digest) == ""
    assert not (tmp_path / "environments" / watcher.digest[:24]).exists()


def test_without_a_fitting_python_it_says_which_one_is_to_be_installed(tmp_path: Path) -> None:
    watcher = Watcher(bundle(pythons=["3.99"]))
    with pytest.raises(EnvironmentUnavailable, match=r"no Python 3\.99 .*apt install python3\.99-venv"):
        Environments(tmp_path / "environments").prepare(watcher.digest, watcher)


def test_a_build_that_no_attempt_waits_for_is_ended(tmp_path: Path) -> None:
    watcher, kept = Watcher(bundle()), Environments(tmp_path / "environments")

    def leave(text: str) -> None:
        watcher.going = "step 3" not in text

    watcher.on_note = leave
    assert kept.prepare(watcher.digest, watcher) == ""
    eventually(lambda: not builders(tmp_path), "the build has ended")
    assert kept.find(watcher.digest) == ""


#: A build of a package that writes temporary data, starts a compiler of its own, and does not come to an end.
SLOW = """
import os, subprocess, sys, tempfile
def build_wheel(*_):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(os.path.join(tempfile.mkdtemp(), "object"), "w") as stream:
        stream.write("data")
    with open(os.environ["BUILD_MARK"] + ".new", "w") as stream:
        stream.write(f"{child.pid} {stream.name}")
    os.replace(os.environ["BUILD_MARK"] + ".new", os.environ["BUILD_MARK"])
    child.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_build_that_is_ended_leaves_no_temporary_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    system = {"requires": [], "build-backend": "slow", "backend-path": ["."]}
    project = "".join(f"{name} = {json.dumps(value)}\n" for name, value in system.items())
    files = {"pyproject.toml": f"[build-system]\n{project}", "slow.py": SLOW}
    watcher = Watcher(bundle({f"package/slow/{name}": text for name, text in files.items()}, package="package/slow"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setenv("BUILD_MARK", str(tmp_path / "mark"))
    kept, names = Environments(tmp_path / "environments"), set[str]()

    def leave(_text: str) -> None:
        if (tmp_path / "mark").exists() and watcher.going:
            watcher.going = False
            names.update(path.name.partition(".")[2] for path in kept.root.iterdir())
            kill_builder(tmp_path, number)

    watcher.on_note = leave
    assert kept.prepare(watcher.digest, watcher) == ""
    assert not list((tmp_path / "tmp").iterdir())
    assert "tmp" in names
    if number == signal.SIGTERM:
        compiler = int((tmp_path / "mark").read_text().split()[0])
        eventually(lambda: not psutil.pid_exists(compiler), "the compiler has ended")
    else:
        os.kill(int((tmp_path / "mark").read_text().split()[0]), signal.SIGKILL)
        assert kept.remove_old(time.time() + 2 * module.OLDEST_S) == [watcher.digest[:24]]
    left = {path.name.partition(".")[2] for path in kept.root.iterdir()}
    assert left <= {"lock", "uses", "zip", "log", "log.errors"}


def test_old_environments_are_removed_unless_they_are_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, now = Environments(tmp_path), time.time()
    digests = [hashlib.sha256(bytes([number])).hexdigest() for number in range(4)]
    for age, digest in enumerate(digests):
        places = BuildPlaces(tmp_path / digest[:24])
        (places.folder / "bin").mkdir(parents=True)
        places.receipt.write_text("{}")
        places.python.symlink_to(sys.executable)
        places.uses.touch()
        for path in (places.uses, places.folder):
            os.utime(path, (now - age * 3600, now - age * 3600))
    monkeypatch.setattr(module, "MOST", 2)
    program = [sys.executable, "-c", "input()"]
    with kept.held(digests[3]) as descriptor:  # as a worker that runs in it
        os.utime(tmp_path / f"{digests[3][:24]}.uses", (now - 9e4, now - 9e4))
        worker = subprocess.Popen(program, stdin=subprocess.PIPE, pass_fds=[descriptor])
    assert kept.remove_old(now) == [digests[2][:24]]
    assert [bool(kept.find(digest)) for digest in digests] == [True, True, False, True]
    worker.communicate(b"\n")
    assert kept.remove_old(now) == [digests[3][:24]]
    assert kept.remove_old(now + module.OLDEST_S + 1, keep=digests[1]) == [digests[0][:24]]


def test_what_is_no_environment_is_not_removed(tmp_path: Path) -> None:
    kept, now = Environments(tmp_path), time.time()
    theirs = ["thesis", "thesis.v2", "data.zip", "notes.json", ".cache.left", f"{'a' * 25}.json", f"{'A' * 24}.zip"]
    for name in theirs:
        path = tmp_path / name
        if path.suffix in (".zip", ".json"):
            path.write_text("mine")
        else:
            path.mkdir()
            (path / "chapter").write_text("mine")
    old = BuildPlaces(tmp_path / ("0" * 24))
    old.folder.mkdir()
    old.bundle.touch()
    (tmp_path / f".{'1' * 24}.left").mkdir()
    for name in ("zip.fetched", "json.12.tmp", "log", "log.errors"):  # of a transfer and a build that were killed
        (tmp_path / f"{'0' * 24}.{name}").touch()
    (old.scratch / "tmp").mkdir(parents=True)
    assert kept.remove_old(now + 99 * module.OLDEST_S) == ["0" * 24]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*theirs, f"{'0' * 24}.lock", f"{'0' * 24}.uses"])
    assert (tmp_path / "thesis" / "chapter").read_text() == "mine"


def test_a_folder_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    watcher = Watcher(bundle())
    with pytest.raises(EnvironmentUnavailable, match="other users may write to"):
        Environments(tmp_path).prepare(watcher.digest, watcher)
