"""The launcher as a real program: what it starts, what it ends, and what it writes down."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from gym_gui.runs.base_environment import UTF8
from gym_gui.runs.lock import FileLock, is_locked
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.supervision.launch import LAUNCHER
from gym_gui.supervision.processes import marked_processes

BADWORKER = Path(__file__).parents[1] / "fixtures" / "badworker.py"


class Attempt:
    """One attempt's files, and the launcher started on them."""

    def __init__(self, folder: Path, run_id: str, words: list[str], **changes: Any) -> None:
        self.run_id = run_id
        self.folder = folder
        self.spec: dict[str, Any] = {
            "argv": [sys.executable, "-S", str(BADWORKER), *words],
            "cwd": str(folder),
            "env": {"MOSAIC_RUN_ID": run_id, "WORKER_ID": "w", "MOSAIC_ATTEMPT": "1"},
            "unset": ["PYTHONUNBUFFERED"],
            **{name: str(folder / name) for name in ("stdout", "stderr", "lock", "started", "exit", "cancel_intent")},
            "wall_time_s": None,
            "shutdown_timeout_s": 10.0,
            **changes,
        }
        spec = folder / "spec.json"
        spec.write_text(json.dumps(self.spec))
        self.process = subprocess.Popen(
            [sys.executable, "-I", "-S", *UTF8, str(LAUNCHER), str(spec)],
            start_new_session=True,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    def record(self, name: str) -> dict[str, Any]:
        value: dict[str, Any] = json.loads((self.folder / name).read_bytes())
        return value

    def end(self) -> dict[str, Any]:
        _, said = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, said
        return self.record("exit")

    def lines(self) -> list[str]:
        return (self.folder / "stdout").read_text().splitlines()


@pytest.fixture
def launch(tmp_path, make_run_id, kill_marked):
    started: list[Attempt] = []

    def start(*words: str, **changes: Any) -> Attempt:
        attempt = Attempt(tmp_path, make_run_id(), list(words), **changes)
        started.append(attempt)
        return attempt

    yield start
    for attempt in started:
        if attempt.process.poll() is None:
            attempt.process.kill()
        attempt.process.communicate()
        kill_marked(attempt.run_id)


def test_records_the_exit_code_and_what_was_used(launch):
    attempt = launch("started", "compute:0.1", "exit:7")
    record = attempt.end()
    assert (record["code"], record["signal"], record["reason"]) == (7, None, "exited")
    assert record["signalled_at"] is None
    assert record["swept"]
    assert record["strays"] == 0
    assert record["cpu_seconds"] >= 0.1
    assert record["max_rss_bytes"] > 1 << 20
    assert record["ended_at"] >= record["started_at"]
    started = attempt.record("started")
    assert started["worker"]["pid"] > 0
    assert started["launcher"]["pid"] == attempt.process.pid
    assert not is_locked(attempt.folder / "lock")
    assert not list(attempt.folder.glob("*.tmp"))


def test_records_the_signal(launch):
    record = launch("started", "kill:9").end()
    assert (record["code"], record["signal"], record["reason"]) == (None, 9, "exited")


def test_records_a_spawn_that_failed(launch):
    record = launch(argv=["/no/such/program"]).end()
    assert record["reason"] == "spawn_failed"
    assert "/no/such/program" in record["error"]
    assert record["code"] is None


def test_finds_a_program_on_the_path(launch):
    assert launch(argv=["sh", "-c", "exit 3"]).end()["code"] == 3


def test_the_worker_sees_no_inherited_unbuffered_and_its_own_variables(launch):
    attempt = launch("env:PYTHONUNBUFFERED", "env:WORKER_ID")
    attempt.end()
    assert [json.loads(line)["value"] for line in attempt.lines()] == [None, "w"]


def test_holds_the_lock_while_the_worker_lives_and_leads_a_group_of_its_own(launch, until):
    attempt = launch("started", "sleep:600")
    until(lambda: attempt.lines() if (attempt.folder / "stdout").exists() else None)
    pid = attempt.record("started")["worker"]["pid"]
    assert is_locked(attempt.folder / "lock")
    assert os.getsid(pid) == os.getpgid(pid) == pid
    # The worker holds the lock as well: the launcher's death alone does not free it.
    attempt.process.kill()
    attempt.process.wait()
    assert is_locked(attempt.folder / "lock")
    os.kill(pid, signal.SIGKILL)
    until(lambda: not is_locked(attempt.folder / "lock"))


def test_passes_a_stop_on_and_says_that_it_signalled_first(launch, until):
    attempt = launch("polite_term", "started", "sleep:600")
    until(lambda: (attempt.folder / "stdout").exists() and attempt.lines())
    (attempt.folder / "cancel_intent").write_text("{}")
    attempt.process.terminate()
    record = attempt.end()
    assert (record["code"], record["reason"]) == (143, "cancelled")
    assert record["signalled_at"] is not None
    assert json.loads(attempt.lines()[-1])["event"] == "run_cancelled"


def test_kills_a_worker_that_ignores_the_stop(launch, until):
    attempt = launch("ignore_term", "child:setsid_deaf", "started", "sleep:600", shutdown_timeout_s=0.3)
    until(lambda: (attempt.folder / "stdout").exists() and attempt.lines())
    attempt.process.terminate()
    record = attempt.end()
    assert (record["signal"], record["reason"]) == (9, "terminated")
    assert record["strays"] == 1
    assert not marked_processes(attempt.run_id)


def test_a_stop_reaches_a_stopped_worker(launch, until):
    attempt = launch("polite_term", "started", "sleep:600")
    until(lambda: (attempt.folder / "stdout").exists() and attempt.lines())
    os.kill(attempt.record("started")["worker"]["pid"], signal.SIGSTOP)
    attempt.process.terminate()
    assert attempt.end()["code"] == 143


@pytest.mark.parametrize("kind", ["group", "setsid", "orphan", "orphan_deaf", "setsid_deaf"])
def test_leaves_no_process_behind_after_a_normal_end(launch, kind):
    attempt = launch("started", f"child:{kind}", f"child:{kind}", "completed")
    record = attempt.end()
    assert (record["code"], record["reason"]) == (0, "exited")
    assert record["strays"] == 2
    assert not marked_processes(attempt.run_id)


def test_ends_a_forked_copy_that_holds_the_lock(launch):
    attempt = launch("started", "fork", "completed")
    assert attempt.end()["code"] == 0
    assert not is_locked(attempt.folder / "lock")
    assert not marked_processes(attempt.run_id)


def test_enforces_the_wall_time(launch):
    record = launch("started", "sleep:600", wall_time_s=0.3).end()
    assert (record["signal"], record["reason"]) == (15, "wall_time")
    assert record["signalled_at"] is not None


def test_a_stop_before_the_spawn_is_not_lost(tmp_path, make_run_id):
    """The launcher starts with its stop signals blocked; one that came before it could look still counts."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        spec = tmp_path / "spec.json"
        os.mkfifo(spec)
        process = subprocess.Popen([sys.executable, "-I", "-S", str(LAUNCHER), str(spec)], start_new_session=True)
        process.terminate()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    paths = {name: str(tmp_path / name) for name in ("stdout", "stderr", "lock", "started", "exit", "cancel_intent")}
    limits = {"wall_time_s": None, "shutdown_timeout_s": 1.0}
    spec.write_text(json.dumps({"argv": ["sleep", "600"], "cwd": "/", "env": {}, "unset": [], **paths, **limits}))
    assert process.wait(20) == 0
    record = json.loads((tmp_path / "exit").read_bytes())
    assert (record["reason"], record["code"], record["signal"]) == ("terminated", None, None)
    assert not (tmp_path / "stdout").exists()


def test_never_launches_an_attempt_twice(launch):
    attempt = launch("started", "completed")
    attempt.end()
    again = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER), str(attempt.folder / "spec.json")], capture_output=True
    )
    assert again.returncode == 75
    assert b"launched before" in again.stderr
    assert len(attempt.lines()) == 2


def test_leaves_an_attempt_alone_that_somebody_holds(launch, tmp_path):
    lock = FileLock(tmp_path / "lock")
    assert lock.acquire()
    attempt = launch("started")
    assert attempt.process.wait(20) == 75
    lock.release()
    assert not (tmp_path / "started").exists()


def test_the_start_is_quick_and_small(launch, until):
    attempt = launch("started", "sleep:600")
    until(lambda: (attempt.folder / "stdout").exists() and attempt.lines())
    status = Path(f"/proc/{attempt.process.pid}/status").read_text()
    resident_kib = int(next(line for line in status.splitlines() if line.startswith("RssAnon")).split()[1])
    assert resident_kib < 12_000
    assert ProcessIdentity.of(attempt.process.pid).alive()


@pytest.mark.interpreters
@pytest.mark.parametrize("version", ["3.8", "3.9", "3.12", "3.13"])
def test_runs_on_other_interpreters(tmp_path, make_run_id, version):
    found = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
    if not found:
        pytest.skip(f"no Python {version} here")
    paths = {name: str(tmp_path / name) for name in ("stdout", "stderr", "lock", "started", "exit", "cancel_intent")}
    limits = {"wall_time_s": 60.0, "shutdown_timeout_s": 1.0}
    spec = tmp_path / "spec.json"
    argv = ["sh", "-c", "sleep 600 & setsid sleep 600 & echo hello; exit 5"]
    spec.write_text(json.dumps({"argv": argv, "cwd": "/", "env": {}, "unset": [], **paths, **limits}))
    subprocess.run([str(found[0]), "-I", "-S", str(LAUNCHER), str(spec)], check=True, timeout=30)
    record = json.loads((tmp_path / "exit").read_bytes())
    assert (record["code"], record["strays"]) == (5, 2)
    assert (tmp_path / "stdout").read_text() == "hello\n"


def test_a_worker_runs_exactly_if_it_is_on_record(tmp_path, make_run_id, until):
    """The launcher is killed at every moment of the start: the next one begins what has not run, and only that."""
    seen = set()
    for turn in range(24):
        folder = tmp_path / str(turn)
        folder.mkdir()
        attempt = Attempt(folder, make_run_id(), ["started", "completed"])
        time.sleep(turn * 0.004)
        attempt.process.kill()
        attempt.process.communicate()
        until(lambda attempt=attempt: not is_locked(attempt.folder / "lock"))
        ran = (folder / "stdout").exists() and bool(attempt.lines())
        assert ran == (folder / "started").exists()
        seen.add(ran)
        again = [sys.executable, "-I", "-S", str(LAUNCHER), str(folder / "spec.json")]
        assert subprocess.run(again, capture_output=True, timeout=30, check=False).returncode == (75 if ran else 0)
        assert len(attempt.lines()) == 2
        if ran:
            assert attempt.record("started")["worker"]["pid"] > 0
    assert False in seen


def test_a_program_that_the_kernel_refuses(launch, tmp_path):
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF nothing of the kind")
    program.chmod(0o755)
    record = launch(argv=[str(program)]).end()
    assert (record["reason"], record["code"], record["signal"]) == ("spawn_failed", None, None)
    assert "Exec format error" in record["error"]


def test_the_worker_gets_its_environment_and_arguments_as_they_are(launch):
    code = (
        "import os, sys; print([os.environb[b'ODD'], os.environb[b'EMPTY'], sys.argv[1:], os.listdir('/proc/self/fd')])"
    )
    env = {"MOSAIC_RUN_ID": "r", "ODD": "a\nb=c \udcff", "EMPTY": ""}
    attempt = launch(argv=[sys.executable, "-I", "-S", "-c", code, "", "--x", "\udcff"], env=env)
    assert attempt.end()["code"] == 0
    odd, empty, words, descriptors = ast.literal_eval(attempt.lines()[-1])
    assert (odd, empty, words) == (b"a\nb=c \xff", b"", ["", "--x", "\udcff"])
    assert len(descriptors) == 5  # the standard streams, the lock, and the listing itself


@pytest.mark.parametrize("charset", ["UTF-8", "ISO-8859-1", "EUC-JP"])
def test_text_is_utf8_whatever_the_locale_is(launch, charset, tmp_path, monkeypatch):
    """A locale of Latin letters has no 日本, and writes é in another way."""
    localedef = shutil.which("localedef")
    if localedef is None or not Path("/usr/share/i18n/charmaps").is_dir():
        pytest.skip("no locales can be made here")
    locales = tmp_path / "locales"
    locales.mkdir()
    subprocess.run([localedef, "-c", "-i", "en_US", "-f", charset, locales / "odd"], check=False, capture_output=True)
    monkeypatch.setenv("LOCPATH", str(locales))
    monkeypatch.setenv("LC_ALL", "odd")
    text = "日本 é \udcff"
    code = "import os, sys; print([os.environb['TEXT'.encode()], *map(os.fsencode, sys.argv[1:])])"
    argv = [sys.executable, "-I", "-S", "-X", "utf8", "-c", code, text]
    folder = tmp_path / "é日"
    folder.mkdir()
    attempt = launch(argv=argv, env={"TEXT": text}, cwd=str(folder))
    assert attempt.end()["code"] == 0
    exact = text.encode("utf-8", "surrogateescape")
    assert ast.literal_eval(attempt.lines()[-1]) == [exact, exact]


def test_the_worker_ignores_no_signal(launch):
    attempt = launch(argv=["/bin/sh", "-c", "kill -PIPE $$; echo no"])
    assert (attempt.end()["signal"], attempt.lines()) == (signal.SIGPIPE, [])


@pytest.mark.parametrize("place", ["fifo", "folder", "link"])
def test_a_log_that_is_no_file_is_refused(launch, tmp_path, place):
    log = tmp_path / "other"
    {"fifo": os.mkfifo, "folder": Path.mkdir, "link": lambda path: path.symlink_to(tmp_path / "elsewhere")}[place](log)
    record = launch("started", stdout=str(log)).end()
    assert record["reason"] == "spawn_failed"
    assert not (tmp_path / "elsewhere").exists()
