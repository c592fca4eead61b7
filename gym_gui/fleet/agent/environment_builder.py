"""Builds the environment of a worker on this machine, from a bundle that its home has sent.

A program of its own, so that a build outlives the agent that began it:
``python -I -S environment_builder.py --build-environment FOLDER LOCK``. Standard library alone.
"""

from __future__ import annotations

import contextlib
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any, NoReturn

#: The first word of the command line by which this program is started.
BUILD_ENVIRONMENT = "--build-environment"
#: The file of this program: of the agent's one file, it is that.
BUILDER = os.path.abspath(__file__)  # noqa: PTH100 - that file may be run from anywhere
#: What an environment has once it is whole.
RECEIPT = "mosaic-environment.json"
_PASSWORD = re.compile(r"://[^/@\s]+@")
_NOTES = ("Collecting ", "Downloading ", "Processing ", "Building wheel", "Installing collected", "WARNING: Retrying ")
#: Seconds between two notes within a step.
_NOTE_S = 0.5
_PROBE_S = 30.0
#: Settings of pip that would put packages elsewhere than into the environment.
_NOT_OURS = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_PYTHON", "PIP_QUIET")
# Debian keeps the wheels in a folder of its own, which sysconfig names.
_PROBE = """
import ensurepip, glob, json, os, sys, sysconfig, venv
own = os.path.join(os.path.dirname(ensurepip.__file__), "_bundled")
folders = [sysconfig.get_config_var("WHEEL_PKG_DIR") or "", own]
wheels = [sorted(glob.glob(os.path.join(folder, "*.whl"))) for folder in folders if folder]
base = getattr(sys, "_base_executable", None) or sys.executable
print(json.dumps([list(sys.version_info[:3]), base, next((each for each in wheels if each), [])]))
"""
_HAS = "import importlib.util as util, sys; sys.exit(any(util.find_spec(name) is None for name in sys.argv[1:]))"
_FREEZE = "import importlib.metadata as m; print(len({d.metadata['Name'] for d in m.distributions()}))"


class BuildPlaces:
    """Where an environment and what belongs to its build lie.

    Args:
        folder: The environment's.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bundle = folder.with_name(folder.name + ".zip")
        self.progress = folder.with_name(folder.name + ".json")
        """How far the build is, or why it failed."""
        self.log = folder.with_name(folder.name + ".log")
        self.scratch = folder.with_name(folder.name + ".tmp")
        """What the build and its programs need meanwhile: one that is killed does not clean up."""
        self.lock = folder.with_name(folder.name + ".lock")
        """Held by the build."""
        self.uses = folder.with_name(folder.name + ".uses")
        """Held by each attempt that runs in the environment."""
        self.receipt = folder / RECEIPT
        self.python = folder / "bin" / "python"

    def files(self) -> list[Path]:
        """Return what lies beside the environment, but for the locks: others may have them open."""
        found = self.folder.parent.glob(self.folder.name + ".*")
        return [path for path in found if path not in (self.lock, self.uses)]


class BuildError(Exception):
    """An environment cannot be built.

    Args:
        what: In words.
        why: What the program said that failed.
        next_step: What to do.
    """

    def __init__(self, what: str, why: str, next_step: str) -> None:
        super().__init__(what)
        self.what, self.why, self.next_step = what, why, next_step


class _Builder:
    """One build.

    Args:
        places: Where.
        lock: Descriptor of the build's lock: the programs that are started keep it, too.
    """

    def __init__(self, places: BuildPlaces, lock: int) -> None:
        self._places = places
        self._lock = lock
        self._temporary = places.scratch / "tmp"
        self._log = places.log.open("w", encoding="utf-8", errors="backslashreplace", buffering=1)
        self._step, self._number, self._steps = "", 0, 0
        self._noted_at = 0.0
        self._began = time.time()
        self._child: subprocess.Popen[str] | None = None

    def run(self) -> int:
        """Build; return the exit code."""
        signal.signal(signal.SIGTERM, self._stop)
        self._clean()  # of a build that was killed
        try:
            self._temporary.mkdir(parents=True, exist_ok=True)  # a compiler that was left may still write there
            self._build(self._places.scratch / "bundle")
        except BuildError as error:
            self._fail(error)
            return 1
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are to know
            full = getattr(error, "errno", None) == 28
            next_step = f"free space on the disk of {self._places.folder.parent}" if full else "look into the log"
            self._fail(BuildError("the environment cannot be written", f"{type(error).__name__}: {error}", next_step))
            return 1
        finally:
            shutil.rmtree(str(self._places.scratch), ignore_errors=True)
        return 0

    def _build(self, scratch: Path) -> None:
        with zipfile.ZipFile(str(self._places.bundle)) as archive:
            archive.extractall(str(scratch))
        recipe = json.loads((scratch / "recipe.json").read_text("utf-8"))
        installs = [*recipe["steps"], _package(recipe, scratch)]
        self._steps = len(installs) + 3
        self._begin("look for Python " + recipe["pythons"][0])
        base = _choose_python(recipe["pythons"])
        self._begin(f"environment for Python {base[0]} ({base[1]})")
        site = self._make_venv(base)
        shutil.copytree(str(scratch / "sdk"), str(site), dirs_exist_ok=True)
        for words in installs:
            self._begin("pip install " + _shown(words, scratch))
            self._pip(words, scratch, recipe)
        self._begin(f"check worker {recipe['worker']}")
        modules = [recipe["module"], "gym_gui.core.worker"]
        if self._run([str(self._places.python), "-I", "-c", _HAS, *modules], scratch)[0]:
            what = f"{recipe['distribution']} was installed, but has no module {recipe['module']}"
            raise BuildError(what, "", "fix the package of the worker, then run it again")
        packages = self._run([str(self._places.python), "-I", "-c", _FREEZE], scratch)[1]
        receipt = {
            "worker": recipe["worker"],
            "python": base[0],
            "base": base[1],
            "packages": int(packages[-1]) if packages and packages[-1].isdigit() else 0,
            "seconds": round(time.time() - self._began, 1),
            "built_at": time.time(),
        }
        os.sync()  # all that was installed is on the disk before the receipt says so
        write_whole(self._places.receipt, receipt)
        self._log.write(f"# ready after {receipt['seconds']} s, {receipt['packages']} packages\n")
        self._places.bundle.unlink()
        self._places.progress.unlink()

    def _make_venv(self, base: list[Any]) -> Path:
        """Make a virtual environment with pip; return its folder of packages."""
        folder = self._places.folder
        code, lines = self._run([base[1], "-I", "-m", "venv", "--without-pip", str(folder)], folder.parent)
        if code:
            raise BuildError(f"{base[1]} cannot make an environment", _last_words(lines), _install_venv(base[0]))
        (site,) = [Path(each) for each in glob.glob(str(folder / "lib" / "python3*" / "site-packages"))]  # noqa: PTH207
        kinds = ("pip-",) if tuple(map(int, base[0].split(".")[:2])) >= (3, 12) else ("pip-", "setuptools-")
        for wheel in base[2]:
            if os.path.basename(wheel).startswith(kinds):  # noqa: PTH119
                with zipfile.ZipFile(wheel) as archive:
                    archive.extractall(str(site))
        return site

    def _pip(self, words: list[str], scratch: Path, recipe: dict[str, Any]) -> None:
        argv = [str(self._places.python), "-I", "-m", "pip", "install", "--constraint", str(scratch / "pins.txt")]
        code, lines = self._run([*argv, *words], scratch)
        if code:
            shown, said = _shown(words, scratch), _last_words(lines)
            fix = (
                "let the machine reach a package index, or give it a folder of wheels (PIP_INDEX_URL, PIP_FIND_LINKS);"
                f" or name an interpreter there that has worker {recipe['worker']}"
            )
            if "No space left on device" in said:
                fix = f"free space on the disk of {self._places.folder.parent}"
            raise BuildError(f"pip install {shown} failed", said, fix)

    def _run(self, argv: list[str], cwd: Path) -> tuple[int, list[str]]:
        """Run a program; return its exit code and its last lines."""
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in _NOT_OURS and not name.startswith("PYTHON") and name != "VIRTUAL_ENV"
        }
        environment.update(
            PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1", PIP_PROGRESS_BAR="off", PIP_USER="0",
            PIP_ROOT_USER_ACTION="ignore", PIP_NO_COLOR="1", NO_COLOR="1", PYTHONIOENCODING="utf-8",
            TMPDIR=str(self._temporary),
        )  # fmt: skip
        self._log.write("$ " + _hide(" ".join(argv)) + "\n")
        self._child = child = subprocess.Popen(
            argv, cwd=str(cwd), env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", pass_fds=[self._lock],
            preexec_fn=_die_with_parent, start_new_session=True,
        )  # fmt: skip
        assert child.stdout is not None
        lines: list[str] = []
        with child.stdout:
            for raw in child.stdout:
                line = _hide(raw.rstrip())
                self._log.write(line + "\n")
                lines = [*lines[-60:], line]
                if line.strip().startswith(_NOTES):
                    self._note(line.strip()[:100])
        return child.wait(), lines

    def _begin(self, step: str) -> None:
        self._step, self._number = step, self._number + 1
        self._log.write(f"# {step}\n")
        self._noted_at = 0.0
        self._note("")

    def _note(self, note: str) -> None:
        now = time.monotonic()
        if now - self._noted_at < _NOTE_S:
            return
        self._noted_at = now
        step = f"step {self._number} of {self._steps}, {self._step}"
        write_whole(self._places.progress, {"state": "building", "step": step, "note": note, "began": self._began})

    def _fail(self, error: BuildError) -> None:
        shutil.rmtree(str(self._places.folder), ignore_errors=True)
        self._log.write(f"# failed: {error.what}: {error.why}\n")
        failed = {"state": "failed", "what": error.what, "why": error.why, "next": error.next_step, "at": time.time()}
        write_whole(self._places.progress, failed)

    def _stop(self, number: int, _frame: object) -> NoReturn:
        """End the build: no attempt waits for it any more."""
        if self._child is not None and self._child.poll() is None:
            with contextlib.suppress(OSError):
                os.killpg(self._child.pid, signal.SIGKILL)  # with the compilers that pip has started
                os.waitpid(self._child.pid, 0)
        self._clean()
        with contextlib.suppress(FileNotFoundError):
            self._places.progress.unlink()
        os._exit(128 + number)

    def _clean(self) -> None:
        """Remove what there is of the environment, and what the build needs meanwhile."""
        for folder in (self._places.folder, self._places.scratch):
            shutil.rmtree(str(folder), ignore_errors=True)


def build_environment(words: list[str]) -> int:
    """Build an environment; return the exit code.

    Args:
        words: The environment's folder, beside which its bundle lies, and the descriptor of the build's lock.
    """
    os.umask(0o077)
    return _Builder(BuildPlaces(Path(words[0])), int(words[1])).run()


def write_whole(path: Path, value: dict[str, Any]) -> None:
    """Write a small JSON file, whole or not at all.

    Raises:
        OSError: The disk refuses.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as stream:
        json.dump(value, stream)
        stream.flush()
        os.fsync(stream.fileno())
    os.replace(str(temporary), str(path))  # noqa: PTH105 - Python 3.8 on Windows


def _package(recipe: dict[str, Any], scratch: Path) -> list[str]:
    """Return the arguments by which pip installs the worker's package, and what its home installed with it."""
    options = ["--requirement", str(scratch / "requirements.txt")] if (scratch / "requirements.txt").exists() else []
    return [*options, "--", str(scratch / recipe["package"]) + recipe["extras"], *recipe["with"]]


def _choose_python(minors: list[str]) -> list[Any]:
    """Return version, path and bundled wheels of the first Python that fits.

    Args:
        minors: Versions that the worker runs on, the home's first.

    Raises:
        BuildError: There is none.
    """
    seen: list[str] = []
    for minor in minors:
        for path in dict.fromkeys(_candidates(minor)):
            found = _ask(path)
            if found is None:
                seen.append(path)
                continue
            text = ".".join(map(str, found[0]))
            if text.startswith(minor + "."):
                return [text, found[1], found[2]]
    broken = f"; these cannot make environments: {', '.join(dict.fromkeys(seen))}" if seen else ""
    raise BuildError(f"there is no Python {' or '.join(minors)} on this machine{broken}", "", _install_venv(minors[0]))


def _candidates(minor: str) -> list[str]:
    """Return the paths at which a Python of a version may be."""
    name = f"python{minor}"
    folders = [each for each in os.environ.get("PATH", "").split(os.pathsep) if each and "shims" not in each]
    folders += ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"]
    found = [os.path.realpath(sys.executable)] if f"{sys.version_info[0]}.{sys.version_info[1]}" == minor else []
    found += [os.path.join(folder, name) for folder in folders]  # noqa: PTH118
    home = os.path.expanduser("~")  # noqa: PTH111
    roots = [os.environ.get("PYENV_ROOT", home + "/.pyenv") + "/versions", home + "/.local/share/uv/python"]
    roots += [f"{home}/{kind}/envs" for kind in ("miniconda3", "anaconda3", "miniforge3", "mambaforge")]
    for root in roots:
        found += sorted(glob.glob(f"{root}/*/bin/{name}"))  # noqa: PTH207
    return [path for path in found if os.access(path, os.X_OK)]


def _ask(path: str) -> list[Any] | None:
    """Return version, base executable and bundled wheels of a Python; ``None``: it cannot make environments."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        ended = subprocess.run(
            [path, "-I", "-c", _PROBE], env=environment, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=_PROBE_S, check=False,
        )  # fmt: skip
        found = json.loads(ended.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    return found if isinstance(found, list) and found[2] else None


def _install_venv(version: str) -> str:
    short = ".".join(version.split(".")[:2])
    return f"install Python {short} with its venv module (Debian: apt install python{short}-venv)"


def _last_words(lines: list[str]) -> str:
    """Return what a program that failed said: its errors if it named any, else its last line."""
    said = [line.strip() for line in lines if line.strip()]
    errors = [line for line in said if line.startswith(("ERROR:", "error:"))]
    return " ".join((errors or said)[-2:] if errors else said[-1:])[:300]


def _shown(words: list[str], scratch: Path) -> str:
    return _hide(" ".join(word.replace(str(scratch) + os.sep, "") for word in words if word != "--"))


def _hide(text: str) -> str:
    """Return a text without the passwords of addresses in it."""
    return _PASSWORD.sub("://****@", text)


def _die_with_parent() -> None:
    """Let this process be killed when its parent is, where the kernel can."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(build_environment(sys.argv[2:]))
